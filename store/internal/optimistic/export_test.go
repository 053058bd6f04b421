package optimistic

// Turns returns how many buckets somebody changes.
func (l *Limits) Turns() int {
	l.turns.mu.Lock()
	defer l.turns.mu.Unlock()
	return len(l.turns.mu.of)
}
