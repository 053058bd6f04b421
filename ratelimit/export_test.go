package ratelimit

// Leases returns how many buckets are leased.
func (l *Limiter) Leases() (n int) {
	for i := range l.leases.shards {
		s := &l.leases.shards[i]
		s.RLock()
		n += len(s.leases)
		s.RUnlock()
	}
	return n
}
