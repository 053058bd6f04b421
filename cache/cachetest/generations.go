package cachetest

import (
	"strconv"
	"sync"
)

func generationCases() []testCase {
	return []testCase{
		{"Generations/NeverInvalidated", testNeverInvalidated},
		{"Generations/OneTag", testInvalidateOne},
		{"Generations/Many", testInvalidateMany},
		{"Generations/AllTags", testInvalidateAll},
		{"Generations/NamespacesApart", testNamespacesApart},
		{"Generations/AnyTag", testAnyTag},
		{"Generations/Concurrent", testInvalidateConcurrently},
	}
}

// generations returns the generations of tags, after checking what is true of
// all answers.
func (s *suite) generations(space string, tags ...string) (of []int64, now int64) {
	s.Helper()
	of, now, err := s.store.Generations(s.ctx, space, tags)
	s.must("Generations", err)
	if len(of) != len(tags) {
		s.Fatalf("Generations of %d tags = %d answers", len(tags), len(of))
	}
	for i, n := range of {
		if n <= 0 || n > now {
			s.Fatalf("generation of %q = %d, want 1 to the present one, %d", tags[i], n, now)
		}
	}
	if now <= 0 {
		s.Fatalf("present generation = %d, want more than 0", now)
	}
	return of, now
}

// generation returns that of one tag.
func (s *suite) generation(tag string) int64 {
	s.Helper()
	of, _ := s.generations(s.space, tag)
	return of[0]
}

// loadNow is what a loader does before it loads.
func (s *suite) loadNow() (generation int64) {
	s.Helper()
	_, now := s.generations(s.space)
	return now
}

func (s *suite) invalidate(tags ...string) (now int64) {
	s.Helper()
	now, err := s.store.Invalidate(s.ctx, s.space, tags)
	s.must("Invalidate", err)
	return now
}

// wantDead checks that what was loaded under a generation is dead for a tag.
func (s *suite) wantDead(tag string, loaded int64) {
	s.Helper()
	if of := s.generation(tag); loaded >= of {
		s.Errorf("generation of %q = %d, want above %d: what was loaded before has to be dead", tag, of, loaded)
	}
}

// wantAlive checks the contrary.
func (s *suite) wantAlive(tag string, loaded int64) {
	s.Helper()
	if of := s.generation(tag); loaded < of {
		s.Errorf("generation of %q = %d, want at most %d: what was loaded since has to be alive", tag, of, loaded)
	}
}

func testNeverInvalidated(s *suite) {
	loaded := s.loadNow()
	s.wantAlive("never", loaded)
	s.invalidate("other")
	s.wantAlive("never", loaded)
	s.wantAlive("never", s.loadNow())
	if again := s.loadNow(); again <= loaded {
		s.Errorf("present generation after Invalidate = %d, want above %d", again, loaded)
	}
}

func testInvalidateOne(s *suite) {
	for range 3 {
		before := s.loadNow()
		now := s.invalidate("tag")
		if of := s.generation("tag"); of != now {
			s.Errorf("generation of an invalidated tag = %d, want %d, which Invalidate returned", of, now)
		}
		if now <= before {
			s.Errorf("Invalidate = %d, want above %d", now, before)
		}
		s.wantDead("tag", before)
		s.wantAlive("tag", s.loadNow())
		s.wantAlive("other", before)
	}
}

func testInvalidateMany(s *suite) {
	var tags []string
	for i := range 1000 {
		tags = append(tags, "product:"+strconv.Itoa(i))
	}
	before := s.loadNow()
	now := s.invalidate(tags[:500]...)
	of, _ := s.generations(s.space, tags...)
	mistaken := 0
	for i := range tags {
		if i < 500 && of[i] != now {
			s.Fatalf("generation of invalidated tag %d = %d, want %d", i, of[i], now)
		}
		if i >= 500 && of[i] > before {
			mistaken++
		}
	}
	if mistaken > 2 {
		s.Fatalf("generations of %d of 500 other tags are above %d, want at most 2: more is no filter's mistake", mistaken, before)
	}
	second := s.invalidate(tags[0], tags[999], tags[0])
	of, _ = s.generations(s.space, tags[0], tags[1], tags[999])
	for i, want := range []int64{second, now, second} {
		if of[i] != want {
			s.Errorf("generation %d = %d, want %d", i, of[i], want)
		}
	}
}

func testInvalidateAll(s *suite) {
	s.invalidate("a", "b")
	before := s.loadNow()
	now := s.invalidate()
	for _, tag := range []string{"a", "b", "never"} {
		s.wantDead(tag, before)
		s.wantAlive(tag, now)
		s.wantAlive(tag, s.loadNow())
	}
	again := s.invalidate("a")
	s.wantDead("a", now)
	s.wantAlive("b", now)
	if again <= now {
		s.Errorf("Invalidate after one of all tags = %d, want above %d", again, now)
	}
}

func testNamespacesApart(s *suite) {
	other := newSuite(s.TB, s.store)
	s.invalidate("tag")
	here, there := s.loadNow(), other.loadNow()
	other.invalidate("tag")
	other.invalidate()
	s.wantAlive("tag", here)
	other.wantDead("tag", there)
	s.invalidate("tag")
	s.wantDead("tag", here)
}

func testAnyTag(s *suite) {
	tags := []string{"a", "A", "a ", "product:7", "ä€", "\xff\x00", "x\ny", "*", "all", "floor", "now", "{a}", "0"}
	for _, tag := range tags {
		before := s.loadNow()
		s.invalidate(tag)
		s.wantDead(tag, before)
		for _, other := range tags {
			if other != tag {
				s.wantAlive(other, before)
			}
		}
	}
}

// testInvalidateConcurrently: whoever has been told of an invalidation, and
// whoever asks after it, sees it.
func testInvalidateConcurrently(s *suite) {
	const workers, rounds = 8, 25
	var wg sync.WaitGroup
	results := make(chan []int64, workers)
	for worker := range workers {
		wg.Go(func() {
			var mine []int64
			defer func() { results <- mine }()
			own, shared := "own:"+strconv.Itoa(worker), "shared"
			last := int64(0)
			for range rounds {
				_, before, err := s.store.Generations(s.ctx, s.space, nil)
				if err != nil {
					s.Errorf("Generations failed: %v", err)
					return
				}
				now, err := s.store.Invalidate(s.ctx, s.space, []string{own, shared})
				if err != nil {
					s.Errorf("Invalidate failed: %v", err)
					return
				}
				of, after, err := s.store.Generations(s.ctx, s.space, []string{own, shared})
				if err != nil {
					s.Errorf("Generations failed: %v", err)
					return
				}
				if now <= before || now <= last || of[0] != now || of[1] < now || after < of[1] {
					s.Errorf("generations before %d, of Invalidate %d, of tags %d, after %d: want them to rise", before, now, of, after)
				}
				last = after
				mine = append(mine, now)
			}
		})
	}
	wg.Wait()
	close(results)
	seen := make(map[int64]bool)
	for mine := range results {
		for _, n := range mine {
			if seen[n] {
				s.Errorf("two calls of Invalidate = %d, want each to start a generation", n)
			}
			seen[n] = true
		}
	}
}
