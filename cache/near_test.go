package cache_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// TestNearHoldsItsBudget fills a near cache three times over with values of
// random sizes, and compares the heap with what was allowed.
func TestNearHoldsItsBudget(t *testing.T) {
	const budget = 8 << 20
	for _, longest := range []int{100, 4000} {
		grown, evicted := nearHeap(t, budget, longest)
		if share := float64(grown) / budget; share > 1.05 || share < 0.85 || evicted == 0 {
			t.Errorf("values of up to %d bytes: the heap grew by %.3f of MaxBytes and %d were evicted, want 0.85 to 1.05 and some", longest, share, evicted)
		}
	}
}

// nearHeap returns by how much the heap grows when a near cache is filled with
// three times its budget.
func nearHeap(t testing.TB, budget int64, longest int) (grown, evicted int64) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	st, err := memory.New(memory.Config{MaxBytes: 1 << 20}) // so that little of the heap is the store's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	c := member(t, st, cache.Config{
		Codec: cache.Raw(), CompressAbove: -1, Near: cache.Near{MaxBytes: budget},
	})
	load := func(_ context.Context, key string) ([]byte, error) { return make([]byte, 1+rand.IntN(longest)), nil }
	f, err := cache.Memoize(c, "bytes", load, cache.FuncConfig[string, []byte]{Beta: -1})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range 3 * int(budget) / (longest/2 + 300) {
		for range 2 { // load, and keep near
			if _, _, err := f.Get(t.Context(), "key:"+strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	grown = heap() - before - st.Stats().Bytes
	runtime.KeepAlive(f)
	return grown, f.Stats().Evicted
}

// A laterStore has a clock that is an hour ahead of this process's.
type laterStore struct{ *deafStore }

func (s laterStore) Now() time.Time { return s.deafStore.Now().Add(time.Hour) }

// TestWhatIsNear: as long as a result may be served, it is, without the store,
// and no longer, though the store does not tell that it has expired. Behind a
// stale one it is loaded anew, once.
func TestWhatIsNear(t *testing.T) {
	const life = time.Minute
	none := func(context.Context, string) (int64, error) { return 0, cache.ErrNotFound }
	not := func(context.Context, string) bool { return false }
	tests := []struct {
		name      string
		cfg       versionsConfig
		load      func(context.Context, string) (int64, error)
		later     bool // the store's clock is
		after     time.Duration
		near      bool
		refreshes int64
	}{
		{name: "fresh", after: life - 1, near: true},
		{name: "dead", after: life},
		{name: "by another clock, fresh", later: true, after: life - 1, near: true},
		{name: "by another clock, dead", later: true, after: life},
		{name: "for ever", cfg: versionsConfig{TTL: cache.Forever()}, after: time.Hour, near: true},
		{name: "stale", cfg: versionsConfig{StaleWhileRevalidate: life}, after: 2*life - 1, near: true, refreshes: 1},
		{name: "stale, though it might have been forced", cfg: versionsConfig{StaleWhileRevalidate: life, Fresh: not}, after: 2*life - 1, near: true, refreshes: 1},
		{name: "stale too long", cfg: versionsConfig{StaleWhileRevalidate: life}, after: 2 * life},
		{name: "nothing", cfg: versionsConfig{NotFound: cache.For(life), Size: func(int64) int { panic("of nothing") }}, load: none, after: life - 1, near: true},
	}
	for i := range 2 * len(tests) {
		tt, many := tests[i/2], i%2 == 1
		t.Run(fmt.Sprintf("%s/many=%v", tt.name, many), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deaf := newDeafStore(localStore(t))
				var st cache.Store = deaf
				if tt.later {
					st = laterStore{deaf}
				}
				c := member(t, st, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
				deaf.events.Lost() // the watch begins
				if tt.cfg.TTL == (cache.TTL{}) {
					tt.cfg.TTL = cache.For(life)
				}
				tt.cfg.Beta, tt.cfg.Tags = -1, tagged
				load := tt.load
				if load == nil {
					load = new(source).load
				}
				if err := c.Invalidate(t.Context(), "tag:k"); err != nil { // what is loaded after it is not affected
					t.Fatal(err)
				}
				f := define(t, c, "f", load, tt.cfg)
				found := func() bool {
					if many {
						all, err := f.GetMany(t.Context(), []string{"k"})
						return err == nil && len(all) == 1
					}
					_, found, err := f.Get(t.Context(), "k")
					return err == nil && found
				}
				for range 2 { // load, and keep near
					found()
				}
				time.Sleep(tt.after)
				synctest.Wait()
				before := f.Stats().NearHits
				if got, want := found(), tt.load == nil; got != want {
					t.Errorf("Get has found it: %v, want %v", got, want)
				}
				if near := f.Stats().NearHits > before; near != tt.near {
					t.Errorf("the answer was near: %v, want %v", near, tt.near)
				}
				synctest.Wait()
				if n := f.Stats().Refreshes; n != tt.refreshes {
					t.Errorf("%d refreshes, want %d", n, tt.refreshes)
				}
			})
		})
	}
}

// TestNearKeepsWhatIsRead: a key that is read again and again stays, however
// many others are read once; and one that is outdated leaves when it is read.
func TestNearKeepsWhatIsRead(t *testing.T) {
	c := member(t, localStore(t), cache.Config{Near: cache.Near{MaxBytes: 16 << 10}})
	src := new(source)
	f := memoized(t, c, src, versionsConfig{})
	for range 2 {
		get(t, f, "hot")
	}
	for i := range 1000 {
		before := f.Stats().NearHits
		get(t, f, "hot")
		if f.Stats().NearHits == before {
			t.Fatalf("the key that is read most was not near after %d others", i)
		}
		for range 2 { // load, and keep near
			get(t, f, strconv.Itoa(i))
		}
	}
	if f.Stats().Evicted == 0 {
		t.Error("nothing was evicted: the test is of no use")
	}
	if err := f.DeleteAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	src.before = func(context.Context, string, int64) error { return errSource }
	before := c.NearBytes()
	_, _, _ = f.Get(t.Context(), "hot")
	if after := c.NearBytes(); after >= before {
		t.Errorf("%d bytes are near after an outdated key was read, %d before, want fewer", after, before)
	}
}
