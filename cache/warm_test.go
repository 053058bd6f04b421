package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

const (
	warmLife = 10 * time.Second
	warmTook = time.Second // by each load
)

// warmed is a fleet that keeps keys warm until the test ends it.
type warmed struct {
	src   source
	funcs []*versions
	told  complaints
	end   func()

	mu      sync.Mutex
	running map[string]int
	began   map[string]time.Time // the latest load
	fail    atomic.Int64         // so many loads do
}

func startWarm(t *testing.T, fleets int, keys []string) *warmed {
	w := &warmed{running: make(map[string]int), began: make(map[string]time.Time)}
	w.src.before = func(ctx context.Context, key string, _ int64) error { return w.load(ctx, t, key) }
	st := localStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	for range fleets {
		f := memoized(t, member(t, st, cache.Config{OnError: w.told.add}), &w.src, versionsConfig{TTL: cache.For(warmLife)})
		w.funcs = append(w.funcs, f)
		ended.Go(func() {
			if err := f.Warm(ctx, keys); !errors.Is(err, context.Canceled) {
				t.Errorf("Warm = %v, want the context's error", err)
			}
		})
	}
	w.end = func() { cancel(); ended.Wait() }
	t.Cleanup(w.end)
	return w
}

// load is what each load does: it must be the only one of its key, and not come
// before the last fifth of the last one's life.
func (w *warmed) load(ctx context.Context, t *testing.T, key string) error {
	w.mu.Lock()
	w.running[key]++
	if n := w.running[key]; n > 1 {
		t.Errorf("%d loads of %q at a time, want 1", n, key)
	}
	failing := w.fail.Add(-1) >= 0
	if last, ok := w.began[key]; ok && !failing && time.Since(last) < warmLife*7/10 {
		t.Errorf("%q was loaded again after %v of a life of %v, want it left alone at first", key, time.Since(last), warmLife)
	}
	w.began[key] = time.Now()
	if failing {
		delete(w.began, key)
	}
	w.mu.Unlock()
	select {
	case <-time.After(warmTook):
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[key]--
	if failing {
		return errSource
	}
	return nil
}

// TestWarmKeepsKeysFresh: two fleets keep keys warm, no reader waits, and each
// result is loaded by one of them.
func TestWarmKeepsKeysFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := make([]string, 3)
		for i := range keys {
			keys[i] = fmt.Sprint(i)
		}
		w := startWarm(t, 2, keys)
		time.Sleep(2 * warmTook)
		const minutes = 5
		for range minutes * 60 {
			for _, f := range w.funcs {
				for _, k := range keys {
					if a := get(t, f, k); a.err != nil || !a.found || a.took != 0 {
						t.Errorf("Get of a warm key = %v, %v after %v, want a result at once", a.found, a.err, a.took)
					}
				}
			}
			time.Sleep(time.Second)
		}
		for _, f := range w.funcs {
			if s := f.Stats(); s.Misses > int64(len(keys)) || s.Stale != 0 {
				t.Errorf("Stats() = %+v, want no misses but the first and none stale", s)
			}
		}
		n, least, most := w.src.loads.Load(), int64(minutes*60/12*len(keys)), int64(minutes*60/7*len(keys)+len(keys))
		if n < least || n > most {
			t.Errorf("loads in %d minutes = %d, want %d to %d: about one for each life", minutes, n, least, most)
		}
		w.end()
		n = w.src.loads.Load()
		time.Sleep(10 * warmLife)
		if got := w.src.loads.Load(); got != n {
			t.Errorf("%d loads after the end, want none", got-n)
		}
	})
}

// TestWarmBringsDeletedKeysBack: after the next look, without a reader.
func TestWarmBringsDeletedKeysBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startWarm(t, 1, []string{"k"})
		time.Sleep(warmLife / 2)
		want := w.src.write("k")
		w.mu.Lock()
		delete(w.began, "k")
		w.mu.Unlock()
		if err := w.funcs[0].Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(warmLife*11/100 + warmTook) // the next look, a tenth late, and the load
		if a := get(t, w.funcs[0], "k"); a.version != want || a.took != 0 {
			t.Errorf("Get after the next look = %d after %v, want %d at once", a.version, a.took, want)
		}
	})
}

// TestWarmTriesAgain: failed loads are told and run again, without a reader.
func TestWarmTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startWarm(t, 1, []string{"k"})
		time.Sleep(2 * warmTook)
		const failures = 2
		w.fail.Store(failures)
		time.Sleep(warmLife * 3)
		if errs := w.told.taken(); len(errs) != failures || !errors.Is(errs[0], errSource) {
			t.Errorf("OnError was told %v, want the source's error %d times", errs, failures)
		}
		loads := w.src.loads.Load()
		if a := get(t, w.funcs[0], "k"); a.err != nil || a.took != 0 || w.src.loads.Load() != loads {
			t.Errorf("Get after the failures = %v after %v, want a result at once", a.err, a.took)
		}
	})
}
