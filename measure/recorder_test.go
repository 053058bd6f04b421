package measure_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/measure"
)

func TestNewRefuses(t *testing.T) {
	for _, n := range []int{-1, 1<<16 + 1} {
		rec, err := measure.New(measure.Config{MaxSeries: n})
		if rec != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("Config.MaxSeries is %d, want", n)) {
			t.Errorf("New(MaxSeries: %d) = %v, %v, want an error that names the field and value", n, rec, err)
		}
	}
}

func TestBegin(t *testing.T) {
	tests := []struct {
		op     measure.Operation
		status int
		want   string
	}{
		{measure.Operation{Method: "GET", Route: "/a"}, 200, "GET /a 2xx"},
		{measure.Operation{Method: "GET"}, 404, "GET unmatched 4xx"},
		{measure.Operation{Route: "nightly"}, 500, "job nightly 5xx"},
		{measure.Operation{Method: measure.MethodJob, Route: "nightly"}, 200, "job nightly 2xx"},
		{measure.Operation{Method: "EVIL", Route: "/a"}, 700, "other /a 5xx"},
		{measure.Operation{Method: "GET", Route: "/a"}, 0, "GET /a 1xx"},
	}
	for _, tt := range tests {
		rec := newRecorder(t, measure.Config{})
		op := rec.Begin(t.Context(), tt.op)
		if ledger.From(op.Context()) == nil {
			t.Errorf("Begin(%+v): no ledger in the context", tt.op)
		}
		op.End(tt.status)
		op.End(503) // only the first call counts
		if got := keys([]measure.Series{only(t, rec)})[0]; got != tt.want {
			t.Errorf("Begin(%+v).End(%d) counts as %q, want %q", tt.op, tt.status, got, tt.want)
		}
		if got := rec.Snapshot().InFlight; got != 0 {
			t.Errorf("in flight after End = %d, want 0", got)
		}
	}
}

func TestBeginCanceled(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	op := rec.Begin(ctx, measure.Operation{Method: "GET", Route: "/a"})
	if got := rec.Snapshot().InFlight; got != 1 {
		t.Errorf("in flight = %d, want 1", got)
	}
	cancel()
	op.End(http.StatusOK)
	if got := only(t, rec).Class; got != measure.ClassCanceled {
		t.Errorf("class = %q, want %q", got, measure.ClassCanceled)
	}
}

func TestDo(t *testing.T) {
	failed := errors.New("no paper")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context //nolint:containedctx // a test's table
		err  error
		want string
	}{
		{"done", t.Context(), nil, "2xx"},
		{"failed", t.Context(), failed, "5xx"},
		{"canceled", canceled, fmt.Errorf("read: %w", context.Canceled), "canceled"},
		{"done though canceled", canceled, nil, "2xx"},
		{"somebody else was canceled", t.Context(), context.Canceled, "5xx"},
		{"timed out", t.Context(), context.DeadlineExceeded, "5xx"},
	}
	for _, tt := range tests {
		rec := newRecorder(t, measure.Config{ProfileLabels: true})
		err := rec.Do(tt.ctx, "print invoices", func(ctx context.Context) error {
			if got := rec.Snapshot().InFlight; got != 0 {
				t.Errorf("%s: a job counts as %d requests in flight, want 0", tt.name, got)
			}
			ledger.From(ctx).AddWait(time.Second)
			return tt.err
		})
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: Do() = %v, want %v", tt.name, err, tt.err)
		}
		s := only(t, rec)
		if got, want := keys([]measure.Series{s})[0], "job print invoices "+tt.want; got != want {
			t.Errorf("%s: counts as %q, want %q", tt.name, got, want)
		}
		if s.Total.SQLWait != time.Second {
			t.Errorf("%s: SQLWait = %v, want 1s", tt.name, s.Total.SQLWait)
		}
	}
}

func TestDoPanics(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	func() {
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("recovered %v, want boom", got)
			}
		}()
		_ = rec.Do(t.Context(), "job", func(context.Context) error { panic("boom") })
	}()
	if got := only(t, rec).Class; got != "5xx" {
		t.Errorf("class = %q, want 5xx", got)
	}
}

