package redis

// SetNow makes the limits take a time, in microseconds, for the server's.
func (l *Limits) SetNow(now int64) { l.now = func() string { return decimal(now) } }
