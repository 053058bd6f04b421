package respond

// Selections returns how many selections f remembers.
func (f *Fields[T]) Selections() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.mu.selections)
}
