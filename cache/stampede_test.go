package cache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

func TestManyReadersShareOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		src := &source{before: g.wait}
		f := memoized(t, member(t, localStore(t), cache.Config{}), src, versionsConfig{})
		var answers []<-chan got
		for range 200 {
			answers = append(answers, ask(t.Context(), f, "k"))
		}
		synctest.Wait()
		close(g.open)
		for _, a := range answers {
			wantVersion(t, "Get", <-a, 0)
		}
		if n := src.loads.Load(); n != 1 {
			t.Errorf("loads = %d, want 1", n)
		}
	})
}

// TestALoadIsNotRepeatedByWhoComesLate has readers that look at the store just
// before it is filled, and for a load under way just after it has ended.
func TestALoadIsNotRepeatedByWhoComesLate(t *testing.T) {
	src := &source{before: func(context.Context, string, int64) error { runtime.Gosched(); return nil }}
	f := memoized(t, member(t, localStore(t), cache.Config{}), src, versionsConfig{})
	const keys, readers = 2000, 8
	for i := range keys {
		key := fmt.Sprint(i)
		var group sync.WaitGroup
		for range readers {
			group.Go(func() { _, _, _ = f.Get(t.Context(), key) })
		}
		group.Wait()
	}
	if n := src.loads.Load(); n != keys {
		t.Errorf("loads of %d keys = %d, want one each", keys, n)
	}
}

func TestTheFirstCallerMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		type trace struct{}
		var seen atomic.Value
		src := &source{before: func(ctx context.Context, key string, v int64) error {
			seen.Store(ctx.Value(trace{}))
			_ = g.wait(ctx, key, v)
			return ctx.Err()
		}}
		f := memoized(t, member(t, localStore(t), cache.Config{}), src, versionsConfig{})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), trace{}, "the caller's"))
		first := ask(ctx, f, "k")
		<-g.reached
		second := ask(t.Context(), f, "k")
		brief, done := context.WithTimeout(t.Context(), time.Second)
		defer done()
		third := ask(brief, f, "k")
		synctest.Wait()
		cancel()
		if a := <-first; !errors.Is(a.err, context.Canceled) {
			t.Errorf("the canceled Get = %v, want context.Canceled", a.err)
		}
		if a := <-third; !errors.Is(a.err, context.DeadlineExceeded) || a.took != time.Second {
			t.Errorf("the Get with a second's time = %v after %v, want context.DeadlineExceeded after 1s", a.err, a.took)
		}
		close(g.open)
		wantVersion(t, "the other's Get", <-second, 0)
		if seen.Load() != "the caller's" {
			t.Errorf("the load's context has the value %v, want the caller's", seen.Load())
		}
	})
}

func TestALoadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		f := memoized(t, member(t, localStore(t), cache.Config{LoadTimeout: 3 * time.Second}), &source{before: g.wait}, versionsConfig{})
		first, second := ask(t.Context(), f, "k"), ask(t.Context(), f, "k")
		for _, answer := range []<-chan got{first, second} {
			if a := <-answer; !errors.Is(a.err, cache.ErrLoadTimeout) || a.took != 3*time.Second {
				t.Errorf("Get of what never ends = %v after %v, want ErrLoadTimeout after 3s", a.err, a.took)
			}
		}
		close(g.open)
	})
}

