package cache_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// A deafStore hands the events of its watch to the test, and no others. Its
// watch has told everything until it is cut.
type deafStore struct {
	cache.Store
	events cache.Events
	watch  cache.Watcher
	cut    atomic.Bool
	asked  func() // if set, called once with an answer on its way
	told   func() // if set, called before a change of keys or tags
}

func newDeafStore(m *memory.Store) *deafStore { return &deafStore{Store: m, watch: m} }

func (d *deafStore) Watch(namespace string, e cache.Events) (cache.Watch, error) {
	d.events = e
	w, err := d.watch.Watch(namespace, cache.Events{})
	return deafWatch{w, d, time.Now()}, err
}

func (d *deafStore) Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	of, now, err = d.Store.Generations(ctx, namespace, tags)
	if asked := d.asked; asked != nil {
		d.asked = nil
		asked()
	}
	return of, now, err
}

func (d *deafStore) change() {
	if d.told != nil {
		d.told()
	}
}

func (d *deafStore) Set(ctx context.Context, entries []cache.Entry) error {
	d.change()
	return d.Store.Set(ctx, entries)
}

func (d *deafStore) Delete(ctx context.Context, keys []string) (int, error) {
	d.change()
	return d.Store.Delete(ctx, keys)
}

func (d *deafStore) Invalidate(ctx context.Context, namespace string, tags []string) (int64, error) {
	d.change()
	return d.Store.Invalidate(ctx, namespace, tags)
}

type deafWatch struct {
	cache.Watch
	store *deafStore
	begin time.Time
}

func (w deafWatch) Told() time.Time {
	if w.store.cut.Load() {
		return w.begin
	}
	return w.Watch.Told()
}

func tagged(k string, _ int64) []string { return []string{"tag:" + k} }

// untoldChanges are made by another process.
var untoldChanges = map[string]func(t *testing.T, c *cache.Cache, f *versions){
	"a deletion": func(t *testing.T, _ *cache.Cache, f *versions) {
		if err := f.Delete(t.Context(), "k"); err != nil {
			t.Error(err)
		}
	},
	"an invalidation": func(t *testing.T, c *cache.Cache, _ *versions) {
		if err := c.Invalidate(t.Context(), "tag:k"); err != nil {
			t.Error(err)
		}
	},
}

// TestWhatIsKnownIsForgottenWhenChangesWereLost: the store says so after a
// disconnection. What is near is dropped, and what is stored is asked about.
func TestWhatIsKnownIsForgottenWhenChangesWereLost(t *testing.T) {
	for name, change := range untoldChanges {
		m := localStore(t)
		deaf := newDeafStore(m)
		src := new(source)
		f := memoized(t, member(t, deaf, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}}), src, versionsConfig{Tags: tagged})
		c := member(t, m, cache.Config{})
		other := memoized(t, c, src, versionsConfig{Tags: tagged})
		deaf.events.Lost() // the watch begins
		for range 3 {
			get(t, f, "k") // load; keep near; be near
		}
		want := src.write("k")
		change(t, c, other)
		before := f.Stats().NearHits
		wantVersion(t, "Get before it is told", get(t, f, "k"), 0)
		if near := f.Stats().NearHits; near != before+1 {
			t.Fatalf("near hits = %d, want %d: the test has nothing near", near, before+1)
		}
		deaf.events.Lost()
		wantVersion(t, "Get after "+name+" and a loss", get(t, f, "k"), want)
	}
}

// TestSilenceIsNotBelieved: when the store has told nothing for MaxStale, what
// is near is not served, and what is stored is asked about.
func TestSilenceIsNotBelieved(t *testing.T) {
	for name, change := range untoldChanges {
		for _, near := range []int64{0, 1 << 20} {
			synctest.Test(t, func(t *testing.T) {
				m := localStore(t)
				deaf := newDeafStore(m)
				src := new(source)
				f := memoized(t, member(t, deaf, cache.Config{Near: cache.Near{MaxBytes: near, MaxStale: staleness}}), src, versionsConfig{Tags: tagged})
				c := member(t, m, cache.Config{})
				other := memoized(t, c, src, versionsConfig{Tags: tagged})
				deaf.events.Lost() // the watch begins
				deaf.cut.Store(true)
				for range 3 {
					get(t, f, "k")
				}
				want := src.write("k")
				change(t, c, other)
				time.Sleep(staleness + time.Millisecond)
				wantVersion(t, "Get after "+name+" and MaxStale", get(t, f, "k"), want)
			})
		}
	}
}

