package mongo

// SetNow makes the limits take a time, in microseconds, for this machine's.
func (l *Limits) SetNow(now int64) { l.limits.SetNow(now) }
