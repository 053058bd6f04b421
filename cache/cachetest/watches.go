package cachetest

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/cache"
)

// watchCases are for stores that are a [cache.Watcher]; on others they pass.
func watchCases() []testCase {
	cases := []testCase{
		{"Watch/EveryChange", testWatchChanges},
		{"Watch/ReadsAndLeasesAreNotTold", testWatchReads},
		{"Watch/Tags", testWatchTags},
		{"Watch/ItsNamespace", testWatchNamespace},
		{"Watch/OneFunctionAtATime", testWatchSerial},
		{"Watch/SeveralWatches", testWatchSeveral},
		{"Watch/NothingAfterClose", testWatchClose},
		{"Watch/ToldAdvances", testWatchTold},
	}
	for i, c := range cases {
		cases[i].run = func(s *suite) {
			if _, ok := s.store.(cache.Watcher); ok {
				c.run(s)
			}
		}
	}
	return cases
}

// A witness writes down what a watch tells it.
type witness struct {
	cache.Watch
	mu   sync.Mutex
	told []string
}

func (w *witness) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, what)
}

func (w *witness) count(what string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.told {
		if t == what {
			n++
		}
	}
	return n
}

func tagNote(tag string, generation int64) string {
	return "tag " + tag + " " + strconv.FormatInt(generation, 10)
}

// watch watches the case's namespace, and waits for Lost.
func (s *suite) watch() *witness {
	s.Helper()
	w := new(witness)
	var err error
	w.Watch, err = s.store.(cache.Watcher).Watch(s.space, cache.Events{
		Key:  func(key string) { w.note("key " + key) },
		Tag:  func(tag string, generation int64) { w.note(tagNote(tag, generation)) },
		Lost: func() { w.note("lost") },
	})
	s.must("Watch", err)
	s.Cleanup(w.Close)
	s.eventually("the first call of Lost", func() bool { return w.count("lost") > 0 })
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told[0] != "lost" {
		s.Errorf("first that a watch tells = %q, want Lost", w.told[0])
	}
	return w
}

// wantTold waits until something has been told once more than before.
func (s *suite) wantTold(w *witness, what string, change func()) {
	s.Helper()
	before := w.count(what)
	change()
	s.eventually("to be told "+strconv.Quote(what), func() bool { return w.count(what) > before })
}

func testWatchChanges(s *suite) {
	key, by := s.key("v"), newToken()
	w := s.watch()
	changes := []struct {
		name   string
		change func()
	}{
		{"Set", func() { s.set(key, "1", time.Hour) }},
		{"Set over a value", func() { s.set(key, "1", time.Hour) }},
		{"Increment", func() { s.increment(key, 1, time.Hour) }},
		{"Delete", func() { s.delete(key) }},
		{"Add", func() { s.add(key, "1", time.Hour) }},
		{"Fill", func() {
			s.claim(key, cache.Claim{Token: by, Life: time.Hour, Refresh: true})
			s.fill(key, "1", by)
		}},
		{"a new counter", func() { s.delete(key); s.increment(key, 1, time.Hour) }},
	}
	for _, c := range changes {
		s.Logf("change: %s", c.name)
		s.wantTold(w, "key "+key, c.change)
	}
	// The end of a life is told too. It may need a reader to notice it.
	short, marker := s.key("short"), s.key("marker")
	s.set(short, "1", time.Second)
	s.wantTold(w, "key "+marker, func() { s.set(marker, "1", time.Hour) })
	s.wantTold(w, "key "+short, func() { s.wantEnd(short) })
}

func testWatchReads(s *suite) {
	found, by := s.key("found"), newToken()
	s.set(found, "1", time.Hour)
	w := s.watch()
	before := w.count("key " + found) // a change from before may be told late
	marker := s.key("marker")
	s.wantTold(w, "key "+marker, func() { s.set(marker, "0", time.Hour) })
	s.get(found)
	s.claim(found, cache.Claim{Token: by, Life: time.Hour})
	s.claim(found, cache.Claim{Token: by, Life: time.Hour, Refresh: true})
	_, err := s.store.Extend(s.ctx, []string{found}, by, time.Hour)
	s.must("Extend", err)
	s.fill(found, "refused", newToken())
	s.must("Release", s.store.Release(s.ctx, []string{found}, by))
	s.add(found, "refused", time.Hour)
	s.wantTold(w, "key "+marker, func() { s.set(marker, "1", time.Hour) })
	if n := w.count("key "+found) - before; n != 0 {
		s.Errorf("reads and leases of a key with a value told %d times, want 0", n)
	}
}

