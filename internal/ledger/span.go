package ledger

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// Span sums a request's calls to one external service.
type Span struct {
	Name  string
	Count int
	Time  time.Duration // summed over calls; concurrent calls count each
}

// StackDepth is how many frames of a stack are kept. Not smaller: frameworks
// put some twenty between a handler and what it calls. Not larger: each costs
// tens of nanoseconds to collect.
const StackDepth = 32

// A Stack holds the program counters of a stack, the innermost first, as
// [runtime.Callers] returns them; 0 from its end on.
type Stack [StackDepth]uintptr

// A HeldCall sums those calls to one external service, from one place, that
// ended while one transaction of the request, or others like it, were open: so
// long did they keep its connection and its locks.
type HeldCall struct {
	Name        string
	Stack       Stack           // from the caller of [Ledger.AddSpan] outwards, or where AddSpanFrom says
	Transaction any             // what [Ledger.TransactionStart] was told, the latest one's
	Context     context.Context // of the first of the calls
	Count       int
	Time        time.Duration
}

// maxHeld is how many places of held calls are told apart in a request; calls
// from further ones are left out. Not larger: each is 300 bytes, and nobody
// mends the seventeenth before the first.
const maxHeld = 16

// A SpanRecorder keeps the account of each external service over all requests.
// It is safe for concurrent use.
type SpanRecorder interface {
	RecordSpan(name string, d time.Duration)
}

// RecordSpans says who is told of the calls that [Ledger.AddSpanFrom] adds. It is
// called before the ledger is used.
func (l *Ledger) RecordSpans(r SpanRecorder) { l.recorder = r }

// AddSpan adds one call, made with ctx, to the external service called name. If
// a transaction of the request is open it also looks at the stack, which costs a
// microsecond.
func (l *Ledger) AddSpan(ctx context.Context, name string, d time.Duration) {
	l.addSpan(ctx, name, d, nil)
}

// AddSpanFrom is [Ledger.AddSpan] for a layer that times calls by itself, and
// does not end them where they were asked for, but on goroutines of their own:
// from is the stack of the place, and is not kept. The [SpanRecorder] is told,
// too, even of a call that outlives its request.
func (l *Ledger) AddSpanFrom(ctx context.Context, name string, d time.Duration, from *Stack) {
	l.addSpan(ctx, name, d, from)
	if l.recorder != nil {
		l.recorder.RecordSpan(name, d)
	}
}

func (l *Ledger) addSpan(ctx context.Context, name string, d time.Duration, from *Stack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.openLocked()
	if e == nil {
		return
	}
	i := slices.IndexFunc(e.spans, func(s Span) bool { return s.Name == name })
	if i < 0 {
		i = len(e.spans)
		e.spans = append(e.spans, Span{Name: name})
	}
	s := &e.spans[i]
	s.Count++
	s.Time += d
	if e.rare != nil && len(e.rare.open) > 0 {
		e.hold(ctx, name, d, from)
	}
}

// Spans returns a copy of the external calls so far, in order of first use.
func (l *Ledger) Spans() []Span {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.entries == nil {
		return nil
	}
	return append([]Span(nil), l.mu.entries.spans...)
}

// hold adds a call that a transaction waited for, from the stack where it was
// asked for; nil is that of AddSpan's caller.
func (e *entries) hold(ctx context.Context, name string, d time.Duration, from *Stack) {
	r := e.rare
	var pcs Stack
	if from != nil {
		pcs = *from
	} else {
		runtime.Callers(4, pcs[:]) // past Callers, hold, addSpan and AddSpan
	}
	by := r.open[len(r.open)-1]
	i := slices.IndexFunc(r.held, func(h HeldCall) bool { return h.Name == name && h.Transaction == by && h.Stack == pcs })
	if i < 0 {
		if len(r.held) == maxHeld {
			return
		}
		i = len(r.held)
		r.held = append(r.held, HeldCall{Name: name, Stack: pcs, Transaction: by, Context: ctx})
	}
	r.held[i].Count++
	r.held[i].Time += d
}
