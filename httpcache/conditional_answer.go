package httpcache

import (
	"io"
	"net/http"
)

// write sends the answer that the conditions demand, and reports whether they
// demand one. The validators are in the header.
func (o outcome) write(w http.ResponseWriter, r *http.Request) (done bool) {
	switch o {
	case notModified:
		writeNotModified(w)
	case preconditionFailed:
		writeRefusal(w, r, http.StatusPreconditionFailed)
	}
	return o != proceed
}

// writeNotModified sends a 304 for the 200 whose fields are in the header. It
// keeps all but those that describe a body that is not sent (RFC 9110 §15.4.5),
// and Last-Modified where a tag says more.
func writeNotModified(w http.ResponseWriter) {
	h := w.Header()
	for _, name := range bodyFields {
		delete(h, name)
	}
	if len(h["Etag"]) > 0 {
		delete(h, "Last-Modified")
	}
	w.WriteHeader(http.StatusNotModified)
}

// writeRefusal sends an answer that is about the request and not about the
// resource: where the 200 may be stored, this must not take its place.
func writeRefusal(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	for _, name := range bodyFields {
		delete(h, name)
	}
	for _, name := range freshnessFields {
		delete(h, name)
	}
	h["Cache-Control"] = []string{"no-store"}
	h["Content-Type"] = []string{"text/plain; charset=utf-8"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, http.StatusText(status)+"\n") // a client that is gone needs no answer
	}
}

// bodyFields describe the body of a response; freshnessFields let it be stored.
var (
	bodyFields      = []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Disposition"}
	freshnessFields = []string{"Cache-Control", "Cdn-Cache-Control", "Surrogate-Control", "Expires"}
)
