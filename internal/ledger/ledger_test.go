package ledger_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 picks one")

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func open(t testing.TB) *ledger.Ledger {
	t.Helper()
	var l ledger.Ledger
	l.Open(t.Context(), start)
	return &l
}

type interval struct{ from, to time.Duration }

// union is the obvious version: mark every tick that any interval covers.
func union(intervals []interval, until time.Duration) time.Duration {
	covered := make([]bool, until)
	for _, iv := range intervals {
		for i := iv.from; i < min(iv.to, until); i++ {
			covered[i] = true
		}
	}
	n := 0
	for _, c := range covered {
		if c {
			n++
		}
	}
	return time.Duration(n)
}

func TestTimeIsTheUnionOfIntervals(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("replay with -seed=%d", s)
	r := rand.New(rand.NewPCG(s, s))
	const length = 300
	for range 300 {
		type event struct {
			at    time.Duration
			begin bool
		}
		var intervals []interval
		var events []event
		for range r.IntN(12) {
			from := time.Duration(r.IntN(length))
			to := from + time.Duration(r.IntN(length)) // some go on beyond the end
			intervals = append(intervals, interval{from, to})
			events = append(events, event{from, true}, event{to, false})
		}
		slices.SortStableFunc(events, func(a, b event) int {
			if a.at != b.at {
				return int(a.at - b.at)
			}
			if a.begin && !b.begin {
				return -1 // an interval of no length begins first
			}
			return 1
		})
		l := open(t)
		end := time.Duration(r.IntN(length))
		for _, e := range events {
			if e.at > end {
				break
			}
			if e.begin {
				l.StatementStart(at(e.at))
			} else {
				l.StatementEnd(at(e.at), 1, false)
			}
		}
		want := union(intervals, end)
		if got := l.SQL(at(end)).Time; got != want {
			t.Fatalf("SQL(%d).Time of %v = %d, want %d", end, intervals, got, want)
		}
		if got := l.End(at(end), ledger.Summary{}).Time; got != want {
			t.Fatalf("End(%d).Time of %v = %d, want %d", end, intervals, got, want)
		}
	}
}

func TestSums(t *testing.T) {
	l := open(t)
	l.StatementStart(at(0))
	l.StatementEnd(at(10), 50, false)
	l.StatementStart(at(20))
	l.StatementEnd(at(25), 3, true)
	l.AddWait(7)
	l.AddWait(8)
	want := ledger.SQL{Statements: 2, Errors: 1, Rows: 53, Time: 15, Wait: 15}
	if got := l.SQL(at(30)); got != want {
		t.Errorf("SQL() = %+v, want %+v", got, want)
	}
}

// A clock that steps back must not make the account fall.
func TestTimeNeverFalls(t *testing.T) {
	l := open(t)
	l.StatementStart(at(100))
	l.StatementEnd(at(40), 0, false)
	if got := l.SQL(at(0)).Time; got != 0 {
		t.Errorf("Time after an end before its start = %v, want 0", got)
	}
}

func TestSpansAreSummedByName(t *testing.T) {
	l := open(t)
	l.AddSpan(t.Context(), "stripe", 5)
	l.AddSpan(t.Context(), "mail", 1)
	l.AddSpan(t.Context(), "stripe", 6)
	want := []ledger.Span{{Name: "stripe", Count: 2, Time: 11}, {Name: "mail", Count: 1, Time: 1}}
	got := l.Spans()
	if !slices.Equal(got, want) {
		t.Errorf("Spans() = %+v, want %+v", got, want)
	}
	got[0].Count = 99
	if l.Spans()[0].Count != 2 {
		t.Error("Spans() hands out the ledger's own slice, want a copy")
	}
}

