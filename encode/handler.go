package encode

import (
	"net/http"
)

// Handler encodes the responses of next as each client and response allow; the
// package comment has the rules. It costs one allocation, two more for an entity
// tag, and for responses written in parts a pooled buffer of Config.MinSize until
// the size is known. What a compressor puts out is passed on 16 KiB at a time, or
// at a flush.
//
// The request that next sees differs in If-None-Match and If-Match, if they
// have tags of encoded bodies: each is preceded by the tag that next knows.
func (e *Encoder) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		e.traffic.see(r)
		if e.config.ProxyCompresses || r.Method == http.MethodConnect {
			next.ServeHTTP(rw, r)
			return
		}
		w := &writer{enc: e, req: r, negotiation: e.Negotiate(r.Header["Accept-Encoding"]), declared: unknown}
		w.held = w.negotiation.Coding != Identity
		w.Init(rw, w)
		returned := false
		// A panic is not recovered: what was held back is dropped, and what
		// was encoded stays without its end, so that no client takes it for
		// the whole.
		defer func() {
			if !returned {
				w.cut()
			}
		}()
		w.serve(next)
		w.finish()
		returned = true
	})
}

// serve calls the handler with a request whose conditions it understands.
func (w *writer) serve(next http.Handler) {
	r := w.req
	header := w.negotiation.conditions(r)
	if header == nil {
		next.ServeHTTP(w, r)
		return
	}
	inner := *r // what a router finds must reach the layers outside
	inner.Header = header
	defer func() { r.Pattern, r.MultipartForm = inner.Pattern, inner.MultipartForm }()
	next.ServeHTTP(w, &inner)
}
