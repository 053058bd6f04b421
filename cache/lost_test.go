package cache_test

import (
	"testing"

	"github.com/hone-go/hone/cache"
)

// A deafStore hands the events of its watch to the test, and no others.
type deafStore struct {
	cache.Store
	events cache.Events
	watch  cache.Watcher
}

func (d *deafStore) Watch(namespace string, e cache.Events) (cache.Watch, error) {
	d.events = e
	return d.watch.Watch(namespace, cache.Events{})
}

// TestWhatIsNearIsDroppedWhenChangesWereLost: the store says so after a
// disconnection.
func TestWhatIsNearIsDroppedWhenChangesWereLost(t *testing.T) {
	m := localStore(t)
	deaf := &deafStore{Store: m, watch: m}
	src := new(source)
	f := memoized(t, member(t, deaf, cache.Config{Near: cache.Near{MaxBytes: 1 << 20}}), src, versionsConfig{})
	other := memoized(t, member(t, m, cache.Config{}), src, versionsConfig{})
	deaf.events.Lost() // the watch begins
	for range 3 {
		get(t, f, "k") // load; keep near; be near
	}
	want := src.write("k")
	if err := other.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	before := f.Stats().NearHits
	wantVersion(t, "Get before it is told", get(t, f, "k"), 0)
	if near := f.Stats().NearHits; near != before+1 {
		t.Fatalf("near hits = %d, want %d: the test has nothing near", near, before+1)
	}
	deaf.events.Lost()
	wantVersion(t, "Get after a loss", get(t, f, "k"), want)
}