func TestLookupsAreSummedByName(t *testing.T) {
	l := open(t)
	l.AddLookups(ledger.Lookups{Name: "product", Misses: 1})
	l.AddLookups(ledger.Lookups{Name: "user", Hits: 1})
	l.AddLookups(ledger.Lookups{Name: "product", Hits: 2, Stale: 3, Misses: 4, Loads: 5, LoadTime: 6})
	want := []ledger.Lookups{{Name: "product", Hits: 2, Stale: 3, Misses: 5, Loads: 5, LoadTime: 6}, {Name: "user", Hits: 1}}
	got := l.Lookups()
	if !slices.Equal(got, want) {
		t.Errorf("Lookups() = %+v, want %+v", got, want)
	}
	got[0].Hits = 99
	if l.Lookups()[0].Hits != 2 {
		t.Error("Lookups() hands out the ledger's own slice, want a copy")
	}
	p := &part{ended: new([]string)}
	l.Part(p, func(any) ledger.Part { return p })
	l.End(at(1), ledger.Summary{})
	if !slices.Equal(p.last.Cache, want) {
		t.Errorf("Summary.Cache = %+v, want %+v", p.last.Cache, want)
	}
	l.AddLookups(ledger.Lookups{Name: "user", Hits: 1})
	if again := l.Lookups(); !slices.Equal(again, want) {
		t.Errorf("Lookups() after the end = %+v, want %+v", again, want)
	}
}

func TestLateWritesAreDropped(t *testing.T) {
	l := open(t)
	l.StatementStart(at(10)) // still under way at the end
	l.AddSpan(t.Context(), "stripe", 5)
	want := ledger.SQL{Statements: 1, Time: 20}
	if got := l.End(at(30), ledger.Summary{}); got != want {
		t.Errorf("End() = %+v, want %+v: a statement under way counts up to the end", got, want)
	}
	l.StatementEnd(at(40), 9, true)
	if l.StatementStart(at(50)) {
		t.Error("StatementStart() after the end = true, want false")
	}
	l.AddWait(1)
	l.AddSpan(t.Context(), "late", 1)
	if got := l.SQL(at(60)); got != want {
		t.Errorf("SQL() after the end = %+v, want %+v", got, want)
	}
	if got := l.Spans(); len(got) != 1 {
		t.Errorf("Spans() after the end = %+v, want stripe only", got)
	}
	if got := l.End(at(70), ledger.Summary{}); got != want {
		t.Errorf("second End() = %+v, want %+v", got, want)
	}
}

// part notes how it was ended.
type part struct {
	name  string
	ended *[]string
	last  ledger.Summary
}

func (p *part) End(s ledger.Summary) {
	*p.ended = append(*p.ended, p.name)
	p.last = s
}

func TestPartsEndOnceInOrder(t *testing.T) {
	l := open(t)
	var ended []string
	join := func(name string) *part {
		return l.Part(name, func(owner any) ledger.Part {
			return &part{name: owner.(string), ended: &ended}
		}).(*part)
	}
	first, second := join("sqltrace"), join("cache")
	if join("sqltrace") != first {
		t.Error("Part() of the same owner made another part, want the same one")
	}
	l.StatementStart(at(1))
	l.StatementEnd(at(4), 2, false)
	l.End(at(9), ledger.Summary{Route: "/a", Status: 200})
	l.End(at(10), ledger.Summary{Route: "/b", Status: 500})
	if got, want := fmt.Sprint(ended), "[sqltrace cache]"; got != want {
		t.Errorf("ended = %v, want %v", got, want)
	}
	want := ledger.Summary{Route: "/a", Status: 200, SQL: ledger.SQL{Statements: 1, Rows: 2, Time: 3}}
	if !reflect.DeepEqual(first.last, want) || !reflect.DeepEqual(second.last, want) {
		t.Errorf("summaries = %+v, %+v, want %+v", first.last, second.last, want)
	}
	if join("sqltrace") != first {
		t.Error("Part() after the end lost the part that was there")
	}
	if got := l.Part("new", func(any) ledger.Part { return first }); got != nil {
		t.Errorf("Part() of a newcomer after the end = %v, want nil", got)
	}
}

// reenter writes to its ledger as it is ended, as a part may.
type reenter struct{ l *ledger.Ledger }

func (p reenter) End(ledger.Summary) {
	p.l.AddWait(1)
	p.l.Spans()
}

