package breaker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/breaker"
)

const (
	timeout = 40 * time.Millisecond
	probe   = 250 * time.Millisecond
	trips   = 5 // failures in a row
)

var (
	errAway  = errors.New("away")
	errWrong = errors.New("wrong type")
)

// A server answers pings unless it is down.
type server struct {
	down  atomic.Bool
	hangs atomic.Bool // until the ping's context ends
	pings atomic.Int64

	answered atomic.Int64 // as the breaker tells
}

func (s *server) ping(ctx context.Context) error {
	s.pings.Add(1)
	if s.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.down.Load() {
		return errAway
	}
	return nil
}

func start(t *testing.T, s *server) *breaker.Breaker {
	b := breaker.New(breaker.Config{
		Ping: s.ping, Unavailable: errAway, Timeout: timeout, Probe: probe,
		Answered: func() { s.answered.Add(1) },
	})
	t.Cleanup(b.Close)
	return b
}

// call is one call that ends with err, or why it was refused.
func call(b *breaker.Breaker, err error) error {
	if _, refused := b.Begin(); refused != nil {
		return refused
	}
	return b.End(err)
}

// trip fails until the breaker is open.
func trip(t *testing.T, b *breaker.Breaker) {
	t.Helper()
	for range trips {
		_ = call(b, errAway)
	}
	if !b.Open() {
		t.Fatalf("Open() = false after %d failures, want true", trips)
	}
}

func TestWhatCountsAsFailure(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		matches error
		fails   bool
	}{
		{"an answer", nil, nil, false},
		{"an error that is an answer", errWrong, errWrong, false},
		{"no answer", errAway, errAway, true},
		{"no answer in time", context.DeadlineExceeded, errAway, true},
		{"given up", context.Canceled, errAway, true},
		{"no answer in time, said twice", errors.Join(errAway, context.DeadlineExceeded), errAway, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{}
				b := start(t, s)
				for range 3 * trips {
					err := call(b, c.err)
					if c.matches == nil && err != nil || c.matches != nil && !errors.Is(err, c.matches) {
						t.Fatalf("End(%v) = %v, want it to match %v", c.err, err, c.matches)
					}
				}
				if n := s.answered.Load(); n > 0 != (c.err == nil) {
					t.Errorf("Answered was called %d times for calls that ended with %v", n, c.err)
				}
				if b.Open() != c.fails {
					t.Errorf("Open() = %t after %d calls that ended with %v, want %t", b.Open(), 3*trips, c.err, c.fails)
				}
			})
		})
	}
}

func TestItOpensAfterFailuresInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &server{})
		for range 10 {
			for range trips - 1 {
				_ = call(b, errAway)
			}
			_ = call(b, nil)
		}
		for range trips - 1 {
			_ = call(b, errAway)
		}
		if b.Open() {
			t.Fatalf("Open() = true though never %d calls in a row failed", trips)
		}
		_ = call(b, errAway)
		if !b.Open() {
			t.Errorf("Open() = false after %d failures in a row", trips)
		}
		if _, err := b.Begin(); !errors.Is(err, errAway) || !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("Begin() = %v while it is open, want an error that matches Unavailable and ErrOpen", err)
		}
	})
}

func TestItClosesWithTheFirstAnswerToAPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.down.Store(true)
		b := start(t, s)
		trip(t, b)
		synctest.Wait()
		if n := s.pings.Load(); n != 0 {
			t.Errorf("%d pings as soon as it is open, want none before the first interval", n)
		}
		time.Sleep(4*probe + probe/2)
		if n := s.pings.Load(); n != 4 || !b.Open() {
			t.Errorf("%d pings in four intervals, Open() = %t, want 4, true", n, b.Open())
		}
		s.down.Store(false)
		time.Sleep(probe)
		synctest.Wait()
		if b.Open() || s.answered.Load() != 1 {
			t.Fatalf("Open() = %t, Answered called %d times, an interval after the server is back", b.Open(), s.answered.Load())
		}
		time.Sleep(10 * probe)
		if n := s.pings.Load(); n != 5 {
			t.Errorf("%d pings, want none after the answer to the fifth", n)
		}
		// It begins anew: one failure does not open it again.
		if _ = call(b, errAway); b.Open() {
			t.Error("Open() = true after one failure since it closed")
		}
		trip(t, b)
		time.Sleep(probe)
		synctest.Wait()
		if b.Open() {
			t.Error("Open() = true an interval after it opened a second time")
		}
	})
}

func TestAPingThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.hangs.Store(true)
		b := start(t, s)
		trip(t, b)
		time.Sleep(probe + probe/2)
		s.hangs.Store(false)
		time.Sleep(probe + probe/2) // the first is given up after an interval
		synctest.Wait()
		if b.Open() {
			t.Errorf("Open() = true after %d pings, though the server is back", s.pings.Load())
		}
	})
}

func TestDeadlinesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &server{})
		begin := func() context.Context {
			ctx, err := b.Begin()
			if err != nil {
				t.Fatal(err)
			}
			return ctx
		}
		first := begin()
		for range 100 {
			at := time.Now()
			ctx := begin()
			deadline, ok := ctx.Deadline()
			if left := deadline.Sub(at); !ok || left < timeout || left > timeout+timeout/4 {
				t.Fatalf("a call has %v, %t, want %v to %v", left, ok, timeout, timeout+timeout/4)
			}
			time.Sleep(timeout / 33)
		}
		if begin() == first {
			t.Error("the deadline of a call is that of 100 calls before")
		}
		if a, b := begin(), begin(); a != b {
			t.Error("two calls at one time have two contexts, want one")
		}
		last := begin()
		time.Sleep(timeout + timeout/4)
		if err := last.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Err() = %v at the deadline, want DeadlineExceeded", err)
		}
		if n := testing.AllocsPerRun(100, func() { begin() }); n != 0 {
			t.Errorf("Begin allocates %v times under a deadline that stands, want 0", n)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		b := start(t, s)
		ctx, err := b.Begin()
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		b.Close()
		<-b.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("Err() = %v of a call under way at Close, want Canceled", ctx.Err())
		}
		if err := b.End(ctx.Err()); !errors.Is(err, errAway) {
			t.Errorf("End(Canceled) = %v after Close, want an error that matches Unavailable", err)
		}
		if _, err := b.Begin(); !errors.Is(err, errAway) || !b.Open() {
			t.Errorf("Begin() = %v, Open() = %t after Close, want an error that matches Unavailable, true", err, b.Open())
		}
		for range 2 * trips {
			_ = b.End(errAway) // calls that were under way
		}
		time.Sleep(10 * probe)
		if n := s.pings.Load(); n != 0 || !b.Open() {
			t.Errorf("%d pings, Open() = %t after Close, want 0, true", n, b.Open())
		}
	})
}

func TestCloseEndsAProbe(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{}
			s.down.Store(true)
			s.hangs.Store(hangs)
			b := start(t, s)
			trip(t, b)
			time.Sleep(probe + probe/2)
			began := time.Now()
			b.Close()
			if took := time.Since(began); took != 0 {
				t.Errorf("Close took %v with a probe under way, want 0", took)
			}
		})
	}
}

// TestManyCallers is for the race detector: whatever they do at once, the
// breaker ends closed, since the server answers.
func TestManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &server{})
		for g := range 20 {
			go func() {
				for i := range 200 {
					var err error
					if (i/10+g)%2 == 0 {
						err = errAway
					}
					_ = call(b, err)
					time.Sleep(time.Duration(g+1) * time.Millisecond)
				}
			}()
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if b.Open() {
			t.Error("Open() = true long after the last failure")
		}
	})
}
