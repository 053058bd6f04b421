package encode

import (
	"bufio"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/hone-go/hone/internal/responsewriter"
)

// sniffBytes is how much [http.DetectContentType] looks at.
const sniffBytes = 512

const unknown = -1

// A writer holds a response back until it is known whether it is encoded: when
// enough bytes came, the declared length tells, or the handler flushes or
// returns. Then the header leaves, and the bytes go to the compressor or to
// the writer underneath.
type writer struct {
	responsewriter.Writer // what leaves

	enc         *Encoder
	req         *http.Request
	negotiation Negotiation

	held   bool    // not decided yet
	status int     // given by the handler while held, or 0
	buf    *[]byte // the body while held
	coding Coding  // as decided
	lines  lines   // of its header, here rather than allocated

	// Of an encoded response only:
	stream   *stream // nil for HEAD
	inside   bool    // a call of stream has not returned
	declared int64   // the handler's Content-Length, or unknown
	taken    int64   // bytes of the body that came
}

// buffers hold what comes before a decision. They stay small: a larger write
// decides at once.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// WriteHeader notes the status, and sends it as soon as the decision is made.
func (w *writer) WriteHeader(status int) {
	informational := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	if !w.held || informational {
		w.Writer.WriteHeader(status)
		return
	}
	if w.status != 0 {
		return // as net/http: the first one counts
	}
	w.status = status
	h := w.Header()
	_, typed := h["Content-Type"]
	switch {
	case !transformable(status, h), typed && !w.enc.types.has(first(h["Content-Type"])):
		w.decide(nil, 0)
	case typed && contentLength(h) != unknown:
		w.decide(nil, contentLength(h))
	case typed && h["Trailer"] != nil:
		// The trailer's fields must not be in the header map when it leaves.
		w.decide(nil, math.MaxInt64)
	}
}

// Write takes a part of the body.
func (w *writer) Write(p []byte) (int, error) {
	if w.held && w.missing() <= len(p) {
		if w.status == 0 {
			w.status = http.StatusOK
		}
		w.decide(p, math.MaxInt64)
	}
	if w.held && w.status == 0 {
		w.WriteHeader(http.StatusOK) // may decide by the header alone
	}
	if w.held {
		w.hold(p)
		return len(p), nil
	}
	return w.write(p)
}

// WriteString takes a part of the body.
func (w *writer) WriteString(s string) (int, error) {
	if w.plain() {
		return w.Writer.WriteString(s)
	}
	return w.Write([]byte(s))
}

// ReadFrom takes a part of the body from src. If it is not encoded, the writer
// underneath reads from src itself, so that a file need not pass through.
func (w *writer) ReadFrom(src io.Reader) (n int64, err error) {
	for w.held {
		// Reading before any header is sent, since an empty src must leave it open.
		m, err := io.CopyN(onlyWriter{w}, src, int64(max(w.missing(), 1)))
		n += m
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	var m int64
	if w.plain() {
		m, err = w.Writer.ReadFrom(src)
	} else {
		m, err = io.Copy(onlyWriter{w}, src)
	}
	return n + m, err
}

// onlyWriter hides ReadFrom, so that io.Copy does not call it again.
type onlyWriter struct{ io.Writer }

// Flush implements [http.Flusher].
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError sends everything that came so far. If the response is held back,
// it is encoded unless its declared length or its type say no.
func (w *writer) FlushError() error {
	if w.held && w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.held {
		w.decide(nil, math.MaxInt64)
	}
	if w.stream != nil {
		if err := w.flushStream(); err != nil {
			return err
		}
	}
	return w.Writer.FlushError()
}

func (w *writer) flushStream() error {
	w.inside = true
	err := w.stream.Flush()
	w.inside = false
	return err
}

// Hijack takes the connection over, after what was written before.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.held && w.status != 0 {
		w.decide(nil, 0)
	}
	return w.Writer.Hijack()
}

// plain reports whether the body passes as it is.
func (w *writer) plain() bool { return !w.held && w.coding == Identity }

// missing returns how many bytes must still come before the size and the type
// are known well enough.
func (w *writer) missing() int {
	need := w.enc.least(w.negotiation)
	if _, typed := w.Header()["Content-Type"]; !typed {
		need = max(need, sniffBytes)
	}
	if w.buf != nil {
		need -= len(*w.buf)
	}
	return need
}

func (w *writer) hold(p []byte) {
	if w.buf == nil {
		w.buf = buffers.Get().(*[]byte)
	}
	*w.buf = append(*w.buf, p...)
}