// TestALossDuringAQuestion: the answer to which tags were invalidated says
// nothing of those that were between it and the loss.
func TestALossDuringAQuestion(t *testing.T) {
	m := localStore(t)
	deaf := newDeafStore(m)
	src := new(source)
	f := memoized(t, member(t, deaf, cache.Config{}), src, versionsConfig{Tags: tagged})
	c := member(t, m, cache.Config{})
	deaf.events.Lost() // the watch begins
	get(t, f, "k")
	deaf.events.Lost()
	var want int64
	deaf.asked = func() {
		want = src.write("k")
		if err := c.Invalidate(t.Context(), "tag:k"); err != nil {
			t.Error(err)
		}
		deaf.events.Lost()
	}
	get(t, f, "k") // asks
	if want == 0 {
		t.Fatal("nothing was asked")
	}
	wantVersion(t, "Get after the loss", get(t, f, "k"), want)
}

// TestALossWakesWhoWaits: that the load of another process has ended may be
// what was lost.
func TestALossWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := localStore(t)
		deaf, slow := newDeafStore(m), newGate()
		f := memoized(t, member(t, deaf, cache.Config{}), new(source), versionsConfig{})
		other := memoized(t, member(t, m, cache.Config{}), &source{before: slow.wait}, versionsConfig{})
		deaf.events.Lost() // the watch begins
		loading := ask(t.Context(), other, "k")
		<-slow.reached
		waiting := ask(t.Context(), f, "k")
		synctest.Wait()
		close(slow.open)
		<-loading
		synctest.Wait()
		deaf.events.Lost()
		if a := <-waiting; a.err != nil || a.took != 0 {
			t.Errorf("Get after a loss = %v after %v, want the other's result at once", a.err, a.took)
		}
	})
}

// TestAProcessSeesItsOwnChanges: at once, though the store does not tell of
// them, and the older result was near and is read and kept near once more while
// the store is being told.
func TestAProcessSeesItsOwnChanges(t *testing.T) {
	ctx := t.Context()
	changes := map[string]func(c *cache.Cache, f *versions, want int64) error{
		"Refresh": func(_ *cache.Cache, f *versions, _ int64) error { _, _, err := f.Refresh(ctx, "k"); return err },
		"Renew": func(_ *cache.Cache, f *versions, want int64) error {
			_, _, err := f.Renew(ctx, "k", func(v int64) bool { return v == want })
			return err
		},
		"Set":        func(_ *cache.Cache, f *versions, want int64) error { return f.Set(ctx, "k", want) },
		"Delete":     func(_ *cache.Cache, f *versions, _ int64) error { return f.Delete(ctx, "k") },
		"DeleteAll":  func(_ *cache.Cache, f *versions, _ int64) error { return f.DeleteAll(ctx) },
		"Invalidate": func(c *cache.Cache, _ *versions, _ int64) error { return c.Invalidate(ctx, "tag:k") },
		"Clear":      func(c *cache.Cache, _ *versions, _ int64) error { return c.Clear(ctx) },
	}
	for name, change := range changes {
		deaf := newDeafStore(localStore(t))
		src := new(source)
		c := member(t, deaf, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
		f := memoized(t, c, src, versionsConfig{Tags: tagged})
		deaf.events.Lost() // the watch begins
		for range 3 {
			for range 3 {
				get(t, f, "k") // load; keep near; be near
			}
			want, before := src.write("k"), f.Stats().NearHits
			if get(t, f, "k"); f.Stats().NearHits != before+1 {
				t.Fatal("the test has nothing near")
			}
			deaf.told = func() { get(t, f, "k") }
			if err := change(c, f, want); err != nil {
				t.Errorf("%s = %v", name, err)
			}
			deaf.told = nil
			wantVersion(t, "Get after "+name, get(t, f, "k"), want)
		}
	}
}