func TestPartsEndWithoutTheLock(t *testing.T) {
	l := open(t)
	l.Part(t, func(any) ledger.Part { return reenter{l} })
	l.End(at(1), ledger.Summary{}) // would deadlock
}

type keyType struct{}

func TestContext(t *testing.T) {
	if l := ledger.From(t.Context()); l != nil {
		t.Errorf("From() of a context without a ledger = %v, want nil", l)
	}
	parent, cancel := context.WithCancel(context.WithValue(t.Context(), keyType{}, "kept"))
	var l ledger.Ledger
	l.Open(parent, start)
	if !l.Start().Equal(start) {
		t.Errorf("Start() = %v, want %v", l.Start(), start)
	}
	child, stop := context.WithTimeout(context.WithValue(&l, t, 1), time.Hour)
	defer stop()
	if got := ledger.From(child); got != &l {
		t.Errorf("From(child) = %p, want %p", got, &l)
	}
	if got := child.Value(keyType{}); got != "kept" {
		t.Errorf("Value of the parent through the ledger = %v, want kept", got)
	}
	detached := context.WithoutCancel(child)
	cancel()
	if child.Err() == nil || l.Err() == nil {
		t.Errorf("after the parent's cancellation: child %v, ledger %v, want both canceled", child.Err(), l.Err())
	}
	if detached.Err() != nil || ledger.From(detached) != &l {
		t.Error("a detached context must live on and keep the ledger")
	}
	var inner ledger.Ledger
	inner.Open(&l, start)
	if got := ledger.From(&inner); got != &inner {
		t.Error("From() of a nested ledger is not the inner one")
	}
}

func TestFromAllocatesNothing(t *testing.T) {
	l := open(t)
	ctx, cancel := context.WithCancel(l)
	defer cancel()
	if got := testing.AllocsPerRun(100, func() { ledger.From(ctx) }); got != 0 {
		t.Errorf("From() allocates %v times, want 0", got)
	}
}

// counter counts how often it was ended.
type counter struct{ ended atomic.Int64 }

func (c *counter) End(ledger.Summary) { c.ended.Add(1) }

func TestConcurrentUse(t *testing.T) {
	const goroutines, each = 8, 200
	l := open(t)
	var parts sync.Map
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				now := time.Duration(g*each + i)
				if !l.StatementStart(at(now)) {
					t.Error("StatementStart() = false before the end")
				}
				l.AddWait(1)
				l.AddSpan(t.Context(), fmt.Sprint("service ", i%3), 1)
				l.Spans()
				l.SQL(at(now))
				p := l.Part(i%5, func(any) ledger.Part { return new(counter) })
				parts.Store(p, true)
				l.StatementEnd(at(now+1), 1, i%2 == 0)
			}
		})
	}
	wg.Wait()
	var enders sync.WaitGroup
	for range goroutines {
		enders.Go(func() { l.End(at(goroutines*each), ledger.Summary{}) })
	}
	enders.Wait()
	got := l.SQL(at(0))
	got.Time = 0 // depends on the schedule
	const n = goroutines * each
	if want := (ledger.SQL{Statements: n, Errors: n / 2, Rows: n, Wait: n}); got != want {
		t.Errorf("SQL() = %+v, want %+v", got, want)
	}
	owners := 0
	parts.Range(func(p, _ any) bool {
		owners++
		if n := p.(*counter).ended.Load(); n != 1 {
			t.Errorf("a part was ended %d times, want once", n)
		}
		return true
	})
	if owners != 5 {
		t.Errorf("%d parts for 5 owners", owners)
	}
}

