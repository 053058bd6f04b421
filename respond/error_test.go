package respond_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/respond"
)

type tooDeep struct{ detail string }

func (e *tooDeep) Error() string         { return "secret of the inside" }
func (e *tooDeep) HTTPStatus() int       { return 404 }
func (e *tooDeep) ProblemDetail() string { return e.detail }

type statusError int

func (e statusError) Error() string   { return "secret of the inside" }
func (e statusError) HTTPStatus() int { return int(e) }

func TestErrorMapping(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		err  error
		want string
	}{
		{"unknown", t.Context(), errSecret, `{"title":"Internal Server Error","status":500}`},
		{"nil", t.Context(), nil, `{"title":"Internal Server Error","status":500}`},
		{"problem", t.Context(), respond.Problemf(409, "sold <out>"), `{"title":"Conflict","status":409,"detail":"sold \u003cout\u003e"}`},
		{"wrapped problem", t.Context(), fmt.Errorf("db7: %w", respond.Problem{Status: 403}), `{"title":"Forbidden","status":403}`},
		{"status", t.Context(), fmt.Errorf("db7: %w", statusError(429)), `{"title":"Too Many Requests","status":429}`},
		{"status and detail", t.Context(), &tooDeep{"page 9 of 3"}, `{"title":"Not Found","status":404,"detail":"page 9 of 3"}`},
		{"status of success", t.Context(), statusError(200), `{"title":"Internal Server Error","status":500}`},
		{"body too large", t.Context(), &http.MaxBytesError{Limit: 9}, `{"title":"Request Entity Too Large","status":413,"detail":"the body is larger than 9 bytes"}`},
		{"deadline", t.Context(), context.DeadlineExceeded, `{"title":"Service Unavailable","status":503}`},
		{"client left", canceled, fmt.Errorf("query: %w", context.Canceled), `{"title":"Client Closed Request","status":499}`},
		{"RFC 9457 §3.1.1 type", t.Context(), respond.Problem{Type: "https://example.com/sold-out", Status: 409}, `{"type":"https://example.com/sold-out","status":409}`},
		{"RFC 9457 §4.2.1 about:blank", t.Context(), respond.Problem{Type: "about:blank", Status: 404}, `{"type":"about:blank","title":"Not Found","status":404}`},
		{"RFC 9457 §3.1.2 status", t.Context(), respond.Problem{Status: 200, Instance: "/orders/7"}, `{"title":"Internal Server Error","status":500,"instance":"/orders/7"}`},
		{
			"RFC 9457 §3.2 extensions", t.Context(),
			respond.Problem{Status: 403, Extensions: map[string]any{"balance": 30, "accounts": []string{"/a"}, "status": 200}},
			`{"title":"Forbidden","status":403,"accounts":["/a"],"balance":30}`,
		},
		{"an extension that cannot be encoded", t.Context(), respond.Problem{Status: 403, Extensions: map[string]any{"x": math.NaN()}}, `{"title":"Forbidden","status":403}`},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		w.Header().Set("Etag", `"1"`)
		w.Header().Set("Cache-Control", "public, max-age=60")
		p := respond.Error(w, httptest.NewRequestWithContext(tt.ctx, "GET", "/", nil), tt.err)
		if got := strings.TrimSpace(w.Body.String()); got != tt.want || w.Code != p.Status {
			t.Errorf("%s: Error = %d %s, want %s", tt.name, w.Code, got, tt.want)
		}
		if h := w.Header(); h.Get("Etag") != "" || h.Get("Cache-Control") != "" ||
			h.Get("Content-Length") != fmt.Sprint(w.Body.Len()) || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: header = %v, want its own alone", tt.name, h)
		}
	}
}

func TestErrorNegotiation(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
	problem, html, text := "application/problem+json", "text/html; charset=utf-8", "text/plain; charset=utf-8"
	tests := []struct{ clause, accept, want string }{
		{"RFC 9110 §12.5.1 none", "", problem},
		{"RFC 9110 §12.5.1 any", "*/*", problem},
		{"browser", browser, html},
		{"RFC 9110 §12.5.1 exact", "text/plain", text},
		{"RFC 9110 §12.5.1 range", "text/*", html},
		{"RFC 9110 §12.4.2 weights", "text/html;q=0.5, text/plain;q=0.7, application/json;q=0.6", text},
		{"RFC 9110 §12.5.1 specific before wide", "text/html;q=0.1, */*;q=0.2, application/*;q=0", text},
		{"RFC 9110 §12.4.2 zero", "text/html;q=0, text/plain", text},
		{"case", "TEXT/HTML;Q=1", html},
		{"json reads a problem", "application/json, text/html;q=0.9", problem},
		{"nothing offered", "image/png", problem},
		{"malformed weight", "text/html;q=NaN", problem},
		{"malformed weight", "text/html;q=1e0", problem},
		{"malformed weight", "text/html;q=-1", problem},
		{"malformed weight", "text/html;q=2", problem},
		{"too long", strings.Repeat("text/html,", 10_000), problem},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		respond.Error(w, r, respond.Problemf(404, "<script>alert(1)</script>"))
		if got := w.Header().Get("Content-Type"); got != tt.want || w.Header().Get("Vary") != "Accept" {
			t.Errorf("%s: Accept %.60q = %q, Vary %q, want %q", tt.clause, tt.accept, got, w.Header().Get("Vary"), tt.want)
		}
		if body := w.Body.String(); tt.want != text && strings.Contains(body, "<script>") {
			t.Errorf("%s: the body runs what the detail holds: %s", tt.clause, body)
		} else if !strings.Contains(body, "404") || !strings.Contains(body, "alert(1)") {
			t.Errorf("%s: body = %s, want the status and the detail", tt.clause, body)
		}
	}
}

