package memory_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

func TestConfigNamesEveryProblem(t *testing.T) {
	_, err := memory.New(memory.Config{MaxBytes: 1<<20 - 1, MaxTags: -1, MaxLeases: -1})
	for _, field := range []string{"MaxBytes", "MaxTags", "MaxLeases"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field+" is") {
			t.Errorf("New = %v, want it to name %s", err, field)
		}
	}
}

func TestLargestEntry(t *testing.T) {
	s := open(t, memory.Config{MaxBytes: 32 << 20})
	try := func(size int) error {
		return s.Set(context.Background(), []cache.Entry{{Key: "a:k", Value: make([]byte, size), Life: time.Hour}})
	}
	if err := try(1<<20 - 8<<10); err != nil {
		t.Errorf("Set of almost 1/32 of MaxBytes = %v, want nil", err)
	}
	if err := try(1 << 20); !errors.Is(err, cache.ErrTooLarge) {
		t.Errorf("Set of 1/32 of MaxBytes and what it costs to keep = %v, want ErrTooLarge", err)
	}
	// What counts is what is kept.
	roomy := make([]byte, 10, 1<<20)
	err := s.Set(context.Background(), []cache.Entry{{Key: "a:k", Value: roomy, Life: time.Hour}})
	if !errors.Is(err, cache.ErrTooLarge) {
		t.Errorf("Set of a short slice of a large array = %v, want ErrTooLarge", err)
	}
}

// TestWritersEvict: large entries do not pile up in otter's queue of writes,
// which counts them and not their bytes.
func TestWritersEvict(t *testing.T) {
	const maxBytes, size, entries = 32 << 20, 512 << 10, 1000
	s := open(t, memory.Config{MaxBytes: maxBytes})
	value := string(make([]byte, size))
	for i := range entries {
		set(t, s, "a:"+strconv.Itoa(i), value, time.Hour)
		if held := (i + 1 - memory.Evicted(s)) * size; held > maxBytes*105/100 {
			t.Fatalf("%d bytes after %d writes, want at most 5%% above %d", held, i+1, maxBytes)
		}
	}
}

// TestForgottenTags: a tag that had to be forgotten is never of an older
// generation than it was, and tags invalidated since are.
func TestForgottenTags(t *testing.T) {
	const limit = 100
	ctx := context.Background()
	s := open(t, memory.Config{MaxTags: limit})
	generation := make(map[string]int64)
	invalidate := func(tag string) {
		now, err := s.Invalidate(ctx, "a", []string{tag})
		if err != nil {
			t.Fatal(err)
		}
		generation[tag] = now
	}
	// Half of the invalidations are of tags that come again and again: they fill
	// the queue with what is past.
	for i := range 10 * limit {
		invalidate("once" + strconv.Itoa(i))
		invalidate("again" + strconv.Itoa(i%10))
	}
	_, loaded, err := s.Generations(ctx, "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	remembered := 0
	for tag, want := range generation {
		of, _, err := s.Generations(ctx, "a", []string{tag})
		if err != nil {
			t.Fatal(err)
		}
		if of[0] < want || of[0] > loaded {
			t.Errorf("generation of %q = %d, want at least its own, %d, and at most the present one, %d", tag, of[0], want, loaded)
		}
		if of[0] == want {
			remembered++
		}
	}
	if remembered < limit || remembered > limit+1 {
		t.Errorf("%d tags are of their own generation, want the newest %d and the one that is the floor", remembered, limit)
	}
	of, _, err := s.Generations(ctx, "a", []string{"never"})
	if err != nil || of[0] <= generation["once0"] {
		t.Errorf("generation of a tag that never was = %v, %v, want above those that were forgotten", of, err)
	}
}

// TestMoreTagsThanAreRemembered in one call.
func TestMoreTagsThanAreRemembered(t *testing.T) {
	ctx := context.Background()
	s := open(t, memory.Config{MaxTags: 2})
	now, err := s.Invalidate(ctx, "a", []string{"1", "2", "3", "4"})
	if err != nil {
		t.Fatal(err)
	}
	of, _, err := s.Generations(ctx, "a", []string{"1", "2", "3", "4"})
	for i, n := range of {
		if n != now || err != nil {
			t.Errorf("generation %d = %d, %v, want %d", i, n, err, now)
		}
	}
}

// TestTooManyLeases: they are bounded, and one that was voided cannot fill.
func TestTooManyLeases(t *testing.T) {
	const claims = 20_000
	ctx := context.Background()
	s := open(t, memory.Config{MaxLeases: 1000})
	token := cache.Token{1}
	var entries []cache.Entry
	for i := range claims {
		key := "a:" + strconv.Itoa(i)
		items, err := s.Claim(ctx, []string{key}, cache.Claim{Token: token, Life: time.Hour})
		if err != nil || items[0].State != cache.Granted {
			t.Fatalf("Claim = %+v, %v, want Granted", items, err)
		}
		entries = append(entries, cache.Entry{Key: key, Value: []byte("v"), Life: time.Hour})
	}
	stored, err := s.Fill(ctx, entries, token)
	if err != nil {
		t.Fatal(err)
	}
	filled := bytes.Count(bools(stored), []byte{1})
	// Rounded up to a whole number for each of 256 stripes.
	if filled < 900 || filled > 1024 {
		t.Errorf("%d of %d leases could fill, want some 1000", filled, claims)
	}
}

func bools(in []bool) []byte {
	out := make([]byte, len(in))
	for i, b := range in {
		if b {
			out[i] = 1
		}
	}
	return out
}

// TestDeadLeasesMakeRoom: leases that have died cost the living nothing, were
// there room for a fifth of them.
func TestDeadLeasesMakeRoom(t *testing.T) {
	bubble(t, memory.Config{MaxLeases: 256 * 64}, func(t *testing.T, s *memory.Store) {
		ctx := context.Background()
		claim := func(key string, life time.Duration) {
			if _, err := s.Claim(ctx, []string{key}, cache.Claim{Token: cache.Token{1}, Life: life}); err != nil {
				t.Fatal(err)
			}
		}
		var living []string
		for i := range 1000 {
			living = append(living, "a:living"+strconv.Itoa(i))
			claim(living[i], time.Hour)
		}
		for round := range 40 {
			for i := range 2000 {
				claim("a:dead"+strconv.Itoa(round)+"."+strconv.Itoa(i), time.Millisecond)
			}
			time.Sleep(time.Millisecond)
		}
		if held, err := s.Extend(ctx, living, cache.Token{1}, time.Hour); held != len(living) || err != nil {
			t.Errorf("Extend of %d living leases = %d, %v, want all, nil", len(living), held, err)
		}
	})
}