// What another layer has timed is in the service's account as what Span has.
func TestSpanOfAnotherLayer(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	op := rec.Begin(t.Context(), measure.Operation{Method: "GET", Route: "/"})
	l, ctx := ledger.From(op.Context()), op.Context()
	l.AddSpanFrom(ctx, "pricing", 2*time.Millisecond, new(ledger.Stack))
	op.End(http.StatusOK)
	l.AddSpanFrom(ctx, "pricing", 3*time.Millisecond, new(ledger.Stack)) // outlives the request
	if got := l.Spans(); len(got) != 1 || got[0].Count != 1 || got[0].Time != 2*time.Millisecond {
		t.Errorf("ledger spans = %+v, want the one call to pricing that ended in time", got)
	}
	spans := rec.Snapshot().Spans
	if len(spans) != 1 || spans[0].Name != "pricing" || spans[0].Total.Count != 2 || spans[0].Total.Max != 3*time.Millisecond {
		t.Errorf("Spans = %+v, want both calls to pricing", spans)
	}
}

func TestSpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(t, measure.Config{})
		op := rec.Begin(t.Context(), measure.Operation{Method: "GET", Route: "/"})
		for i := range 3 {
			s := measure.Span(op.Context(), "stripe")
			time.Sleep(time.Duration(i+1) * time.Millisecond)
			s.End()
		}
		l := ledger.From(op.Context())
		if got := l.Spans(); len(got) != 1 || got[0] != (ledger.Span{Name: "stripe", Count: 3, Time: 6 * time.Millisecond}) {
			t.Errorf("ledger spans = %+v, want 3 calls to stripe of 6ms", got)
		}
		late := measure.Span(op.Context(), "mail")
		op.End(http.StatusOK)
		time.Sleep(time.Second)
		late.End() // outlives the request: the service's own account has it
		spans := rec.Snapshot().Spans
		if len(spans) != 2 || spans[0].Name != "mail" || spans[1].Name != "stripe" {
			t.Fatalf("Spans = %+v, want mail and stripe", spans)
		}
		if got := spans[0].Total; got.Count != 1 || got.Max != time.Second {
			t.Errorf("mail: count, max = %d, %v, want 1, 1s", got.Count, got.Max)
		}
		if got := spans[1].Minute; got.Count != 3 || got.Max != 3*time.Millisecond {
			t.Errorf("stripe: count, max = %d, %v, want 3, 3ms", got.Count, got.Max)
		}
	})
}

type (
	spanKey  struct{}
	heldPart struct{ held []ledger.HeldCall }
)

func (p *heldPart) End(s ledger.Summary) { p.held = s.Held }

// A call that a transaction waits for is known with the context it was made
// with.
func TestSpanHasItsContext(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	held := new(heldPart)
	serve(t, rec.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l := ledger.From(r.Context())
		l.Part(held, func(any) ledger.Part { return held })
		l.TransactionStart("payment")
		measure.Span(context.WithValue(r.Context(), spanKey{}, "inner"), "stripe").End()
	})), http.MethodPost, "/orders")
	if len(held.held) != 1 || held.held[0].Context.Value(spanKey{}) != "inner" {
		t.Errorf("held calls = %+v, want one with the context of its Span", held.held)
	}
}

func TestSpanWithoutRequest(t *testing.T) {
	measure.Span(t.Context(), "stripe").End() // must not panic
	var zero measure.Timer
	zero.End()
}

func TestSpanNamesAreBounded(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	op := rec.Begin(t.Context(), measure.Operation{})
	for i := range 1000 {
		measure.Span(op.Context(), fmt.Sprint("customer ", i)).End()
	}
	spans := rec.Snapshot().Spans
	if len(spans) != 65 {
		t.Errorf("%d span names, want 64 and other", len(spans))
	}
	if got := len(ledger.From(op.Context()).Spans()); got != 65 {
		t.Errorf("%d spans in the ledger, want 64 and other", got)
	}
	for _, s := range spans {
		if s.Name == measure.RouteOther && s.Total.Count != 1000-64 {
			t.Errorf("other counts %d, want %d", s.Total.Count, 1000-64)
		}
	}
}

func TestSpanAllocatesNothing(t *testing.T) {
	op := newRecorder(t, measure.Config{}).Begin(t.Context(), measure.Operation{})
	measure.Span(op.Context(), "stripe").End()
	if got := testing.AllocsPerRun(100, func() { measure.Span(op.Context(), "stripe").End() }); got != 0 {
		t.Errorf("a span allocates %v times, want 0", got)
	}
}