func TestPanicsReachEveryWaiter(t *testing.T) {
	never := func(g *gate, end func()) func(context.Context, string, int64) error {
		return func(ctx context.Context, key string, v int64) error {
			_ = g.wait(ctx, key, v)
			end()
			return nil
		}
	}
	tests := []struct {
		name  string
		end   func()
		cfg   versionsConfig
		value any
	}{
		{name: "a panic", end: func() { panic("no") }, value: "no"},
		{name: "Goexit", end: runtime.Goexit},
		{name: "Goexit in Keep", end: func() {}, cfg: versionsConfig{Keep: func(context.Context, string, int64) bool { runtime.Goexit(); return true }}},
		{name: "Goexit in Tags", end: func() {}, cfg: versionsConfig{Tags: func(string, int64) []string { runtime.Goexit(); return nil }}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				f := memoized(t, member(t, localStore(t), cache.Config{}), &source{before: never(g, tt.end)}, tt.cfg)
				var answers []<-chan got
				for range 20 {
					answers = append(answers, ask(t.Context(), f, "k"))
				}
				synctest.Wait()
				close(g.open)
				for _, answer := range answers {
					var p *cache.PanicError
					if a := <-answer; !errors.As(a.err, &p) || p.Value != tt.value || a.took != 0 {
						t.Errorf("Get = %v after %v, want a PanicError with %v at once", a.err, a.took, tt.value)
					}
				}
			})
		})
	}
}

// TestAChangeDuringALoadWins changes a key between a load's reading and its
// end, in the same process and in another.
func TestAChangeDuringALoadWins(t *testing.T) {
	changes := []struct {
		name   string
		change func(*cache.Cache, *versions) error
	}{
		{"Delete", func(_ *cache.Cache, f *versions) error { return f.Delete(context.Background(), "k") }},
		{"DeleteAll", func(_ *cache.Cache, f *versions) error { return f.DeleteAll(context.Background()) }},
		{"Invalidate", func(c *cache.Cache, _ *versions) error { return c.Invalidate(context.Background(), "tag:k") }},
		{"Clear", func(c *cache.Cache, _ *versions) error { return c.Clear(context.Background()) }},
		{"Set", func(_ *cache.Cache, f *versions) error { return f.Set(context.Background(), "k", 1) }},
	}
	for _, tt := range changes {
		for _, where := range []string{"here", "elsewhere"} {
			t.Run(tt.name+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := localStore(t)
					slow := newGate()
					src := &source{before: func(ctx context.Context, key string, v int64) error {
						if v == 0 {
							return slow.wait(ctx, key, v)
						}
						return nil
					}}
					cfg := versionsConfig{Tags: func(k string, _ int64) []string { return []string{"tag:" + k} }}
					c1, c2 := member(t, st, cache.Config{}), member(t, st, cache.Config{})
					f1, f2 := memoized(t, c1, src, cfg), memoized(t, c2, src, cfg)
					before := ask(t.Context(), f1, "k")
					<-slow.reached
					src.write("k")
					c, f := c1, f1
					if where == "elsewhere" {
						c, f = c2, f2
					}
					if err := tt.change(c, f); err != nil {
						t.Fatal(err)
					}
					here, elsewhere := ask(t.Context(), f1, "k"), ask(t.Context(), f2, "k")
					synctest.Wait()
					close(slow.open)
					wantVersion(t, "a Get that began after the change", <-here, 1)
					wantVersion(t, "a Get elsewhere that began after the change", <-elsewhere, 1)
					if a := <-before; a.err != nil {
						t.Errorf("the Get that began before the change failed: %v", a.err)
					}
					wantVersion(t, "a later Get", get(t, f1, "k"), 1)
					wantVersion(t, "a later Get elsewhere", get(t, f2, "k"), 1)
				})
			})
		}
	}
}

func TestConcurrentRefreshesShareTheNextLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		src := &source{before: g.wait}
		f := memoized(t, member(t, localStore(t), cache.Config{}), src, versionsConfig{})
		first := ask(t.Context(), f, "k")
		<-g.reached
		want := src.write("k") // which the load under way has not seen
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if v, found, err := f.Refresh(t.Context(), "k"); v != want || !found || err != nil {
					t.Errorf("Refresh = %d, %v, %v, want %d, true, nil", v, found, err, want)
				}
			})
		}
		synctest.Wait()
		close(g.open)
		group.Wait()
		<-first
		if n := src.loads.Load(); n != 2 {
			t.Errorf("loads = %d, want the one under way and one for all that came later", n)
		}
	})
}
