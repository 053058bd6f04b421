package redis_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func generations(t *testing.T, s *redis.Store, ns string, tags ...string) ([]int64, int64) {
	t.Helper()
	of, now, err := s.Generations(t.Context(), ns, tags)
	if err != nil {
		t.Fatal(err)
	}
	return of, now
}

func invalidate(t *testing.T, s *redis.Store, ns string, tags ...string) int64 {
	t.Helper()
	g, err := s.Invalidate(t.Context(), ns, tags)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// model is the slow, obvious version: every tag is remembered.
type model struct {
	of         map[string]int64
	floor, now int64
}

func (m *model) generation(tag string) int64 { return max(m.of[tag], m.floor) }

// TestGenerationsAgreeWithAModel also forgets tags: then a generation may be
// later than the model's, which kills too much, but never earlier.
func TestGenerationsAgreeWithAModel(t *testing.T) {
	for _, limit := range []int{0, 5} {
		t.Run(fmt.Sprintf("limit=%d", limit), func(t *testing.T) {
			s := open(t, testserver.Redis(t), redis.Config{MaxTags: limit})
			ns := namespace()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			_, now := generations(t, s, ns)
			m := model{of: make(map[string]int64), floor: now, now: now}
			names := []string{"a", "b", "now", "floor", ":", "", "x y\n", "\x00\xff", "g", "h", "i", "j"}
			for range 300 {
				var tags []string
				for _, n := range names {
					if rnd.IntN(6) == 0 {
						tags = append(tags, n)
					}
				}
				g := invalidate(t, s, ns, tags...)
				if g <= m.now {
					t.Fatalf("Invalidate = %d after %d", g, m.now)
				}
				m.now = g
				for _, tag := range tags {
					m.of[tag] = g
				}
				if tags == nil {
					m.floor = g
				}
				of, now := generations(t, s, ns, names...)
				if now != g {
					t.Fatalf("present generation = %d, want %d", now, g)
				}
				for i, n := range names {
					if want := m.generation(n); of[i] < want || limit == 0 && of[i] != want || of[i] > now {
						t.Fatalf("generation of %q = %d, want %d", n, of[i], want)
					}
				}
			}
			if limit == 0 {
				return
			}
			if n, err := command(t, rawShared(t), "ZCARD", "{"+ns+"}:g").AsInt64(); n > int64(limit)+2 || err != nil {
				t.Errorf("%d members, %v, want %d and two more", n, err, limit)
			}
		})
	}
}

func TestTheOldestTagsAreForgotten(t *testing.T) {
	s := open(t, testserver.Redis(t), redis.Config{MaxTags: 2})
	ns := namespace()
	a := invalidate(t, s, ns, "a")
	b := invalidate(t, s, ns, "b")
	c := invalidate(t, s, ns, "c") // forgets a
	of, now := generations(t, s, ns, "a", "b", "c", "never")
	if of[0] != a || of[1] != b || of[2] != c || of[3] != a || now != c {
		t.Errorf("generations = %d, %d, want a's %d for the tag that was never invalidated, then %d, %d", of, now, a, b, c)
	}
}

func TestGenerationsOfManyTags(t *testing.T) {
	s := shared(t)
	ns := namespace()
	tags := make([]string, 2500)
	for i := range tags {
		tags[i] = decimal(int64(i))
	}
	g := invalidate(t, s, ns, tags...)
	of, now := generations(t, s, ns, tags...)
	if len(of) != len(tags) || now != g {
		t.Fatalf("%d generations, %d now, want %d and %d", len(of), now, len(tags), g)
	}
	for i, got := range of {
		if got != g {
			t.Fatalf("generation of %q = %d, want %d", tags[i], got, g)
		}
	}
}

func TestALostSetKillsWhatWasLoadedBefore(t *testing.T) {
	s := shared(t)
	ns := namespace()
	r, _ := watch(t, s, ns)
	loaded := invalidate(t, s, ns, "a")
	lost := r.count("lost")
	command(t, rawShared(t), "DEL", "{"+ns+"}:g") // as eviction does
	testserver.Eventually(t, "the loss is told", func() bool { return r.count("lost") > lost })
	of, now := generations(t, s, ns, "a", "b")
	if of[0] <= loaded || of[1] <= loaded || now < of[0] {
		t.Errorf("generations = %d, %d, want all above %d", of, now, loaded)
	}
	if g := invalidate(t, s, ns, "a"); g <= now {
		t.Errorf("Invalidate = %d, want above %d", g, now)
	}
}

// TestGenerationsRiseWhenTheClockDoesNot is a failover to a server whose clock
// is behind.
func TestGenerationsRiseWhenTheClockDoesNot(t *testing.T) {
	s := shared(t)
	ns := namespace()
	_, now := generations(t, s, ns)
	now += int64(time.Hour / time.Microsecond)
	command(t, rawShared(t), "ZADD", "{"+ns+"}:g", decimal(now), "now")
	for range 3 {
		now++
		if g := invalidate(t, s, ns, "a"); g != now {
			t.Errorf("Invalidate = %d, want %d", g, now)
		}
	}
}

// A namespace that nobody uses any more must not stay for ever.
func TestTheTagsOfAnUnusedNamespaceLeave(t *testing.T) {
	s := shared(t)
	c := rawShared(t)
	for name, use := range map[string]func(ns string){
		"Generations":    func(ns string) { generations(t, s, ns, "a") },
		"Invalidate":     func(ns string) { invalidate(t, s, ns, "a") },
		"Invalidate all": func(ns string) { invalidate(t, s, ns) },
	} {
		ns := namespace()
		use(ns)
		life, err := command(t, c, "PTTL", "{"+ns+"}:g").AsInt64()
		if err != nil || time.Duration(life)*time.Millisecond < 29*24*time.Hour {
			t.Errorf("after %s, the life of the set is %d ms, %v, want 30 days", name, life, err)
		}
	}
}