func testWatchTags(s *suite) {
	w := s.watch()
	now := s.invalidate("a", "b")
	for _, tag := range []string{"a", "b"} {
		s.eventually("to be told the tag "+tag, func() bool { return w.count(tagNote(tag, now)) == 1 })
	}
	now = s.invalidate()
	s.eventually("to be told all tags", func() bool { return w.count(tagNote("", now)) == 1 })
}

func testWatchNamespace(s *suite) {
	w := s.watch()
	marker, longer := s.key("marker"), s.space+"longer:key"
	s.set(longer, "1", time.Hour)
	other := newSuite(s.TB, s.store)
	other.set(other.key("v"), "1", time.Hour)
	now := other.invalidate("a")
	all := other.invalidate()
	s.wantTold(w, "key "+marker, func() { s.set(marker, "1", time.Hour) })
	for _, what := range []string{"key " + longer, "key " + other.key("v"), tagNote("a", now), tagNote("", all)} {
		if w.count(what) != 0 {
			s.Errorf("a watch was told %q, which is of another namespace", what)
		}
	}
	s.delete(longer)
}

func testWatchSerial(s *suite) {
	var running atomic.Int32
	var overlaps, keys atomic.Int32
	enter := func() {
		if running.Add(1) != 1 {
			overlaps.Add(1)
		}
		for range 100 { // long enough to be met in
			_ = newToken()
		}
		running.Add(-1)
	}
	lost := make(chan struct{}, 1)
	watch, err := s.store.(cache.Watcher).Watch(s.space, cache.Events{
		Key: func(string) { enter(); keys.Add(1) },
		Tag: func(string, int64) { enter() },
		Lost: func() {
			enter()
			select {
			case lost <- struct{}{}:
			default:
			}
		},
	})
	s.must("Watch", err)
	defer watch.Close()
	<-lost
	s.race(func(racer int) {
		key := s.key(strconv.Itoa(racer))
		for range 5 {
			s.report("Set", s.store.Set(s.ctx, []cache.Entry{{Key: key, Value: []byte("1"), Life: time.Hour}}))
			_, err := s.store.Invalidate(s.ctx, s.space, []string{key})
			s.report("Invalidate", err)
		}
	})
	// A server may tell two changes of one key once.
	s.eventually("to be told of all keys", func() bool { return keys.Load() >= racers })
	if n := overlaps.Load(); n != 0 {
		s.Errorf("%d functions of one watch ran while another did, want 0", n)
	}
}

func testWatchSeveral(s *suite) {
	watches := []*witness{s.watch(), s.watch(), s.watch()}
	key := s.key("v")
	for len(watches) > 0 {
		before := make([]int, len(watches))
		for i, w := range watches {
			before[i] = w.count("key " + key)
		}
		s.set(key, "1", time.Hour)
		for i, w := range watches {
			s.eventually("each watch to be told", func() bool { return w.count("key "+key) > before[i] })
		}
		watches[0].Close()
		watches = slices.Delete(watches, 0, 1)
	}
}

func testWatchClose(s *suite) {
	for round := range 10 {
		w := s.watch()
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				err := s.store.Set(s.ctx, []cache.Entry{{Key: s.key(strconv.Itoa(i % 100)), Value: []byte("1"), Life: time.Hour}})
				if !s.report("Set", err) {
					return
				}
			}
		})
		first := "key " + s.key("0")
		s.eventually("to be told while others write", func() bool { return w.count(first) > round/5 })
		w.Close()
		w.mu.Lock()
		told := len(w.told)
		w.mu.Unlock()
		s.set(s.key("after"), "1", time.Hour)
		s.invalidate("after")
		close(stop)
		wg.Wait()
		other := s.watch() // something is told after all that
		s.wantTold(other, "key "+s.key("last"), func() { s.set(s.key("last"), "1", time.Hour) })
		other.Close()
		w.mu.Lock()
		if len(w.told) != told {
			s.Errorf("a closed watch was told %q", w.told[told:])
		}
		w.mu.Unlock()
		w.Close() // again, for cleanups
	}
}

func testWatchTold(s *suite) {
	w := s.watch()
	s.eventually("Told to pass the present", func() func() bool {
		present := s.store.Now()
		return func() bool { return w.Told().After(present) }
	}())
	for i := range 5 {
		key := s.key(strconv.Itoa(i))
		s.set(key, "1", time.Hour)
		// A store's clock is known to within a round trip.
		changed := s.store.Now().Add(100 * time.Millisecond)
		s.eventually("Told to pass a change", func() bool { return w.Told().After(changed) })
		if w.count("key "+key) == 0 {
			s.Errorf("Told has passed a change that has not been told")
		}
	}
}
