package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

// TestXFetch compares how many of many results are loaded anew by one look each
// with what the formula says: exp(−left / (took·Beta)) of them.
func TestXFetch(t *testing.T) {
	const keys, took, life = 1000, 10 * time.Second, 100 * time.Second
	tests := []struct {
		beta float64
		left time.Duration
	}{
		{1, took / 10},
		{1, took},
		{1, 3 * took},
		{2, took},
		{0.5, took},
		{-1, time.Millisecond},
	}
	for _, tt := range tests {
		for _, near := range []int64{0, 64 << 20} {
			t.Run(fmt.Sprintf("beta=%v/left=%v/near=%d", tt.beta, tt.left, near), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					all := make([]string, keys)
					for i := range all {
						all[i] = fmt.Sprint(i)
					}
					src := &source{before: func(context.Context, string, int64) error { time.Sleep(took); return nil }}
					f := memoized(t, member(t, localStore(t), cache.Config{Near: cache.Near{MaxBytes: near}}), src, versionsConfig{
						TTL: cache.For(life), Beta: tt.beta,
						LoadMany: func(_ context.Context, keys []string) (map[string]int64, error) {
							time.Sleep(took)
							values := make(map[string]int64)
							for _, k := range keys {
								values[k] = 0
							}
							return values, nil
						},
					})
					for range 2 { // load, and keep near
						if _, err := f.GetMany(t.Context(), all); err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(life - tt.left)
					for _, k := range all {
						wantVersion(t, "Get", get(t, f, k), 0)
					}
					synctest.Wait()
					var share float64
					if tt.beta > 0 {
						share = math.Exp(-float64(tt.left) / (float64(took) * tt.beta))
					}
					want, sigma := keys*share, math.Sqrt(keys*share*(1-share))
					if got := float64(f.Stats().Refreshes); math.Abs(got-want) > 6*sigma {
						t.Errorf("%v of %d were refreshed, want %.0f ± %.0f", got, keys, want, 6*sigma)
					}
					time.Sleep(2 * took) // the refreshes end
				})
			})
		}
	}
}

// TestOneLoadBehindStaleAnswers: however many readers meet a stale result, in
// however many processes, none waits, and one load runs in the background.
func TestOneLoadBehindStaleAnswers(t *testing.T) {
	for _, near := range []int64{0, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			const readers = 1000
			st, g := localStore(t), newGate()
			src := &source{before: func(ctx context.Context, key string, v int64) error {
				if v == 0 {
					return nil
				}
				return g.wait(ctx, key, v)
			}}
			var fleet []*versions
			for range 3 {
				c := member(t, st, cache.Config{Near: cache.Near{MaxBytes: near}})
				fleet = append(fleet, memoized(t, c, src, versionsConfig{
					TTL: cache.For(time.Minute), StaleWhileRevalidate: time.Minute,
				}))
			}
			for range 2 {
				for _, f := range fleet {
					wantVersion(t, "Get while fresh", get(t, f, "k"), 0)
				}
			}
			time.Sleep(time.Minute)
			src.write("k")
			synctest.Wait()
			before := runtime.NumGoroutine()
			for range readers {
				for _, f := range fleet {
					if a := get(t, f, "k"); a.version != 0 || a.err != nil || a.took != 0 {
						t.Fatalf("Get while stale = %d, %v after %v, want 0, nil at once", a.version, a.err, a.took)
					}
				}
			}
			synctest.Wait()
			// In each process the refresh, and the load that it waits for.
			if n := runtime.NumGoroutine() - before; n > 3*len(fleet) {
				t.Errorf("%d readers left %d goroutines behind, want a few", readers*len(fleet), n)
			}
			if n := src.loads.Load(); n != 2 {
				t.Errorf("loads = %d, want the first and one in the background", n)
			}
			close(g.open)
			synctest.Wait()
			var stale, refreshes int64
			for _, f := range fleet {
				wantVersion(t, "Get after the load", get(t, f, "k"), 1)
				stale += f.Stats().Stale
				refreshes += f.Stats().Refreshes
			}
			if stale != int64(readers*len(fleet)) || refreshes != 1 {
				t.Errorf("Stats(): %d stale, %d refreshes, want %d and 1", stale, refreshes, readers*len(fleet))
			}
			if n := src.loads.Load(); n != 2 {
				t.Errorf("loads in the end = %d, want 2", n)
			}
		})
	}
}

