package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

func namespace() string { return strings.TrimSuffix(testserver.Prefix(), ":") }

func TestWatchTellsKeysBeforeToldMovesOn(t *testing.T) {
	s, other := shared(t), shared(t)
	ns := namespace()
	r, w := watch(t, s, ns)
	key := ns + ":k"
	changes := []struct {
		name   string
		change func() error
	}{
		{"Set", func() error { return other.Set(t.Context(), []cache.Entry{entry(key, "1")}) }},
		{"Increment", func() error { _, err := other.Increment(t.Context(), key, 1, time.Hour); return err }},
		{"Delete", func() error { _, err := other.Delete(t.Context(), []string{key}); return err }},
		{"Add", func() error { _, err := other.Add(t.Context(), entry(key, "1")); return err }},
	}
	for _, c := range changes {
		before := r.count("key " + key)
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		done := time.Now()
		testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
		if r.count("key "+key) == before {
			t.Errorf("Told is after %s, which was not told", c.name)
		}
	}
	if told, now := w.Told(), time.Now(); told.After(now) {
		t.Errorf("Told() = %v, which is later than now, %v", told, now)
	}
}

func TestWatchTellsExpiry(t *testing.T) {
	s := shared(t)
	ns := namespace()
	r, _ := watch(t, s, ns)
	key := ns + ":k"
	if err := s.Set(t.Context(), []cache.Entry{{Key: key, Life: 100 * time.Millisecond}}); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, "both the value and its expiry are told", func() bool {
		_, err := s.Get(t.Context(), key) // or else Redis notices when its sweep comes by
		return err == nil && r.count("key "+key) >= 2
	})
}

func TestWatchIsDeafToOthers(t *testing.T) {
	s := shared(t)
	ns := namespace()
	r, w := watch(t, s, ns)
	set(t, s, ns+"x:k", "v")
	set(t, s, testserver.Prefix()+"k", "v")
	set(t, s, ns+":value", "v")
	begun := len(r.all())
	testserver.Eventually(t, "the value is told", func() bool { return r.count("key "+ns+":value") > 0 })
	claim(t, s, ns+":value", token(), true) // a lease beside it
	if _, err := s.Invalidate(t.Context(), namespace(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	done := time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
	for _, e := range r.all()[begun:] {
		if e != "key "+ns+":value" && e != "lost" {
			t.Errorf("told %q", e)
		}
	}
}

func TestWatchTellsTagsInOrder(t *testing.T) {
	s, other := shared(t), shared(t)
	ns := namespace()
	r, w := watch(t, s, ns)
	var want []string
	for _, tags := range [][]string{{"a"}, {"b", "a"}, {"c"}, nil, {"d"}} {
		g, err := other.Invalidate(t.Context(), ns, tags)
		if err != nil {
			t.Fatal(err)
		}
		done := time.Now()
		testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
		if tags == nil {
			tags = []string{""}
		}
		slices.Sort(tags)
		for _, tag := range tags {
			want = append(want, "tag "+tag+" "+decimal(g))
		}
		for _, e := range want {
			if !slices.Contains(r.all(), e) {
				t.Errorf("Told is after Invalidate(%q), and %q is not among %q", tags, e, r.all())
			}
		}
	}
	told := slices.DeleteFunc(r.all(), func(e string) bool { return !slices.Contains(want, e) })
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestToldStandsStillWhileTagsCannotBeRead(t *testing.T) {
	s, c := shared(t), rawShared(t)
	ns := namespace()
	r, w := watch(t, s, ns)
	_, good := watch(t, s, namespace())
	lost := r.count("lost")
	tags := "{" + ns + "}:g"
	command(t, c, "RPUSH", tags, "poison")
	poisoned := time.Now()
	testserver.Eventually(t, "the other watch's Told moves on", func() bool { return good.Told().After(poisoned) })
	if told := w.Told(); told.After(poisoned) {
		t.Errorf("Told() = %v, want no later than %v, when the tags became unreadable", told, poisoned)
	}
	command(t, c, "DEL", tags)
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(poisoned) })
	if r.count("lost") == lost {
		t.Error("Told moved on over the loss of the tags without Lost")
	}
}

func TestAClosedWatchIsSilent(t *testing.T) {
	s := shared(t)
	ns := namespace()
	r, w := watch(t, s, ns)
	_, still := watch(t, s, ns)
	w.Close()
	w.Close()
	before := len(r.all())
	set(t, s, ns+":k", "v")
	done := time.Now()
	testserver.Eventually(t, "the other watch's Told moves on", func() bool { return still.Told().After(done) })
	if after := len(r.all()); after != before {
		t.Errorf("a closed watch told %q", r.all()[before:])
	}
}

func TestALostConnectionIsToldAsLost(t *testing.T) {
	s, c := shared(t), rawShared(t)
	ns := namespace()
	invalidate(t, s, ns, "a")
	r, w := watch(t, s, ns)
	done := time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
	lost := r.count("lost")
	// Every connection but this one: the watch's and the store's among them.
	command(t, c, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	done = time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
	if n := r.count("lost") - lost; n < 2 {
		t.Errorf("Told moved on over a lost connection with Lost called %d times, want it when it breaks and when it is there again", n)
	}
	set(t, s, ns+":k", "v")
	testserver.Eventually(t, "keys are told again", func() bool { return r.count("key "+ns+":k") > 0 })
}

func TestFlushIsToldAsLost(t *testing.T) {
	n := node(t)
	s := ready(t, url(n), redis.Config{})
	r, w := watch(t, s, "n")
	first, err := s.Invalidate(t.Context(), "n", []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	lost := r.count("lost")
	command(t, raw(t, n.Address()), "FLUSHALL")
	done := time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
	if r.count("lost") == lost {
		t.Error("Told moved on over FLUSHALL without Lost")
	}
	of, now, err := s.Generations(t.Context(), "n", []string{"a", "b"})
	if err != nil || now <= first || of[0] != now || of[1] != now {
		t.Errorf("Generations after FLUSHALL = %d, %d, %v, want all above %d", of, now, err, first)
	}
}

func TestManyChangesAreAllTold(t *testing.T) {
	s, other := shared(t), shared(t)
	ns := namespace()
	r, w := watch(t, s, ns)
	var entries []cache.Entry
	for i := range 2000 {
		entries = append(entries, entry(ns+":"+decimal(int64(i)), "v"))
	}
	if err := other.Set(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	done := time.Now()
	testserver.Eventually(t, "Told moves on", func() bool { return w.Told().After(done) })
	told := make(map[string]bool)
	for _, e := range r.all() {
		told[e] = true
	}
	for _, e := range entries {
		if !told["key "+e.Key] {
			t.Fatalf("%s was not told", e.Key)
		}
	}
}
