package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/hone-go/hone/internal/bearer"
	"github.com/hone-go/hone/respond"
)

// maxQuestion bounds a [Question] in bytes. Not smaller: a request's header may
// have that much. Not larger: it is read into memory.
const maxQuestion = 1 << 20

// A Question is a request that [Table.AdminHandler] is to explain. Nothing of it
// is served.
type Question struct {
	Method string      `json:"method"`
	Path   string      `json:"path"` // and query
	Host   string      `json:"host,omitempty"`
	Peer   string      `json:"peer,omitempty"` // host:port of the other end of the connection
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
}

// AdminHandler returns a handler for people who look after the service: GET
// answers with the table's [Description], and POST of a [Question] with the
// [Explanation] of that request, both as JSON. It charges nothing. Mount it where
// only they come, such as on a listener of its own.
//
// A request must carry "Authorization: Bearer" and the credential, which must
// have at least 16 bytes; without it the answer is 401, in a time that tells
// nothing of it.
//
// around, if not nil, is what stands around the table in the service and tells
// its keys who the client is, such as the Handler of a clientip.Resolver: the
// request of a Question passes through it. What the service's middlewares have
// put into the context of the AdminHandler's own request is not seen.
func (t *Table) AdminHandler(credential string, around func(http.Handler) http.Handler) (http.Handler, error) {
	if around == nil {
		around = func(h http.Handler) http.Handler { return h }
	}
	handler, err := bearer.Handler(credential, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			writeJSON(w, t.Describe())
		case http.MethodPost:
			t.answer(w, r, around)
		default:
			w.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return handler, nil
}

// answer explains the request of a Question.
func (t *Table) answer(w http.ResponseWriter, r *http.Request, around func(http.Handler) http.Handler) {
	var q Question
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxQuestion)).Decode(&q); err != nil {
		respond.Error(w, r, respond.Problemf(http.StatusBadRequest, "the body is no question"))
		return
	}
	asked, err := q.request(r.Context())
	if err != nil {
		respond.Error(w, r, respond.Problemf(http.StatusBadRequest, "%v", err))
		return
	}
	var e *Explanation
	nobody := &discarded{header: make(http.Header)}
	around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		explanation := t.Explain(r)
		e = &explanation
	})).ServeHTTP(nobody, asked)
	if e == nil {
		respond.Error(w, r, respond.Problemf(http.StatusUnprocessableEntity, "the request does not come as far as the limits: %d", nobody.status))
		return
	}
	writeJSON(w, e)
}

// request makes the request, as a server would have it.
func (q Question) request(ctx context.Context) (*http.Request, error) {
	u, err := url.ParseRequestURI(q.Path)
	if err != nil || !strings.HasPrefix(q.Path, "/") {
		return nil, fmt.Errorf("the path is %.200q, want one such as /login", q.Path)
	}
	r, err := http.NewRequestWithContext(valueless{ctx}, q.Method, q.Path, strings.NewReader(q.Body))
	if err != nil || q.Method == "" {
		return nil, fmt.Errorf("the method is %.200q, want one such as GET", q.Method)
	}
	r.URL, r.RequestURI, r.Host, r.RemoteAddr = u, q.Path, q.Host, q.Peer
	for name, lines := range q.Header {
		for _, line := range lines {
			r.Header.Add(name, line)
		}
	}
	return r, nil
}

// valueless is a context without values: what is known of who asks is not known
// of the request asked about.
type valueless struct{ context.Context }

func (valueless) Value(any) any { return nil }

// discarded is where the answer to an explained request goes.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only if the client is gone
}
