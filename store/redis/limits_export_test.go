package redis

// SetNow makes the limits take a time, in microseconds, for the server's.
func (l *Limits) SetNow(now int64) { l.now = func() string { return decimal(now) } }

// BatchCharges is how many charges share a command, at most.
const BatchCharges = batchCharges

// Lanes returns how many commands of plain takes are under way, and how many
// takes wait for one of them to end.
func (l *Limits) Lanes() (flights, waiting int) {
	for i := range l.lanes {
		lane := &l.lanes[i]
		lane.mu.Lock()
		flights += lane.mu.flights
		for t := lane.mu.first; t != nil; t = t.next {
			waiting++
		}
		lane.mu.Unlock()
	}
	return flights, waiting
}

// KeepAlive is how long a connection may be silent, at least.
const KeepAlive = keepAlive
