package encode

import "sync/atomic"

// CountMade returns how many compressors for c are made from now on because
// the pool had none. Call it before e is used.
func (e *Encoder) CountMade(c Coding) *atomic.Int64 {
	made := new(atomic.Int64)
	pool := &e.pools[c]
	create := pool.New
	pool.New = func() any { made.Add(1); return create() }
	return made
}
