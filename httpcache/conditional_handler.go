package httpcache

import (
	"errors"
	"fmt"
	"net/http"
)

// ConditionalConfig configures a [Conditional]. The zero value is ready to use.
type ConditionalConfig struct {
	// MaxBody is the size in bytes above which a body gets no tag. Default
	// 1 MiB. Not larger: so much is held in memory for each request in flight,
	// and its first byte leaves after its last was written. Not smaller: pages
	// and lists fit; a larger body has a version that its handler knows: see
	// [Check].
	MaxBody int
	// Ranges answers Range and If-Range (RFC 9110 §14) from bodies within
	// MaxBody, and offers that in Accept-Ranges. Off by default: what is made anew
	// per request is rarely fetched in parts. A handler that answers ranges
	// itself, as [http.ServeContent] does, is left alone either way.
	Ranges bool
}

func (c ConditionalConfig) withDefaults() ConditionalConfig {
	if c.MaxBody == 0 {
		c.MaxBody = 1 << 20
	}
	return c
}

func (c ConditionalConfig) validate() error {
	var errs []error
	if c.MaxBody < 0 {
		errs = append(errs, fmt.Errorf("httpcache: ConditionalConfig.MaxBody is %d, want > 0 bytes", c.MaxBody))
	}
	return errors.Join(errs...)
}

// A Conditional gives responses a strong entity tag made of their body, and
// answers a client that has the body already with a 304. That saves the
// transfer, not the work: a handler that knows a version or a time calls
// [Check], and does neither. It is safe for concurrent use.
type Conditional struct {
	cfg ConditionalConfig
}

// NewConditional returns a Conditional. An error names every field of cfg that
// is wrong.
func NewConditional(cfg ConditionalConfig) (*Conditional, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Conditional{cfg: cfg}, nil
}

// Handler returns a handler that answers GET and HEAD as next does, and:
//
//   - A 200 with a body within MaxBody gets an ETag: the first 128 bits of its
//     SHA-256, the same in every process. If the handler has set one, that is
//     the one, and the body is not buffered.
//   - If the request's conditions (RFC 9110 §13.2.2) demand it, a 304 or a 412
//     is sent in place of the 200, with the fields that it must have.
//
// Everything else passes through as it is written: other methods, other
// statuses, larger bodies, responses with no-store or trailers, and, from its
// first flush on, a stream. A handler that panics has sent nothing of what was
// buffered. A HEAD for which the handler writes no body gets no tag, since
// nobody knows that of the GET.
//
// It belongs inside package encode's handler, whose tags for coded bodies then
// come in and go out as they should; and inside an [HTTPCache], which keeps the
// tag with the response and answers conditions and ranges by it.
func (c *Conditional) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isRead(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		cw := conditionalWriter{cfg: &c.cfg, request: r}
		cw.Init(w, nil)
		defer cw.release()
		next.ServeHTTP(&cw, r)
		cw.finish()
	})
}
