package httpcache

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"time"
)

// serveComplete answers r from a complete 200 response, whose fields are in w's
// header and whose body is given: with a 304 or a 412 as the conditions demand,
// with the ranges asked for (206, or 416 if there are none such), or with all
// of it. made is when the response was generated. The body is neither kept nor
// changed. It returns what [http.ResponseWriter.Write] returned last.
//
// A cache calls it for a fresh entry, and leaves requests with If-Match or
// If-Unmodified-Since to the handler: they are about the resource, not about
// what is stored (RFC 9111 §4.3.2).
func serveComplete(w http.ResponseWriter, r *http.Request, body []byte, v validators, made time.Time) error {
	if v.evaluate(r).write(w, r) {
		return nil
	}
	if ranges, ok := v.ranges(r, len(body), made); ok {
		return serveRanges(w, r, body, ranges)
	}
	return serveWhole(w, r, body)
}

// ranges returns the ranges that the answer to r has of a body of that size, or
// false if it is the whole. Only GET has ranges (RFC 9110 §14.2).
func (v validators) ranges(r *http.Request, size int, made time.Time) ([]byteRange, bool) {
	lines := r.Header["Range"]
	if r.Method != http.MethodGet || len(lines) == 0 || !v.inRange(r.Header["If-Range"], made) {
		return nil, false
	}
	return parseRange(lines, int64(size))
}

// serveWhole sends a 200 with all of the body.
func serveWhole(w http.ResponseWriter, r *http.Request, body []byte) error {
	h := w.Header()
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if r.Method == http.MethodHead {
		setType(h, body)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	return err
}

// serveRanges sends the ranges that parseRange found (RFC 9110 §15.3.7, §15.5.17).
func serveRanges(w http.ResponseWriter, r *http.Request, body []byte, ranges []byteRange) error {
	h, size := w.Header(), int64(len(body))
	setType(h, body)
	switch len(ranges) {
	case 0:
		h["Content-Range"] = []string{"bytes */" + strconv.FormatInt(size, 10)}
		writeRefusal(w, r, http.StatusRequestedRangeNotSatisfiable)
		return nil
	case 1:
		only := ranges[0]
		h["Content-Range"] = []string{only.contentRange(size)}
		h["Content-Length"] = []string{strconv.FormatInt(only.size(), 10)}
		w.WriteHeader(http.StatusPartialContent)
		_, err := w.Write(body[only.start:only.end])
		return err
	}

	boundary := rand.Text() // 130 random bits: not in any body
	heads := make([]string, len(ranges))
	length := int64(len("--" + boundary + "--\r\n"))
	for i, part := range ranges {
		heads[i] = partHead(boundary, h.Get("Content-Type"), part.contentRange(size))
		length += int64(len(heads[i])) + part.size() + int64(len("\r\n"))
	}
	h["Content-Type"] = []string{"multipart/byteranges; boundary=" + boundary}
	h["Content-Length"] = []string{strconv.FormatInt(length, 10)}
	w.WriteHeader(http.StatusPartialContent)
	for i, part := range ranges {
		for _, piece := range [][]byte{[]byte(heads[i]), body[part.start:part.end], []byte("\r\n")} {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
	}
	_, err := w.Write([]byte("--" + boundary + "--\r\n"))
	return err
}

// setType guesses the type of a body as net/http does, for an answer that does
// not begin with the body's first bytes. No line at all means no type.
func setType(h http.Header, body []byte) {
	if _, set := h["Content-Type"]; !set && h.Get("Content-Encoding") == "" {
		h["Content-Type"] = []string{http.DetectContentType(body)}
	}
}

// partHead is what precedes the bytes of one part (RFC 9110 §14.6). The type
// is left out if the response is to have none.
func partHead(boundary, contentType, contentRange string) string {
	head := "--" + boundary + "\r\n"
	if contentType != "" {
		head += "Content-Type: " + contentType + "\r\n"
	}
	return head + "Content-Range: " + contentRange + "\r\n\r\n"
}
