package load

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Headers that carry a request's identity from the mix and from vegeta to the
// transport. Neither is sent.
const (
	routeHeader = "X-Hone-Load-Route"
	seqHeader   = "X-Vegeta-Seq"
)

var errInterrupted = errors.New("load: interrupted")

func tagRoute(h http.Header, route int) { h.Set(routeHeader, strconv.Itoa(route)) }

// An exchange is one request and what came of it. Its worker writes it; the
// collector reads it once the worker has sent vegeta's result over a channel,
// which orders the two.
type exchange struct {
	route  int
	status int   // 0 if no answer came
	bytes  int64 // of the body
	failed Kind  // why there is no complete answer, or empty
	cancel context.CancelCauseFunc
}

// exchanges is the transport of a run. It records what vegeta's results leave
// out (the kind of a failure and the bytes of a body that is not kept), applies
// the timeout, and can break off every request under way. It is safe for
// concurrent use.
type exchanges struct {
	base    http.RoundTripper
	timeout time.Duration
	active  atomic.Int64
	peak    atomic.Int64 // the most requests ever under way at once

	mu struct {
		sync.Mutex
		open        map[uint64]*exchange // by sequence number
		interrupted bool
	}
}

func newExchanges(base http.RoundTripper, timeout time.Duration) *exchanges {
	x := &exchanges{base: base, timeout: timeout}
	x.mu.open = make(map[uint64]*exchange)
	return x
}

// RoundTrip sends the request without hone's and vegeta's own headers.
func (x *exchanges) RoundTrip(req *http.Request) (*http.Response, error) {
	seq, err := strconv.ParseUint(req.Header.Get(seqHeader), 10, 64)
	if err != nil {
		return nil, err
	}
	route, err := strconv.Atoi(req.Header.Get(routeHeader))
	if err != nil {
		return nil, err
	}
	cancelable, cancel := context.WithCancelCause(req.Context())
	ctx, release := context.WithTimeout(cancelable, x.timeout)
	e := &exchange{route: route, cancel: cancel}
	x.begin(seq, e)
	end := func() {
		release()
		cancel(nil)
		x.active.Add(-1)
	}

	out := req.Clone(ctx)
	out.Header.Del(seqHeader)
	out.Header.Del(routeHeader)
	resp, err := x.base.RoundTrip(out)
	if err != nil {
		e.failed = kindOf(ctx, err)
		end()
		return nil, err
	}
	e.status = resp.StatusCode
	resp.Body = &body{ReadCloser: resp.Body, ctx: ctx, exchange: e, end: sync.OnceFunc(end)}
	return resp, nil
}

func (x *exchanges) begin(seq uint64, e *exchange) {
	n := x.active.Add(1)
	for peak := x.peak.Load(); n > peak && !x.peak.CompareAndSwap(peak, n); {
		peak = x.peak.Load()
	}
	x.mu.Lock()
	x.mu.open[seq] = e
	interrupted := x.mu.interrupted
	x.mu.Unlock()
	if interrupted {
		e.cancel(errInterrupted)
	}
}

// take removes and returns the exchange with that number, or nil.
func (x *exchanges) take(seq uint64) *exchange {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.mu.open[seq]
	delete(x.mu.open, seq)
	return e
}

// interrupt breaks off every request under way and every later one.
func (x *exchanges) interrupt() {
	x.mu.Lock()
	x.mu.interrupted = true
	cancels := make([]context.CancelCauseFunc, 0, len(x.mu.open))
	for _, e := range x.mu.open {
		cancels = append(cancels, e.cancel)
	}
	x.mu.Unlock()
	for _, cancel := range cancels {
		cancel(errInterrupted)
	}
}

// body counts an answer's bytes as they are read.
type body struct {
	io.ReadCloser
	ctx      context.Context // the request's: tells a timeout from a broken connection
	exchange *exchange
	end      func()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.exchange.bytes += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.exchange.failed = kindOf(b.ctx, err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end()
	return err
}