// TestEarlyRefreshesRunOnce: readers of two processes that all decide to load a
// result anew before its end load it once.
func TestEarlyRefreshesRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const took, life = 10 * time.Second, time.Minute
		st := localStore(t)
		src := &source{before: func(context.Context, string, int64) error { time.Sleep(took); return nil }}
		cfg := versionsConfig{TTL: cache.For(life), Beta: 1000} // so that each reader decides so
		f1, f2 := memoized(t, member(t, st, cache.Config{}), src, cfg), memoized(t, member(t, st, cache.Config{}), src, cfg)
		wantVersion(t, "the first Get", get(t, f1, "k"), 0)
		for round := range int64(3) {
			time.Sleep(life - time.Second)
			var group sync.WaitGroup
			for range 100 {
				for _, f := range []*versions{f1, f2} {
					group.Go(func() {
						if a := get(t, f, "k"); a.err != nil || a.took != 0 {
							t.Errorf("Get before the end = %v after %v, want a result at once", a.err, a.took)
						}
					})
				}
			}
			group.Wait()
			time.Sleep(took)
			synctest.Wait()
			if n := src.loads.Load(); n != round+2 {
				t.Fatalf("round %d: loads = %d, want one more than before", round, n)
			}
		}
	})
}

// TestALateRefreshIsNotRun: a reader decided to load a result anew, but when it
// gets the lease another has done so.
func TestALateRefreshIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := localStore(t)
		held := make(chan struct{})
		slow := watchedSpy{&spy{Store: st, calls: make(map[string]int)}, st, st}
		src := new(source)
		cfg := versionsConfig{TTL: cache.For(time.Minute), StaleWhileRevalidate: time.Minute}
		f1, f2 := memoized(t, member(t, st, cache.Config{}), src, cfg), memoized(t, member(t, slow, cache.Config{}), src, cfg)
		for _, f := range []*versions{f1, f2} {
			wantVersion(t, "Get while fresh", get(t, f, "k"), 0)
		}
		time.Sleep(time.Minute)
		want := src.write("k")
		claims := 0
		slow.onCall(func(_ context.Context, method string) error {
			if method == "Claim" {
				if claims++; claims > 1 { // the first one is to read
					<-held
				}
			}
			return nil
		})
		wantVersion(t, "Get while stale, which is to refresh", get(t, f2, "k"), 0)
		synctest.Wait()
		wantVersion(t, "Get while stale of the faster", get(t, f1, "k"), 0)
		synctest.Wait()
		close(held)
		synctest.Wait()
		if n := src.loads.Load(); n != 2 {
			t.Errorf("loads = %d, want 2: the entry was replaced before the lease was had", n)
		}
		for _, f := range []*versions{f1, f2} {
			wantVersion(t, "Get after the refresh", get(t, f, "k"), want)
		}
		src.write("k")
		if _, _, err := f1.Refresh(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		if n := src.loads.Load(); n != 3 {
			t.Errorf("loads = %d after Refresh, want 3: the lease was given back", n)
		}
	})
}

var errSource = errors.New("source down")

// TestStaleIfError: a failing function is hidden for as long as was asked for.
func TestStaleIfError(t *testing.T) {
	for _, near := range []int64{0, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			var told complaints
			var down error
			src := &source{before: func(context.Context, string, int64) error { return down }}
			c := member(t, localStore(t), cache.Config{OnError: told.add, Near: cache.Near{MaxBytes: near}})
			f := memoized(t, c, src, versionsConfig{TTL: cache.For(time.Minute), StaleIfError: time.Minute})
			for range 2 {
				wantVersion(t, "Get while fresh", get(t, f, "k"), 0)
			}
			down = errSource
			src.write("k")
			time.Sleep(2*time.Minute - time.Millisecond)
			wantVersion(t, "Get while the source is down", get(t, f, "k"), 0)
			if errs := told.taken(); len(errs) != 1 || !errors.Is(errs[0], errSource) {
				t.Errorf("OnError was told %v, want the source's error once", errs)
			}
			if many, err := f.GetMany(t.Context(), []string{"k"}); err != nil || many["k"] != 0 || len(many) != 1 {
				t.Errorf("GetMany = %v, %v, want the stale result", many, err)
			}
			if s := f.Stats(); s.Stale != 2 || s.Errors != 2 {
				t.Errorf("Stats() = %+v, want two stale answers for two errors", s)
			}
			down = nil
			wantVersion(t, "Get when the source is back", get(t, f, "k"), 1)
			down = errSource
			time.Sleep(2 * time.Minute)
			if a := get(t, f, "k"); !errors.Is(a.err, errSource) {
				t.Errorf("Get after the time of StaleIfError = %v, want the source's error", a.err)
			}
		})
	}
}

