package respond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A client is a response as the output of a stream.
type client struct {
	w            http.ResponseWriter
	r            *http.Request
	control      *http.ResponseController
	writeTimeout time.Duration
	contentType  string
	trailer      string
}

// start writes the header. The trailer is announced, so the length is not.
func (c *client) start() {
	h := c.w.Header()
	h.Del("Content-Length")
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", c.contentType)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Trailer", c.trailer)
	c.w.WriteHeader(http.StatusOK)
}

// Write sends p to the client, who may take writeTimeout to read it. The
// deadline is lifted afterwards: HTTP/2 would enforce it while the next rows
// are awaited.
func (c *client) Write(p []byte) (int, error) {
	if c.writeTimeout > 0 {
		// A writer without deadlines leaves slow clients to the server's own.
		_ = c.control.SetWriteDeadline(time.Now().Add(c.writeTimeout))
		defer func() { _ = c.control.SetWriteDeadline(time.Time{}) }()
	}
	n, err := c.w.Write(p)
	if err == nil {
		err = c.control.Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return n, fmt.Errorf("%w: %w", ErrClientLeft, err)
	}
	return n, nil
}

// cut ends a response that must not look complete, and does not return.
func (c *client) cut() {
	if !c.r.ProtoAtLeast(1, 1) {
		c.reset()
	}
	panic(http.ErrAbortHandler)
}

// reset makes the end of an HTTP/1.0 response a reset of the connection. Such a
// body has neither length nor chunks and ends where the connection does, so
// that a mere close would complete it; nginx speaks 1.0 to the services behind
// it unless told otherwise.
func (c *client) reset() {
	conn, _, err := c.control.Hijack()
	if err != nil {
		return
	}
	raw := conn
	if encrypted, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = encrypted.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is not sent yet is dropped and RST follows
	}
	_ = raw.Close()
}

// serve streams rows as the answer to r; the exported Serve methods say what
// that means.
func serve[T any](w http.ResponseWriter, r *http.Request, cfg StreamConfig, contentType string, rows iter.Seq2[T, error], f format[T]) error {
	c := &client{
		w: w, r: r, control: http.NewResponseController(w),
		writeTimeout: cfg.WriteTimeout, contentType: contentType, trailer: cfg.Trailer,
	}
	if r.Method == http.MethodHead {
		// Rows are asked for the first one: they may fail, and they must be
		// closed.
		rows = first(rows)
	}
	s := &stream{cfg: cfg, out: c}
	err := pump(r.Context(), s, rows, f)
	switch {
	case errors.Is(err, errEnough):
		c.start()
		return nil
	case err == nil:
		w.Header().Set(cfg.Trailer, strconv.FormatInt(s.mu.rows, 10))
		return nil
	}
	err = &StreamError{Rows: s.mu.rows, Err: err}
	if !s.mu.started {
		Error(w, r, err)
		return err
	}
	cfg.OnError(r, err)
	c.cut()
	return err
}

// first passes the error of the first row on, or errEnough if there is a row.
func first[T any](rows iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range rows {
			if err == nil {
				err = errEnough
			}
			yield(v, err)
			return
		}
	}
}

// plain is an output that is not a response.
type plain struct{ io.Writer }

func (plain) start() {}

// write streams rows to w and returns how many were encoded.
func write[T any](ctx context.Context, w io.Writer, cfg StreamConfig, rows iter.Seq2[T, error], f format[T]) (int64, error) {
	cfg.FlushInterval = -1
	s := &stream{cfg: cfg, out: plain{w}}
	if err := pump(ctx, s, rows, f); err != nil {
		return s.mu.rows, &StreamError{Rows: s.mu.rows, Err: err}
	}
	return s.mu.rows, nil
}
