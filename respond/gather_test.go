package respond_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/callsite"
	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/respond"
)

// takes returns a call that returns v after d, or when its context ends.
func takes(d time.Duration, v int, err error) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		select {
		case <-time.After(d):
			return v, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

type (
	callKey  struct{}
	heldPart struct{ held []ledger.HeldCall }
)

func (p *heldPart) End(s ledger.Summary) { p.held = s.Held }

// A call that a transaction waits for is known with the group's context, and by
// the line that asked for it, although it runs on a goroutine of its own.
func TestCallHasItsContextAndItsLine(t *testing.T) {
	var l ledger.Ledger
	l.Open(t.Context(), time.Now())
	held := new(heldPart)
	l.Part(held, func(any) ledger.Part { return held })
	l.TransactionStart("payment")
	g := respond.Gather(context.WithValue(&l, callKey{}, "inner"), respond.GatherConfig{})
	_, _, line, _ := runtime.Caller(0)
	respond.Call(g, "pricing", fetchPrice)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	l.End(time.Now(), ledger.Summary{})
	if len(held.held) != 1 || held.held[0].Context.Value(callKey{}) != "inner" {
		t.Fatalf("held calls = %+v, want one with the context of the group", held.held)
	}
	finder := callsite.NewFinder(nil)
	frames := finder.Frames(held.held[0].Stack[:])
	site, _ := callsite.Choose(frames)
	if site < 0 {
		t.Fatalf("frames of the held call = %v, want one of this test", frames)
	}
	if got, want := finder.Where(frames[site].Frame), fmt.Sprintf("respond/gather_test.go:%d", line+1); got != want {
		t.Errorf("the held call is at %s, want %s", got, want)
	}
}

func fetchPrice(context.Context) (int, error) { return 7, nil }

func TestGatherRunsAtOnceAndBooksSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger.Ledger
		start := time.Now()
		l.Open(t.Context(), start)
		g := respond.Gather(&l, respond.GatherConfig{})
		price := respond.Call(g, "pricing", takes(2*time.Second, 7, nil))
		stock := respond.Call(g, "stock", takes(time.Second, 9, nil))
		if _, err := price.Get(); err == nil {
			t.Error("Get before Wait succeeded")
		}
		if err := g.Wait(); err != nil {
			t.Fatalf("Wait = %v, want nil", err)
		}
		p, perr := price.Get()
		s, serr := stock.Get()
		if p != 7 || s != 9 || perr != nil || serr != nil {
			t.Errorf("results = %d, %v and %d, %v, want 7 and 9", p, perr, s, serr)
		}
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("took %v, want 2s", d)
		}
		want := []ledger.Span{{Name: "stock", Count: 1, Time: time.Second}, {Name: "pricing", Count: 1, Time: 2 * time.Second}}
		if got := l.Spans(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("spans = %v, want %v", got, want)
		}
	})
}

func TestGatherFirstFailureCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := respond.Gather(t.Context(), respond.GatherConfig{})
		slow := respond.Call(g, "slow", takes(5*time.Second, 1, nil))
		respond.Call(g, "broken", takes(time.Second, 0, errSecret))
		err := g.Wait()
		var ce *respond.CallError
		if !errors.As(err, &ce) || ce.Name != "broken" || !errors.Is(err, errSecret) || ce.HTTPStatus() != 502 {
			t.Errorf("Wait = %v, want the failure of broken", err)
		}
		if _, err := slow.Get(); !errors.Is(err, context.Canceled) {
			t.Errorf("the other = %v, want canceled", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("took %v, want 1s", d)
		}
	})
}

func TestGatherPartial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := respond.Gather(t.Context(), respond.GatherConfig{Partial: true, Timeout: 3 * time.Second})
		fine := respond.Call(g, "fine", takes(2*time.Second, 1, nil))
		respond.Call(g, "late", takes(5*time.Second, 1, nil))
		respond.Call(g, "broken", takes(time.Second, 0, errSecret))
		err := g.Wait()
		if v, ferr := fine.Get(); v != 1 || ferr != nil {
			t.Errorf("fine = %d, %v, want 1", v, ferr)
		}
		if !errors.Is(err, errSecret) || !errors.Is(err, context.DeadlineExceeded) ||
			strings.Index(err.Error(), "late") > strings.Index(err.Error(), "broken") {
			t.Errorf("Wait = %v, want late's and broken's in this order", err)
		}
		w := httptest.NewRecorder()
		if p := respond.Error(w, httptest.NewRequest("GET", "/", nil), err); p.Status != 504 {
			t.Errorf("Error = %d, want 504", p.Status)
		}
	})
}

// A call that ignores its context neither holds the answer nor writes to it.
func TestGatherLeavesTheDeafBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		release := make(chan struct{})
		g := respond.Gather(t.Context(), respond.GatherConfig{Timeout: time.Second})
		deaf := respond.Call(g, "deaf", func(context.Context) (int, error) { <-release; return 1, nil })
		late := respond.Call(g, "late", func(context.Context) (int, error) { <-release; return 0, errSecret })
		if err := g.Wait(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait = %v, want the deadline", err)
		}
		if d := time.Since(start); d != 1100*time.Millisecond {
			t.Errorf("took %v, want 1.1s", d)
		}
		close(release)
		synctest.Wait()
		if v, err := deaf.Get(); v != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("deaf = %d, %v, want nothing and the deadline", v, err)
		}
		if _, err := late.Get(); errors.Is(err, errSecret) {
			t.Errorf("late = %v, want the deadline as when Wait returned", err)
		}
	})
}

func TestGatherPanicAndExit(t *testing.T) {
	for name, do := range map[string]func(context.Context) (int, error){
		"panic": func(context.Context) (int, error) { panic("boom") },
		"exit":  func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
	} {
		g := respond.Gather(t.Context(), respond.GatherConfig{})
		respond.Call(g, "bad", do)
		err := g.Wait()
		var pe *respond.PanicError
		if errors.As(err, &pe) != (name == "panic") || err == nil {
			t.Errorf("%s: Wait = %v, want an error", name, err)
		}
		if pe != nil && (pe.Value != "boom" || !strings.Contains(string(pe.Stack), "gather_test.go")) {
			t.Errorf("%s: %v at %s, want the place of the panic", name, pe, pe.Stack)
		}
	}
}

func TestGatherLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var running, most int
		start := time.Now()
		g := respond.Gather(t.Context(), respond.GatherConfig{Limit: 3})
		for range 9 {
			respond.Call(g, "s", func(context.Context) (struct{}, error) {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				running--
				mu.Unlock()
				return struct{}{}, nil
			})
		}
		if err := g.Wait(); err != nil || most != 3 || time.Since(start) != 3*time.Second {
			t.Errorf("Wait = %v after %v with %d at once, want 3s and 3", err, time.Since(start), most)
		}
	})
}

func TestGatherEmpty(t *testing.T) {
	if err := respond.Gather(t.Context(), respond.GatherConfig{}).Wait(); err != nil {
		t.Errorf("Wait of nothing = %v, want nil", err)
	}
}