// TestErrorsAreRememberedBriefly: for the time of FuncConfig.Errors, a failed
// function is left alone.
func TestErrorsAreRememberedBriefly(t *testing.T) {
	const remembered = 10 * time.Second
	tests := []struct {
		name  string
		after func(t *testing.T, f *versions)
		loads int64
	}{
		{"at once", func(*testing.T, *versions) {}, 1},
		{"just before", func(*testing.T, *versions) { time.Sleep(remembered - 1) }, 1},
		{"after", func(*testing.T, *versions) { time.Sleep(remembered) }, 2},
		{"after a Delete", func(t *testing.T, f *versions) { _ = f.Delete(t.Context(), "k") }, 2},
		{"after a Set", func(t *testing.T, f *versions) { _ = f.Set(t.Context(), "k", 5); _ = f.Delete(t.Context(), "k") }, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &source{before: func(context.Context, string, int64) error { return errSource }}
				f := memoized(t, member(t, localStore(t), cache.Config{}), src, versionsConfig{Errors: cache.For(remembered)})
				ask := func() {
					for range 5 {
						if a := get(t, f, "k"); !errors.Is(a.err, errSource) || a.took != 0 {
							t.Errorf("Get = %v after %v, want the function's error at once", a.err, a.took)
						}
					}
				}
				ask()
				tt.after(t, f)
				ask()
				if n := src.loads.Load(); n != tt.loads {
					t.Errorf("loads = %d, want %d", n, tt.loads)
				}
				src.before = nil
				if _, _, err := f.Refresh(t.Context(), "k"); err != nil {
					t.Errorf("Refresh = %v, want nil: it does not ask what is remembered", err)
				}
				wantVersion(t, "Get after the refresh", get(t, f, "k"), 0)
			})
		})
	}
}

// TestARefreshBeginsAfterItsCall: one that is under way may not have seen what
// another is called for.
func TestARefreshBeginsAfterItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newGate()
		src := &source{before: slow.wait}
		f := memoized(t, member(t, localStore(t), cache.Config{}), src, versionsConfig{})
		refresh := func() <-chan got {
			answer := make(chan got, 1)
			go func() {
				v, found, err := f.Refresh(t.Context(), "k")
				answer <- got{version: v, found: found, err: err}
			}()
			return answer
		}
		first := refresh()
		<-slow.reached
		want := src.write("k")
		second := refresh()
		synctest.Wait()
		close(slow.open)
		wantVersion(t, "the Refresh before the change", <-first, 0)
		wantVersion(t, "the Refresh after it", <-second, want)
	})
}

// TestAFailingRefreshIsNotRepeatedAtOnce, however many readers meet the stale
// result: twice a second.
func TestAFailingRefreshIsNotRepeatedAtOnce(t *testing.T) {
	for _, near := range []int64{0, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			var down error
			src := &source{before: func(context.Context, string, int64) error { return down }}
			f := memoized(t, member(t, localStore(t), cache.Config{Near: cache.Near{MaxBytes: near}}), src, versionsConfig{
				TTL: cache.For(time.Minute), StaleWhileRevalidate: time.Hour,
			})
			for range 2 {
				get(t, f, "k")
			}
			down = errSource
			time.Sleep(2 * time.Minute)
			before := src.loads.Load()
			for range 1000 { // in ten seconds
				wantVersion(t, "Get of what is stale", get(t, f, "k"), 0)
				time.Sleep(10 * time.Millisecond)
			}
			if n := src.loads.Load() - before; n < 10 || n > 21 {
				t.Errorf("loads in ten seconds = %d, want two in each", n)
			}
		})
	}
}
