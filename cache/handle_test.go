package cache_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

// A handle leads to its value for as long as a look-up would find that near,
// and until its time.
func TestHandle(t *testing.T) {
	for _, tt := range []struct {
		name  string
		end   func(t *testing.T, c *cache.Cache, f *cache.Func[string, string])
		holds bool
	}{
		{"nothing", func(*testing.T, *cache.Cache, *cache.Func[string, string]) {}, true},
		{"another key", func(t *testing.T, _ *cache.Cache, f *cache.Func[string, string]) {
			try(t, f.Delete(t.Context(), "b"))
		}, true},
		{"short of its time", func(*testing.T, *cache.Cache, *cache.Func[string, string]) {
			time.Sleep(10*time.Second - 2*time.Millisecond)
		}, true},
		{"its time", func(*testing.T, *cache.Cache, *cache.Func[string, string]) { time.Sleep(10*time.Second - 1) }, false},
		{"Delete", func(t *testing.T, _ *cache.Cache, f *cache.Func[string, string]) {
			try(t, f.Delete(t.Context(), "a"))
		}, false},
		{"Set", func(t *testing.T, _ *cache.Cache, f *cache.Func[string, string]) {
			try(t, f.Set(t.Context(), "a", "new"))
		}, false},
		{"tag", func(t *testing.T, c *cache.Cache, _ *cache.Func[string, string]) {
			try(t, c.Invalidate(t.Context(), "all"))
		}, false},
		{"Clear", func(t *testing.T, c *cache.Cache, _ *cache.Func[string, string]) { try(t, c.Clear(t.Context())) }, false},
		{"eviction", func(t *testing.T, _ *cache.Cache, f *cache.Func[string, string]) {
			for i := range 200 {
				for range 6 { // load, keep near, and read more often than "a"
					wants(t, "Get", "value", true)(f.Get(t.Context(), string(rune('c'+i))))
				}
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := member(t, localStore(t), cache.Config{Near: cache.Near{MaxBytes: 16 << 10, MaxStale: time.Minute}})
				load := func(context.Context, string) (string, error) { return "value", nil }
				f, err := cache.Memoize(c, "f", load, cache.FuncConfig[string, string]{
					Beta: -1, Tags: func(string, string) []string { return []string{"all"} },
				})
				try(t, err)
				if _, _, found := f.Handle("a", c.Now().Add(time.Hour)); found {
					t.Error("Handle of what is not near: found")
				}
				for range 2 {
					wants(t, "Get", "value", true)(f.Get(t.Context(), "a"))
				}
				h, value, found := f.Handle("a", c.Now().Add(10*time.Second))
				if value != "value" || !found {
					t.Fatalf("Handle = %q, %v, want the value", value, found)
				}
				tt.end(t, c, f)
				synctest.Wait()
				before := f.Stats()
				if got := h.Holds(); got != tt.holds {
					t.Errorf("Holds() = %v, want %v", got, tt.holds)
				}
				if after := f.Stats(); after != before {
					t.Errorf("Holds counts: %+v, want %+v", after, before)
				}
				value, found = h.Look()
				if found != tt.holds || found && value != "value" {
					t.Errorf("Look() = %q, %v, want %v", value, found, tt.holds)
				}
				if tt.holds {
					before.Hits++
					before.NearHits++
				}
				if after := f.Stats(); after != before {
					t.Errorf("after Look: %+v, want %+v", after, before)
				}
			})
		})
	}
}

// A handle ends sooner than asked for when the value is to be refreshed, and
// when the store has been silent for MaxStale; a value that is near its end has
// none.
func TestHandleEndsSooner(t *testing.T) {
	const life, silence = 30 * time.Second, 20 * time.Second
	for _, tt := range []struct {
		name     string
		maxStale time.Duration
		silent   bool
		age      time.Duration // when it is asked for
		left     time.Duration // from then on
	}{
		{"stale", time.Minute, false, 0, life},
		{"old", time.Minute, false, 25 * time.Second, 5 * time.Second},
		{"told", silence, false, 5 * time.Second, silence},
		{"silent", silence, true, 5 * time.Second, silence - 5*time.Second},
		{"at its end", time.Minute, false, life - time.Millisecond, 0},
		{"believed no more", silence, true, silence, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deaf := newDeafStore(localStore(t))
				c := member(t, deaf, cache.Config{Near: cache.Near{MaxBytes: 1 << 20, MaxStale: tt.maxStale}})
				load := func(context.Context, string) (string, error) { return "value", nil }
				f, err := cache.Memoize(c, "f", load, cache.FuncConfig[string, string]{TTL: cache.For(life), Jitter: -1, Beta: -1})
				try(t, err)
				deaf.events.Lost() // the watch begins
				deaf.cut.Store(tt.silent)
				for range 2 {
					wants(t, "Get", "value", true)(f.Get(t.Context(), "a"))
				}
				time.Sleep(tt.age)
				h, value, found := f.Handle("a", c.Now().Add(time.Hour))
				if want := tt.left > 0; found != want || found && value != "value" {
					t.Fatalf("Handle = %q, %v, want %v", value, found, want)
				}
				if !found {
					return
				}
				time.Sleep(tt.left - 2*time.Millisecond)
				if !h.Holds() {
					t.Errorf("it has ended before %v are over", tt.left)
				}
				time.Sleep(2*time.Millisecond - 1)
				synctest.Wait()
				if h.Holds() {
					t.Errorf("it has not ended after %v", tt.left)
				}
			})
		})
	}
}

// What is not found has no handle, and neither have functions without a near
// cache; the zero handle leads nowhere.
func TestHandleOfNothing(t *testing.T) {
	c := member(t, localStore(t), cache.Config{Near: cache.Near{MaxBytes: 1 << 20}})
	none := func(context.Context, string) (string, error) { return "", cache.ErrNotFound }
	for name, cfg := range map[string]cache.FuncConfig[string, string]{
		"missing": {NotFound: cache.For(time.Minute)},
		"far":     {NoNear: true},
	} {
		f, err := cache.Memoize(c, name, none, cfg)
		try(t, err)
		for range 2 {
			wants(t, "Get", "", false)(f.Get(t.Context(), "a"))
		}
		if h, value, found := f.Handle("a", c.Now().Add(time.Hour)); found || h.Holds() {
			t.Errorf("%s: Handle = %q, %v, and holds %v, want nothing", name, value, found, h.Holds())
		}
	}
	var h cache.Handle[string, string]
	if value, found := h.Look(); found {
		t.Errorf("Look() of the zero Handle = %q, want nothing", value)
	}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
