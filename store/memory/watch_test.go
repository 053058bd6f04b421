package memory_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// TestToldBeforeTheReply: no deadline, for the store is in this process.
func TestToldBeforeTheReply(t *testing.T) {
	s := open(t, memory.Config{})
	var told []string
	w, err := s.Watch("a", cache.Events{
		Key:  func(key string) { told = append(told, key) },
		Tag:  func(tag string, n int64) { told = append(told, tag+strconv.FormatInt(n, 10)) },
		Lost: func() { told = append(told, "lost") },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	want := func(what string) {
		t.Helper()
		if len(told) == 0 || told[len(told)-1] != what {
			t.Errorf("told %q, want the last to be %q", told, what)
		}
		told = nil
	}
	want("lost")
	set(t, s, "a:set", "1", time.Hour)
	want("a:set")
	_, _ = s.Touch(ctx, "a:set", time.Minute)
	want("a:set")
	_, _ = s.Delete(ctx, []string{"a:set"})
	want("a:set")
	now, _ := s.Invalidate(ctx, "a", []string{"tag"})
	want("tag" + strconv.FormatInt(now, 10))
	if _, err := s.Delete(ctx, []string{"a:missing"}); err != nil || told != nil {
		t.Errorf("Delete of a missing key = %v and told %q, want nil and nothing", err, told)
	}
	// With nothing under way, the watch is never behind.
	for range 3 {
		before := s.Now()
		if got := w.Told(); got.Before(before) {
			t.Errorf("Told = %v before the present", before.Sub(got))
		}
	}
	_ = s.Close()
	stopped := w.Told()
	if again := w.Told(); !again.Equal(stopped) {
		t.Errorf("Told of a closed store = %v, then %v, want it to stand still", stopped, again)
	}
}

// TestToldWaits: while a change is being told, Told is before it, though others
// come without a pause, so that a watch that is told next is not behind its Told.
func TestToldWaits(t *testing.T) {
	s := open(t, memory.Config{})
	ctx := context.Background()
	var w cache.Watch
	told := 0
	look := func() {
		told++
		if at := s.Now(); w.Told().After(at) {
			t.Errorf("Told during call %d is after a change that is being told", told)
		}
	}
	w, err := s.Watch("a", cache.Events{Key: func(string) { look() }, Tag: func(string, int64) { look() }})
	if err != nil {
		t.Fatal(err)
	}
	entry := cache.Entry{Key: "a:k", Value: []byte("1"), Life: time.Hour}
	changes := []func() error{
		func() error { return s.Set(ctx, []cache.Entry{entry}) },
		func() error { _, err := s.Increment(ctx, entry.Key, 1, time.Hour); return err },
		func() error { _, err := s.Touch(ctx, entry.Key, time.Hour); return err },
		func() error { _, err := s.Delete(ctx, []string{entry.Key}); return err },
		func() error { _, err := s.Add(ctx, entry); return err },
		func() error {
			_, _ = s.Claim(ctx, []string{entry.Key}, cache.Claim{Token: cache.Token{1}, Life: time.Hour, Refresh: true})
			_, err := s.Fill(ctx, []cache.Entry{entry}, cache.Token{1})
			return err
		},
		func() error { _, err := s.Invalidate(ctx, "a", []string{"tag"}); return err },
		func() error { _, err := s.Invalidate(ctx, "a", nil); return err },
	}
	for i, change := range changes {
		if err := change(); err != nil || told != i+1 {
			t.Fatalf("change %d = %v and told %d, want nil and told %d", i, err, told, i+1)
		}
	}
}

// TestToldUnderLoad: Told moves on while changes overlap without a pause.
func TestToldUnderLoad(t *testing.T) {
	s := open(t, memory.Config{})
	w, err := s.Watch("a", cache.Events{})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for writer := range 4 {
		wg.Go(func() {
			key := "a:" + strconv.Itoa(writer)
			for {
				select {
				case <-stop:
					return
				default:
					_ = s.Set(context.Background(), []cache.Entry{{Key: key, Value: []byte("v"), Life: time.Hour}})
				}
			}
		})
	}
	const want = 100 // a writer that loses its processor holds each for a time slice
	moves, last := 0, time.Time{}
	for end := time.Now().Add(10 * time.Second); moves < want && time.Now().Before(end); {
		up := w.Told()
		if up.Before(last) {
			t.Fatalf("Told went back from %v to %v", last, up)
		}
		if up.After(last) {
			moves++
		}
		last = up
	}
	close(stop)
	wg.Wait()
	if moves < want {
		t.Errorf("Told moved %d times in 10s, want %d", moves, want)
	}
}

// TestClosedWhileOthersAreTold: a watch that is closed while the one before it
// is being told is not told any more.
func TestClosedWhileOthersAreTold(t *testing.T) {
	s := open(t, memory.Config{})
	var second cache.Watch
	closed := make(chan struct{})
	_, err := s.Watch("a", cache.Events{Key: func(string) {
		go func() {
			second.Close()
			close(closed)
		}()
		<-closed
	}})
	if err != nil {
		t.Fatal(err)
	}
	second, err = s.Watch("a", cache.Events{Key: func(key string) { t.Errorf("a closed watch was told %q", key) }})
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, "a:k", "1", time.Hour)
}
