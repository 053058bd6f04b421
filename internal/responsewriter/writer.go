package responsewriter

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// sniffBytes is how much of a body net/http looks at to guess its type. Not
// smaller: it would not matter, since any byte settles the header. Not larger:
// these bytes are copied by hand before the kernel takes over.
const sniffBytes = 512

// A Hook is told what a [Writer] is about to do.
type Hook interface {
	// BeforeHeader is called once per response, just before the header with
	// the final status leaves, on the goroutine that writes. It may still
	// change the header. It is not called for informational responses, nor
	// for a connection hijacked before any header.
	BeforeHeader(status int)
}

// A Writer passes a response on and keeps account of it. It is meant to be
// embedded by value in the state a middleware keeps per request, so that both
// are one allocation. The zero value is not usable: call [Writer.Init] first.
// Like any response writer it is not safe for concurrent use.
//
// It has the methods of every optional interface that net/http's own writers
// have, whether or not the writer underneath has them: a method that cannot
// be carried out answers [http.ErrNotSupported].
type Writer struct {
	next     http.ResponseWriter
	hook     Hook
	bytes    int64
	status   int32
	hijacked bool
}

// Init readies w to pass a response on to next. hook may be nil.
func (w *Writer) Init(next http.ResponseWriter, hook Hook) {
	*w = Writer{next: next, hook: hook}
}

// Status returns the final status, or 0 as long as no header was written.
// Informational responses do not count, save 101 which ends the exchange.
func (w *Writer) Status() int { return int(w.status) }

// Bytes returns how many bytes of the body the writer underneath accepted.
func (w *Writer) Bytes() int64 { return w.bytes }

// Hijacked reports whether the connection was taken over.
func (w *Writer) Hijacked() bool { return w.hijacked }

// Finish says that the handler returned. If it wrote nothing the server will
// now send an empty 200: the hook hears of it while it can still add a header.
func (w *Writer) Finish() { w.settle(http.StatusOK) }

// Unwrap returns the writer underneath, for [http.ResponseController].
func (w *Writer) Unwrap() http.ResponseWriter { return w.next }

// Header returns the header map of the writer underneath.
func (w *Writer) Header() http.Header { return w.next.Header() }

// WriteHeader sends the header with the given status.
func (w *Writer) WriteHeader(status int) {
	informational := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	if !informational {
		w.settle(status)
	}
	w.next.WriteHeader(status)
}

// Write sends p as part of the body.
func (w *Writer) Write(p []byte) (int, error) {
	w.settle(http.StatusOK)
	n, err := w.next.Write(p)
	w.bytes += int64(n)
	return n, err
}

// WriteString sends s as part of the body, without a copy where the writer
// underneath can.
func (w *Writer) WriteString(s string) (int, error) {
	w.settle(http.StatusOK)
	n, err := io.WriteString(w.next, s)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom sends what src has to give, through the ReadFrom of the writer
// underneath if it has one: a file then goes out without passing through the
// process.
func (w *Writer) ReadFrom(src io.Reader) (int64, error) {
	next, ok := w.next.(io.ReaderFrom)
	if !ok {
		return io.Copy(plain{w}, src)
	}
	var sniffed int64
	if w.status == 0 {
		// An empty source must leave the header open, as it does without
		// the wrapper, so the first bytes decide whether there is one.
		var err error
		sniffed, err = io.CopyN(plain{w}, src, sniffBytes)
		if errors.Is(err, io.EOF) {
			return sniffed, nil
		}
		if err != nil {
			return sniffed, err
		}
	}
	n, err := next.ReadFrom(src)
	w.bytes += n
	return sniffed + n, err
}

// plain hides ReadFrom, so that io.Copy does not call it again.
type plain struct{ io.Writer }

// Flush sends what is buffered. It implements [http.Flusher].
func (w *Writer) Flush() { _ = w.FlushError() }

// FlushError sends what is buffered, or returns [http.ErrNotSupported].
func (w *Writer) FlushError() error {
	for next := w.next; ; {
		switch f := next.(type) { // in the order of http.ResponseController
		case interface{ FlushError() error }:
			w.settle(http.StatusOK)
			return f.FlushError()
		case http.Flusher:
			w.settle(http.StatusOK)
			f.Flush()
			return nil
		case interface{ Unwrap() http.ResponseWriter }:
			next = f.Unwrap()
		default:
			return http.ErrNotSupported
		}
	}
}

// Hijack takes the connection over, or returns [http.ErrNotSupported].
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h, ok := find[http.Hijacker](w.next)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	conn, buf, err := h.Hijack()
	if err == nil {
		w.hijacked = true
	}
	return conn, buf, err
}

// Push starts an HTTP/2 server push, or returns [http.ErrNotSupported].
func (w *Writer) Push(target string, opts *http.PushOptions) error {
	p, ok := find[http.Pusher](w.next)
	if !ok {
		return http.ErrNotSupported
	}
	return p.Push(target, opts)
}

// CloseNotify is [CloseNotify] of the writer underneath.
func (w *Writer) CloseNotify() <-chan bool { return CloseNotify(w.next) }

// CloseNotify returns a channel that has a value when the client of w has left,
// or nil, from which nothing comes, if w cannot tell. Contexts have replaced it,
// but gin's Context.Stream insists on it.
func CloseNotify(w http.ResponseWriter) <-chan bool {
	if n, ok := find[interface{ CloseNotify() <-chan bool }](w); ok {
		return n.CloseNotify()
	}
	return nil
}

// settle notes the status that is about to become final.
func (w *Writer) settle(status int) {
	if w.status != 0 || w.hijacked {
		return
	}
	w.status = int32(status)
	if w.hook != nil {
		w.hook.BeforeHeader(status)
	}
}

// find returns the first writer that has T, looking through Unwrap as
// [http.ResponseController] does.
func find[T any](w http.ResponseWriter) (T, bool) {
	for {
		if t, ok := w.(T); ok {
			return t, true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			var none T
			return none, false
		}
		w = u.Unwrap()
	}
}