func TestSpansInsideTransactionsAreHeld(t *testing.T) {
	l := open(t)
	l.AddSpan(t.Context(), "mail", time.Second)
	l.TransactionEnd(nil) // its start was not seen
	l.TransactionStart("outer")
	var line int
	for range 2 {
		_, _, line, _ = runtime.Caller(0)
		l.AddSpan(t.Context(), "mail", 2*time.Second)
	}
	l.TransactionStart("inner")
	l.TransactionEnd("unknown")
	l.TransactionEnd("outer")
	ctx := context.WithValue(t.Context(), atKey{}, "stock")
	l.AddSpan(ctx, "stock", 3*time.Second)
	l.TransactionEnd(nil)
	l.AddSpan(t.Context(), "mail", 4*time.Second)

	want := []ledger.Span{
		{Name: "mail", Count: 4, Time: 9 * time.Second},
		{Name: "stock", Count: 1, Time: 3 * time.Second},
	}
	if got := l.Spans(); !slices.Equal(got, want) {
		t.Errorf("Spans() = %+v, want %+v", got, want)
	}
	p := new(summaryPart)
	l.Part(p, func(any) ledger.Part { return p })
	l.StatementStart(at(time.Second))
	l.End(at(time.Minute), ledger.Summary{})
	if !slices.Equal(p.Spans, want) || p.Open != 1 {
		t.Errorf("Summary = %+v, want the spans %+v and one statement open", p.Summary, want)
	}
	if len(p.Held) != 2 || p.Held[0].Count != 2 || p.Held[0].Time != 4*time.Second || p.Held[1].Name != "stock" || p.Held[1].Time != 3*time.Second {
		t.Fatalf("Summary.Held = %+v, want 4 s of two calls to mail and 3 s of one to stock", p.Held)
	}
	if p.Held[0].Transaction != "outer" || p.Held[1].Transaction != "inner" || p.Held[1].Context != ctx {
		t.Errorf("Summary.Held = %+v, want mail in the outer and stock in the inner transaction, with its context", p.Held)
	}
	frame, _ := runtime.CallersFrames(p.Held[0].Stack[:1]).Next()
	if frame.Line != line+1 || !strings.HasSuffix(frame.File, "ledger_test.go") {
		t.Errorf("the call is held at %s:%d, want line %d of this file", frame.File, frame.Line, line+1)
	}
	l.TransactionStart("late") // after the end: dropped, and no panic
	l.TransactionEnd("late")
}

type atKey struct{}

// Calls from one place in unlike transactions are told apart, and summed in
// like ones.
func TestHeldCallsGoByTheirTransaction(t *testing.T) {
	l := open(t)
	for _, by := range []string{"a", "b", "a"} {
		l.TransactionStart(by)
		l.AddSpan(t.Context(), "mail", time.Second)
		l.TransactionEnd(by)
	}
	p := new(summaryPart)
	l.Part(p, func(any) ledger.Part { return p })
	l.End(at(time.Minute), ledger.Summary{})
	if len(p.Held) != 2 || p.Held[0].Transaction != "a" || p.Held[0].Count != 2 || p.Held[1].Transaction != "b" || p.Held[1].Count != 1 {
		t.Errorf("Summary.Held = %+v, want two calls in a and one in b", p.Held)
	}
}

func TestPlacesOfHeldCallsAreBounded(t *testing.T) {
	l := open(t)
	l.TransactionStart("all")
	for i := range 40 {
		l.AddSpan(t.Context(), fmt.Sprint("service ", i), time.Second)
	}
	p := new(summaryPart)
	l.Part(p, func(any) ledger.Part { return p })
	l.End(at(time.Minute), ledger.Summary{})
	if got := len(p.Held); got != 16 {
		t.Errorf("places of held calls = %d, want 16", got)
	}
}

type summaryPart struct{ ledger.Summary }

func (p *summaryPart) End(s ledger.Summary) { p.Summary = s }

func TestDetail(t *testing.T) {
	l := open(t)
	if l.Detailed() {
		t.Error("Detailed() = true, want false for a new ledger")
	}
	if got := l.Parts(); got != nil {
		t.Errorf("Parts() = %v, want none in a new ledger", got)
	}
	l.Detail()
	if !l.Detailed() {
		t.Error("Detailed() = false after Detail, want true")
	}
	a, b := new(summaryPart), new(summaryPart)
	l.Part(a, func(any) ledger.Part { return a })
	l.Part(b, func(any) ledger.Part { return b })
	if got := l.Parts(); len(got) != 2 || got[0] != ledger.Part(a) || got[1] != ledger.Part(b) {
		t.Errorf("Parts() = %v, want the two that joined, in their order", got)
	}
}
