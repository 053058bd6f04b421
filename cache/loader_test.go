package cache_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

// TestBadLoaders: whatever a function does, its callers get an error in time,
// and the next key works.
func TestBadLoaders(t *testing.T) {
	tests := []struct {
		name string
		load func(context.Context) (int, error)
		is   func(error) bool
		took time.Duration

		panics int64 // each load that does not return
	}{
		{"panics", func(context.Context) (int, error) { panic("boom") }, func(err error) bool {
			var p *cache.PanicError
			return errors.As(err, &p) && p.Value == "boom" && strings.Contains(string(p.Stack), "loader_test.go")
		}, 0, 1},
		{"panics with nil", func(context.Context) (int, error) { panic(nil) }, func(err error) bool {
			var p *cache.PanicError
			return errors.As(err, &p)
		}, 0, 1},
		{"Goexit", func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }, func(err error) bool {
			var p *cache.PanicError
			return errors.As(err, &p) && p.Value == nil && strings.Contains(err.Error(), "bad called runtime.Goexit")
		}, 0, 1},
		{
			"ignores its context", func(context.Context) (int, error) { time.Sleep(time.Hour); return 1, nil },
			func(err error) bool { return errors.Is(err, cache.ErrLoadTimeout) }, 30 * time.Second, 0,
		},
		{
			"heeds its context", func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() },
			func(err error) bool { return errors.Is(err, cache.ErrLoadTimeout) }, 30 * time.Second, 0,
		},
		{
			"a value and an error", func(context.Context) (int, error) { return 5, errors.ErrUnsupported },
			func(err error) bool { return errors.Is(err, errors.ErrUnsupported) }, 0, 0,
		},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var told complaints
			c := openCache(t, memoryStore(t), cache.Config{OnError: told.add})
			f := define(t, c, "bad", func(ctx context.Context, bad bool) (int, error) {
				if bad {
					return tt.load(ctx)
				}
				return 7, nil
			}, cache.FuncConfig[bool, int]{LoadMany: func(ctx context.Context, keys []bool) (map[bool]int, error) {
				v, err := tt.load(ctx)
				return map[bool]int{true: v}, err
			}})
			begin := time.Now()
			v, found, err := f.Get(t.Context(), true)
			if v != 0 || found || !tt.is(err) || time.Since(begin) != tt.took {
				t.Errorf("%s: Get = %v, %v, %v after %v, want its error after %v", tt.name, v, found, err, time.Since(begin), tt.took)
			}
			wants(t, tt.name+": Get of another key", 7, true)(f.Get(t.Context(), false))
			if err := f.DeleteAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			var each *cache.KeyErrors[bool]
			if _, err := f.GetMany(t.Context(), []bool{true, false}); !errors.As(err, &each) || len(each.Errors) != 2 || !tt.is(each.Errors[false]) {
				t.Errorf("%s: GetMany = %v, want its error for both", tt.name, err)
			}
			if s, errs := f.Stats(), told.taken(); s.Panics != 2*tt.panics || tt.panics > 0 && s.Errors != 2 || len(errs) != int(s.Panics) {
				t.Errorf("%s: %d panics of %d errors, OnError was told %v, want %d of two loads", tt.name, s.Panics, s.Errors, errs, 2*tt.panics)
			}
			time.Sleep(3 * time.Hour) // the forgotten load ends
		})
	}
}

// TestGoexitOfCallbacks: a load's callback that ends its goroutine leaves no
// reader waiting.
func TestGoexitOfCallbacks(t *testing.T) {
	c := openCache(t, memoryStore(t), cache.Config{})
	f := define(t, c, "f", func(_ context.Context, n int) (int, error) { return n, nil },
		cache.FuncConfig[int, int]{Keep: func(context.Context, int, int) bool { runtime.Goexit(); return true }})
	var p *cache.PanicError
	if _, _, err := f.Get(t.Context(), 1); !errors.As(err, &p) {
		t.Errorf("Get = %v, want a *PanicError", err)
	}
	if _, err := f.GetMany(t.Context(), []int{1, 2}); !errors.As(err, &p) {
		t.Errorf("GetMany = %v, want *PanicErrors", err)
	}
}

// TestCallersContext bounds its own call, and no other's, nor the load.
func TestCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCache(t, memoryStore(t), cache.Config{})
		loads := 0
		f := define(t, c, "slow", func(ctx context.Context, n int) (int, error) {
			loads++
			time.Sleep(time.Second)
			return n, ctx.Err()
		}, cache.FuncConfig[int, int]{})
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		others := make(chan error, 2)
		begin := time.Now()
		go func() {
			_, _, err := f.Get(short, 1) // it starts the load
			others <- err
		}()
		synctest.Wait()
		wants(t, "Get of a patient caller", 1, true)(f.Get(t.Context(), 1))
		if err := <-others; !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, cache.ErrLoadTimeout) {
			t.Errorf("Get of an impatient caller = %v, want context.DeadlineExceeded", err)
		}
		if took := time.Since(begin); took != time.Second || loads != 1 {
			t.Errorf("%d loads in %v, want one of 1s", loads, took)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		wants(t, "Get of what is there", 1, true)(f.Get(gone, 1))
		if _, _, err := f.Get(gone, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("Get with a cancelled context = %v, want context.Canceled", err)
		}
		time.Sleep(2 * time.Second)
		wants(t, "Get of what it began", 2, true)(f.Get(t.Context(), 2))
		if loads != 2 {
			t.Errorf("loads = %d, want 2: what was begun is kept", loads)
		}
	})
}
