package respond

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strconv"

	"github.com/hone-go/hone/internal/httpfield"
)

// statusClientLeft is nginx's status for a client that left before the answer.
// Nobody reads it; it keeps such requests apart from failures in logs.
const statusClientLeft = 499

// Error answers with the [Problem] that err stands for and returns it, so that
// the caller can log err if the status is 500 or more. Nothing may have been
// written before. The first of these that applies to err, or to an error that
// it wraps, decides:
//
//   - the request's context was cancelled, and err says so: 499, which nobody reads;
//   - a method Problem() [Problem]: that problem;
//   - a method HTTPStatus() int with 400 to 599: that status, and as detail the
//     text of a method ProblemDetail() string if it has that as well;
//   - [http.MaxBytesError]: 413;
//   - [context.DeadlineExceeded]: 503;
//   - anything else: 500.
//
// The text of err itself never reaches the client: it may name hosts, tables
// and keys.
//
// The body is application/problem+json, or, for a client whose Accept prefers
// it, HTML or plain text of the same content. Header fields that described the
// body which is not sent now are removed, as [http.Error] does.
func Error(w http.ResponseWriter, r *http.Request, err error) Problem {
	p := problemOf(r.Context(), err).withDefaults()
	body, err := json.Marshal(p)
	if err != nil { // an extension cannot be encoded: the rest can
		p.Extensions = nil
		body, _ = json.Marshal(p)
	}
	kind := negotiate(r.Header.Values("Accept"), problemJSON, textHTML, textPlain)
	switch kind {
	case textHTML:
		body = p.html()
	case textPlain:
		body = p.text()
	default:
		body = append(body, '\n')
	}
	if kind != problemJSON {
		kind += "; charset=utf-8"
	}
	h := w.Header()
	for _, name := range []string{
		"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding",
		"Content-Range", "Etag", "Last-Modified", "Trailer",
	} {
		h.Del(name)
	}
	httpfield.AddVary(h, "Accept")
	h.Set("Content-Type", kind)
	send(w, r, p.Status, body)
	return p
}

func problemOf(ctx context.Context, err error) Problem {
	var explained interface{ Problem() Problem }
	var classed interface{ HTTPStatus() int }
	var tooLarge *http.MaxBytesError
	left := errors.Is(ctx.Err(), context.Canceled)
	switch {
	case left && (errors.Is(err, context.Canceled) || errors.Is(err, ErrClientLeft)):
		return Problem{Status: statusClientLeft}
	case errors.As(err, &explained):
		return explained.Problem()
	case errors.As(err, &classed) && classed.HTTPStatus() >= 400 && classed.HTTPStatus() <= 599:
		p := Problem{Status: classed.HTTPStatus()}
		if d, ok := classed.(interface{ ProblemDetail() string }); ok {
			p.Detail = d.ProblemDetail()
		}
		return p
	case errors.As(err, &tooLarge):
		return Problemf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return Problem{Status: http.StatusServiceUnavailable}
	default:
		return Problem{Status: http.StatusInternalServerError}
	}
}

// text returns the problem as lines for people.
func (p Problem) text() []byte {
	text := []byte(strconv.Itoa(p.Status) + " " + p.Title + "\n")
	if p.Detail != "" {
		text = append(text, "\n"+p.Detail+"\n"...)
	}
	return text
}

// html returns the problem as a page for browsers.
func (p Problem) html() []byte {
	var b bytes.Buffer
	title := template.HTMLEscapeString(strconv.Itoa(p.Status) + " " + p.Title)
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>" + title + "</title>\n<h1>" + title + "</h1>\n")
	if p.Detail != "" {
		b.WriteString("<p>")
		template.HTMLEscape(&b, []byte(p.Detail))
		b.WriteString("</p>\n")
	}
	b.WriteString("</html>\n")
	return b.Bytes()
}

// send writes the header and a body whose length is known, or the header alone
// where a status or HEAD allows no body.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if status == http.StatusNoContent || status == http.StatusNotModified {
		h.Del("Content-Type")
		h.Del("Content-Length")
		w.WriteHeader(status)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails only if the client is gone
	}
}
