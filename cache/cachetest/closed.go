package cachetest

import (
	"context"
	"time"

	"github.com/hone-go/hone/cache"
)

func closeCases() []testCase {
	return []testCase{
		{"Now/Runs", testNow},
		{"Ping/Answers", testPing},
		{"Context/Cancelled", testCancelled},
		{"Close/LaterCallsFail", testClosed},
	}
}

func testNow(s *suite) {
	first := s.store.Now()
	if off := time.Since(first).Abs(); off > 24*time.Hour {
		s.Errorf("Now is %v off the time of the test, want a wall clock", off)
	}
	s.eventually("a later Now", func() bool { return s.store.Now().After(first) })
}

func testPing(s *suite) { s.must("Ping", s.store.Ping(s.ctx)) }

// calls returns one call of each verb that can fail, on keys of their own.
func (s *suite) calls(ctx context.Context) map[string]func() error {
	entry := cache.Entry{Key: s.key("set"), Value: []byte("1"), Life: time.Hour}
	keys := []string{s.key("a"), s.key("b")}
	by := newToken()
	calls := map[string]func() error{
		"Get":       func() error { _, err := s.store.Get(ctx, keys[0]); return err },
		"GetMany":   func() error { _, err := s.store.GetMany(ctx, keys); return err },
		"Set":       func() error { return s.store.Set(ctx, []cache.Entry{entry}) },
		"Add":       func() error { _, err := s.store.Add(ctx, entry); return err },
		"Delete":    func() error { _, err := s.store.Delete(ctx, keys); return err },
		"Increment": func() error { _, err := s.store.Increment(ctx, s.key("n"), 1, time.Hour); return err },
		"Touch":     func() error { _, err := s.store.Touch(ctx, keys[0], time.Hour); return err },
		"Claim": func() error {
			_, err := s.store.Claim(ctx, keys, cache.Claim{Token: by, Life: time.Hour})
			return err
		},
		"Extend":      func() error { _, err := s.store.Extend(ctx, keys, by, time.Hour); return err },
		"Fill":        func() error { _, err := s.store.Fill(ctx, []cache.Entry{entry}, by); return err },
		"Release":     func() error { return s.store.Release(ctx, keys, by) },
		"Generations": func() error { _, _, err := s.store.Generations(ctx, s.space, []string{"t"}); return err },
		"Invalidate":  func() error { _, err := s.store.Invalidate(ctx, s.space, []string{"t"}); return err },
		"Ping":        func() error { return s.store.Ping(ctx) },
	}
	if teller, ok := s.store.(cache.LifeTeller); ok {
		calls["Life"] = func() error { _, _, err := teller.Life(ctx, keys[0]); return err }
	}
	if reader, ok := s.store.(cache.TagReader); ok {
		calls["GetTagged"] = func() error { _, _, _, err := reader.GetTagged(ctx, keys, s.space, []string{"t"}); return err }
	}
	return calls
}

// testCancelled: a call whose context has ended happens, or gives no answer. It
// neither hangs nor harms the store.
func testCancelled(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for name, call := range s.calls(ctx) {
		if err := call(); err != nil {
			s.wantError(name+" with a cancelled context", err, cache.ErrUnavailable)
		}
	}
	s.set(s.key("after"), "v", time.Hour)
	s.wantValue(s.key("after"), "v")
}

func testClosed(s *suite) {
	s.set(s.key("a"), "A", time.Hour)
	calls := s.calls(s.ctx)
	for range 2 {
		s.must("Close", s.store.Close())
		for name, call := range calls {
			s.wantError(name+" of a closed store", call(), cache.ErrUnavailable)
		}
	}
	s.store.Now()
	if watcher, ok := s.store.(cache.Watcher); ok {
		_, err := watcher.Watch(s.space, cache.Events{Key: func(string) {}, Tag: func(string, int64) {}, Lost: func() {}})
		s.wantError("Watch of a closed store", err, cache.ErrUnavailable)
	}
}
