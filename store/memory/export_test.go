package memory

// Evicted returns the number of evictions, without waiting for one.
func Evicted(s *Store) int { return int(s.evicted.Load()) }

// SetNow makes the clock stand still at now.
func (l *Limits) SetNow(now int64) { l.now = func() int64 { return now } }
