package redis

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// drift is how far two clocks may part in a second, as a fraction: ten times
// what quartz does.
const drift = 500e-6

// A clock tells the server's time from the process's own.
type clock struct{ last atomic.Pointer[reading] }

// A reading of the server's clock.
type reading struct {
	server time.Time
	local  time.Time     // when that was, by the process's clock
	within time.Duration // the error at most: half the round trip
}

// bound returns how wrong the reading can be by now.
func (r *reading) bound(now time.Time) time.Duration {
	return r.within + time.Duration(drift*float64(now.Sub(r.local)))
}

func (r *reading) at(now time.Time) time.Time { return r.server.Add(now.Sub(r.local)) }

// note takes a reading, unless the last is still the better one. One that the
// last cannot be right with shows that the server's clock was set, or that it
// is another server's.
func (c *clock) note(r *reading) {
	last := c.last.Load()
	if last == nil {
		c.last.Store(r)
		return
	}
	apart := r.server.Sub(last.at(r.local)).Abs()
	if r.within <= last.bound(r.local) || apart > r.within+last.bound(r.local) {
		c.last.Store(r)
	}
}

// Now implements [cache.Store]. It is right to within half a round trip to the
// server, and the process's own time before the first one.
func (s *Store) Now() time.Time {
	now := time.Now()
	if r := s.clock.last.Load(); r != nil {
		return r.at(now)
	}
	return now
}

// runClock reads the server's clock with each heartbeat, until ctx ends. It
// also makes the connection again after a loss, without waiting for a call.
func (s *Store) runClock(ctx context.Context) {
	beat := time.NewTicker(s.config.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			s.readClock(ctx)
		}
	}
}

func (s *Store) readClock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, keepAlive)
	defer cancel()
	sent := time.Now()
	parts, err := s.conn.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Time().Build() }).AsStrSlice()
	trip := time.Since(sent)
	if err != nil || len(parts) != 2 {
		return // the next beat will do
	}
	seconds, err1 := strconv.ParseInt(parts[0], 10, 64)
	micros, err2 := strconv.ParseInt(parts[1], 10, 64)
	if err1 != nil || err2 != nil {
		return
	}
	s.clock.note(&reading{server: time.Unix(seconds, micros*1000), local: sent.Add(trip / 2), within: trip / 2})
}