// decide chooses the coding, sends the header, and then what was held. more is
// what comes next, size how large the body is at least; a declared length
// overrides it.
func (w *writer) decide(more []byte, size int64) {
	w.held = false
	var begin []byte
	if w.buf != nil {
		begin = *w.buf
	}
	if len(begin) == 0 {
		begin = more
	}
	w.coding = w.choose(begin, size)
	if w.coding != Identity {
		w.declared = contentLength(w.Header())
	}
	w.Writer.WriteHeader(w.status)
	if w.coding != Identity && w.req.Method != http.MethodHead {
		w.stream = w.enc.stream(w.coding, &w.Writer, nil)
	}
	if w.buf != nil {
		_, _ = w.write(*w.buf) // the next write meets the same error
		w.unhold()
	}
}

// choose returns the coding for the response whose body begins so.
func (w *writer) choose(begin []byte, size int64) Coding {
	h := w.Header()
	if declared := contentLength(h); declared != unknown {
		size = declared
	}
	lines, typed := h["Content-Type"]
	contentType := first(lines)
	if !typed && len(begin) > 0 {
		contentType = http.DetectContentType(begin)
	}
	if !w.enc.encodable(w.status, h, contentType) {
		return Identity
	}
	c := w.enc.choose(w.req, w.negotiation, h, contentType, size)
	if c != Identity && !typed {
		h["Content-Type"] = []string{contentType} // net/http would look at encoded bytes
	}
	return c
}

// write passes p on, encoded or not.
func (w *writer) write(p []byte) (int, error) {
	if w.coding == Identity {
		return w.Writer.Write(p)
	}
	w.taken += int64(len(p))
	switch {
	case w.declared != unknown && w.taken > w.declared:
		return 0, http.ErrContentLength
	case w.stream == nil: // HEAD
		return len(p), nil
	}
	w.inside = true
	n, err := w.stream.Write(p)
	w.inside = false
	return n, err
}

// BeforeHeader makes the header say what is done to the body. It implements
// [responsewriter.Hook].
func (w *writer) BeforeHeader(status int) {
	h := w.Header()
	if status == http.StatusNotModified {
		if tag, ok := w.negotiation.Match(w.req.Header["If-None-Match"], first(h["Etag"])); ok {
			h["Etag"] = []string{tag}
		}
	}
	describe(h, w.coding != Identity || w.enc.varies(status, h), w.coding, &w.lines)
}

// finish ends the response after the handler has returned.
func (w *writer) finish() {
	switch {
	case w.Hijacked():
		w.drop()
		return
	case w.held && w.status == 0:
		// Nothing was written. The header stays open for the layers outside.
		w.held = false
		if w.req.Method == http.MethodHead {
			w.status = http.StatusOK
			w.coding = w.choose(nil, 0)
		}
		w.Writer.Finish()
		return
	case w.held:
		size := 0
		if w.buf != nil {
			size = len(*w.buf)
		}
		w.decide(nil, int64(size))
	}
	if w.stream == nil {
		w.Writer.Finish()
		return
	}
	if w.declared != unknown && w.taken < w.declared {
		// Without its Content-Length nothing would tell the client that the
		// handler gave up before the end, as net/http does for other bodies.
		panic(http.ErrAbortHandler)
	}
	w.inside = true
	_ = w.stream.Close() // the client is gone, or sees that the end is missing
	w.inside = false
	w.drop()
}

// cut ends the response of a handler that panicked. If a layer outside recovers,
// the server ends the response as if it were whole, and a body of no bytes is
// one, for decoders of zstd and for many of gzip: so if none went out yet, what
// was encoded does, without its end.
func (w *writer) cut() {
	defer w.drop()
	if w.stream != nil && !w.inside && !w.Hijacked() && w.Bytes() == 0 {
		_ = w.flushStream()
	}
}

// drop forgets what was held, and keeps the stream for another response
// unless a panic came out of it: then nobody knows its state.
func (w *writer) drop() {
	w.unhold()
	if w.stream != nil && !w.inside {
		w.enc.release(w.coding, w.stream)
	}
	w.stream = nil
}

func (w *writer) unhold() {
	if w.buf != nil {
		*w.buf = (*w.buf)[:0]
		buffers.Put(w.buf)
		w.buf = nil
	}
}

// contentLength returns the declared length of the body, or unknown.
func contentLength(h http.Header) int64 {
	lines := h["Content-Length"]
	if len(lines) == 0 {
		return unknown
	}
	n, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil || n < 0 {
		return unknown
	}
	return n
}

// first returns the first line of a field, or "". It saves what Header.Get
// spends on the spelling of names that are constants here.
func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}
