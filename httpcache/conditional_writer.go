package httpcache

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
	"github.com/hone-go/hone/internal/responsewriter"
)

// A conditionalWriter holds a response back as long as it may still become a
// 304. What the embedded writer is told has left.
type conditionalWriter struct {
	responsewriter.Writer
	cfg     *ConditionalConfig
	request *http.Request
	stage   stage
	body    *bytes.Buffer // while stageHolding
}

type stage uint8

const (
	stageOpen     stage = iota // no status yet
	stageHolding               // a 200 that may still become something else
	stagePassing               // the response goes through as it is written
	stageAnswered              // a 304 or 412 was sent: what the handler writes is dropped
)

// bodies keeps buffers between requests.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept is the size in bytes above which a buffer is left to the collector.
// Not larger: one huge body would stay in memory for the small ones after it.
// Not smaller: most pages fit.
const maxKept = 256 << 10

// WriteHeader takes the status. Informational ones are sent at once.
func (w *conditionalWriter) WriteHeader(status int) {
	informational := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	switch {
	case informational && w.stage != stageAnswered, w.stage == stagePassing:
		w.Writer.WriteHeader(status)
	case w.stage == stageOpen:
		w.decide(status)
	}
}

// decide says what becomes of the response, by its status and header.
func (w *conditionalWriter) decide(status int) {
	h := w.Header()
	canonicalise(h)
	if status != http.StatusOK || h["Trailer"] != nil {
		w.pass(status)
		return
	}
	length, _ := strconv.Atoi(h.Get("Content-Length"))
	_, noStore := httpfield.Directive(h["Cache-Control"], "no-store")
	v := validatorsOf(h)
	switch {
	case v.tagged && v.evaluate(w.request).write(&w.Writer, w.request):
		w.stage = stageAnswered
	case h["Etag"] != nil && !w.ranged(), noStore, length > w.cfg.MaxBody:
		w.pass(status)
	default:
		w.stage = stageHolding
		w.body = bodies.Get().(*bytes.Buffer)
	}
}

// ranged reports whether a range of the body may have to be cut out.
func (w *conditionalWriter) ranged() bool {
	return w.cfg.Ranges && w.request.Method == http.MethodGet &&
		w.request.Header["Range"] != nil && w.Header()["Accept-Ranges"] == nil
}

// pass lets the response go, and what was held of it.
func (w *conditionalWriter) pass(status int) {
	w.stage = stagePassing
	w.Writer.WriteHeader(status)
	if w.body != nil && w.body.Len() > 0 {
		_, _ = w.Writer.Write(w.body.Bytes()) // the next write meets the same error
	}
	w.release()
}

// passes makes room for size more bytes, and reports whether they go straight
// to the writer underneath.
func (w *conditionalWriter) passes(size int) bool {
	if w.stage == stageOpen {
		w.decide(http.StatusOK)
	}
	if w.stage == stageHolding && w.body.Len()+size > w.cfg.MaxBody {
		w.pass(http.StatusOK)
	}
	return w.stage == stagePassing
}

// Write takes p as part of the body.
func (w *conditionalWriter) Write(p []byte) (int, error) {
	switch {
	case w.passes(len(p)):
		return w.Writer.Write(p)
	case w.stage == stageHolding:
		return w.body.Write(p)
	default:
		return len(p), nil
	}
}

// WriteString takes s as part of the body.
func (w *conditionalWriter) WriteString(s string) (int, error) {
	switch {
	case w.passes(len(s)):
		return w.Writer.WriteString(s)
	case w.stage == stageHolding:
		return w.body.WriteString(s)
	default:
		return len(s), nil
	}
}

// ReadFrom takes what src has to give: through memory as long as that is within
// MaxBody, then by the writer underneath.
func (w *conditionalWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.stage == stagePassing {
		return w.Writer.ReadFrom(src)
	}
	held, err := io.CopyN(struct{ io.Writer }{w}, src, int64(w.cfg.MaxBody)+1)
	if errors.Is(err, io.EOF) {
		return held, nil
	}
	if err != nil || w.stage != stagePassing {
		return held, err
	}
	n, err := w.Writer.ReadFrom(src)
	return held + n, err
}

// Flush sends what there is. It implements [http.Flusher].
func (w *conditionalWriter) Flush() { _ = w.FlushError() }

// FlushError sends what there is: the response is a stream from here on.
func (w *conditionalWriter) FlushError() error {
	if w.stage == stageOpen {
		w.decide(http.StatusOK)
	}
	if w.stage == stageHolding {
		w.pass(http.StatusOK)
	}
	return w.Writer.FlushError()
}

// Hijack takes the connection over; what was held is not sent.
func (w *conditionalWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := w.Writer.Hijack()
	if err == nil {
		w.stage = stageAnswered
		w.release()
	}
	return conn, buf, err
}

// finish sends the response that was held to its end.
func (w *conditionalWriter) finish() {
	if w.stage == stageOpen {
		w.decide(http.StatusOK)
	}
	if w.stage != stageHolding {
		return
	}
	h, body := w.Header(), w.body.Bytes()
	if !w.complete(h, len(body)) {
		w.pass(http.StatusOK)
		return
	}
	v := validatorsOf(h)
	// A HEAD handler that writes nothing says nothing of the GET's body.
	headless := w.request.Method == http.MethodHead && len(body) == 0
	if h["Etag"] == nil && !headless {
		v.tag, v.tagged = digestTag(digest(body)), true
		v.set(h)
	}
	offer := w.cfg.Ranges && h["Accept-Ranges"] == nil && !headless
	if offer {
		h["Accept-Ranges"] = []string{"bytes"}
	}
	// An error below means that the client is gone.
	switch {
	case offer:
		_ = serveComplete(&w.Writer, w.request, body, v, time.Now())
	case v.evaluate(w.request).write(&w.Writer, w.request):
	case headless:
		w.pass(http.StatusOK)
	default:
		_ = serveWhole(&w.Writer, w.request, body)
	}
}

// complete reports whether what is held is all that the handler had to send. If
// it is less than promised, or the client left meanwhile, it goes out as it is,
// for net/http to cut the connection, and gets no tag. So does a response
// followed by trailers, which a length would take away.
func (w *conditionalWriter) complete(h http.Header, held int) bool {
	if lines := h["Content-Length"]; lines != nil && w.request.Method != http.MethodHead {
		if length, err := strconv.Atoi(lines[0]); err != nil || length != held {
			return false
		}
	}
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return false
		}
	}
	return w.request.Context().Err() == nil
}

// release gives the buffer back.
func (w *conditionalWriter) release() {
	if w.body != nil && w.body.Cap() <= maxKept {
		w.body.Reset()
		bodies.Put(w.body)
	}
	w.body = nil
}