func TestJSON(t *testing.T) {
	tests := []struct {
		name, method string
		cfg          respond.JSONConfig
		status       int
		v            any
		code         int
		want         string
	}{
		{"value", "GET", respond.JSONConfig{}, 201, sale{1, "<b>&", 2}, 201, `{"id":1,"name":"\u003cb\u003e\u0026","price":2}` + "\n"},
		{"html kept", "GET", respond.JSONConfig{KeepHTML: true}, 200, "<b>", 200, `"<b>"` + "\n"},
		{"html again", "GET", respond.JSONConfig{}, 200, "<b>", 200, `"\u003cb\u003e"` + "\n"},
		{"indent", "GET", respond.JSONConfig{Indent: " "}, 200, []int{1}, 200, "[\n 1\n]\n"},
		{"no indent again", "GET", respond.JSONConfig{}, 200, []int{1}, 200, "[1]\n"},
		{"RFC 9110 §9.3.2 HEAD", "HEAD", respond.JSONConfig{}, 200, []int{1}, 200, ""},
		{"RFC 9110 §15.3.5 204", "GET", respond.JSONConfig{}, 204, nil, 204, ""},
		{"RFC 9110 §15.4.5 304", "GET", respond.JSONConfig{}, 304, nil, 304, ""},
		{"unencodable", "GET", respond.JSONConfig{}, 200, math.Inf(1), 500, `{"title":"Internal Server Error","status":500}` + "\n"},
		{"informational", "GET", respond.JSONConfig{}, 103, 1, 500, `{"title":"Internal Server Error","status":500}` + "\n"},
		{"no status", "GET", respond.JSONConfig{}, 0, 1, 500, `{"title":"Internal Server Error","status":500}` + "\n"},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		err := tt.cfg.Write(w, httptest.NewRequest(tt.method, "/", nil), tt.status, tt.v)
		if w.Code != tt.code || w.Body.String() != tt.want || (err != nil) != (tt.code == 500) {
			t.Errorf("%s: Write = %d %q, %v, want %d %q", tt.name, w.Code, w.Body, err, tt.code, tt.want)
		}
		length := w.Header().Get("Content-Length")
		if bodiless := tt.code == 204 || tt.code == 304; bodiless != (length == "") {
			t.Errorf("%s: Content-Length = %q", tt.name, length)
		}
	}
}

func TestJSONKeepsTheHandlersType(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/geo+json")
	if err := respond.JSON(w, httptest.NewRequest("GET", "/", nil), 200, 1); err != nil || w.Header().Get("Content-Type") != "application/geo+json" {
		t.Errorf("JSON = %v, Content-Type %q, want the handler's", err, w.Header().Get("Content-Type"))
	}
}

// FuzzErrorAccept checks that no Accept header breaks the answer.
func FuzzErrorAccept(f *testing.F) {
	for _, seed := range []string{"", "*/*", "text/html;q=0.5,", ";;q=,,", "text/*;q=1.000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Accept"] = []string{accept}
		respond.Error(w, r, errSecret)
		kind := w.Header().Get("Content-Type")
		switch {
		case w.Code != 500:
			t.Errorf("Accept %q = %d, want 500", accept, w.Code)
		case kind == "application/problem+json" && !json.Valid(w.Body.Bytes()):
			t.Errorf("Accept %q = %q, want JSON", accept, w.Body)
		case kind != "application/problem+json" && !strings.Contains(strings.ToLower(accept), "text/"):
			t.Errorf("Accept %q = %q, which it does not name", accept, kind)
		}
	})
}

func TestProblemIsAnError(t *testing.T) {
	err := error(respond.Problemf(404, "order %d is not here", 7))
	if got, want := err.Error(), "404 Not Found: order 7 is not here"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	var p respond.Problem
	if !errors.As(fmt.Errorf("x: %w", err), &p) || p.Problem().Status != 404 {
		t.Errorf("errors.As found %v, want the problem", p)
	}
}

// RFC 9110 §12.5.5: what a layer around has said already is not said again.
func TestErrorAddsToVaryOnce(t *testing.T) {
	for before, want := range map[string]string{"Origin": "Origin, Accept", "accept, Origin": "accept, Origin", "*": "*"} {
		w := httptest.NewRecorder()
		w.Header().Set("Vary", before)
		respond.Error(w, httptest.NewRequest("GET", "/", nil), respond.Problemf(404, "gone"))
		if got := strings.Join(w.Header().Values("Vary"), ", "); got != want {
			t.Errorf("Vary %q before: Vary = %q, want %q", before, got, want)
		}
	}
}
