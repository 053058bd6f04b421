package memory

// Evicted returns the number of evictions, without waiting for one.
func Evicted(s *Store) int { return int(s.evicted.Load()) }
