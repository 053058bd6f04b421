package policy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit/policy"
)

func refuse(w http.ResponseWriter, r *http.Request) {
	policy.Refuse(w, r, []policy.Quota{
		quota("app", "100/minute", 7, time.Second),
		refused(quota(`lo<g>"in`, "5/minute", 0, time.Minute), 42*time.Second),
		refused(quota("daily", "20/day", 0, time.Hour), time.Hour),
		refused(quota("é", "20/day", 0, time.Hour), time.Hour),
	})
}

// RFC 9457 §3, and the types that draft-ietf-httpapi-ratelimit-headers-11 §8
// registers.
func TestRefuse(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "42")
	w.Header().Set("RateLimit", `"login";r=0;t=42`)
	w.Header().Set("Etag", `"1"`)
	w.Header().Set("Cache-Control", "public, max-age=60")
	refuse(w, httptest.NewRequest(http.MethodGet, "/", nil))
	var got struct {
		Type, Title, Detail string
		Status              int
		Violated            []string `json:"violated-policies"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if w.Code != 429 || got.Status != 429 ||
		got.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || got.Title != "Quota exceeded" {
		t.Errorf("%d %s, want a 429 of the registered type", w.Code, w.Body)
	}
	if want := `The quota "lo<g>\"in" admits 5/minute. Try again in 42 seconds.`; got.Detail != want {
		t.Errorf("detail = %s, want %s", got.Detail, want)
	}
	if want := `lo<g>"in daily`; strings.Join(got.Violated, " ") != want {
		t.Errorf("violated-policies = %q, want %s", got.Violated, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/problem+json", "Cache-Control": "no-store", "Vary": "Accept",
		"Retry-After": "42", "RateLimit": `"login";r=0;t=42`, "Etag": "",
	} {
		if got := strings.Join(w.Header().Values(name), ", "); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

// RFC 9110 §12.5.1 and §12.4.2.
func TestAnswerNegotiates(t *testing.T) {
	const (
		problem = "application/problem+json"
		html    = "text/html; charset=utf-8"
		text    = "text/plain; charset=utf-8"
	)
	tests := []struct{ accept, want string }{
		{"", problem},
		{"*/*", problem},
		{"application/json", problem},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html},
		{"text/*", html},
		{"text/html;q=0.5, text/plain;q=0.501", text},
		{"text/html;q=0.5, application/problem+json;q=0.6", problem},
		{"text/html;q=0, text/plain;q=0.1", text},
		{"text/html;q=0, */*;q=0.1", problem},
		{"text/plain, application/json;q=0.9", text},
		{"image/png", problem},
	}
	for _, tt := range tests {
		for name, answer := range map[string]http.HandlerFunc{"Refuse": refuse, "Unavailable": policy.Unavailable} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if tt.accept != "" {
				r.Header.Set("Accept", tt.accept)
			}
			answer(w, r)
			if got := w.Header().Get("Content-Type"); got != tt.want {
				t.Errorf("%s, Accept %q: Content-Type = %q, want %q", name, tt.accept, got, tt.want)
			}
			if got := w.Header().Get("Vary"); got != "Accept" {
				t.Errorf("%s, Accept %q: Vary = %q, want Accept", name, tt.accept, got)
			}
			if body := w.Body.String(); strings.Contains(body, "lo<g>") && tt.want == html {
				t.Errorf("Accept %q: the page has a name as markup: %s", tt.accept, body)
			}
		}
	}
}

func TestUnavailable(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "1")
	policy.Unavailable(w, httptest.NewRequest(http.MethodGet, "/", nil))
	want := `{"type":"https://iana.org/assignments/http-problem-types#temporary-reduced-capacity","title":"Temporary reduced capacity",` +
		`"status":503,"detail":"The request cannot be admitted at the moment. Try again in 1 second."}` + "\n"
	if w.Code != 503 || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d, Cache-Control %q, %s, want 503, no-store, %s", w.Code, w.Header().Get("Cache-Control"), w.Body, want)
	}
}

// RFC 9110 §9.3.2: HEAD has the fields of GET and no body. A real server, so
// that nothing hides a body that was written.
func TestAnswerToHead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(refuse))
	defer server.Close()
	lengths := map[string]int64{}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != 429 || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, Cache-Control %q", method, response.StatusCode, response.Header.Get("Cache-Control"))
		}
		lengths[method] = response.ContentLength
	}
	if lengths[http.MethodGet] != lengths[http.MethodHead] || lengths[http.MethodHead] < 100 {
		t.Errorf("Content-Length = %v, want the same", lengths)
	}
	w := httptest.NewRecorder()
	refuse(w, httptest.NewRequest(http.MethodHead, "/", nil))
	if w.Body.Len() != 0 {
		t.Errorf("HEAD has the body %s", w.Body)
	}
}

func TestAnswerSaysHowLong(t *testing.T) {
	tests := []struct{ after, want string }{
		{"1", "Try again in 1 second."},
		{"119", "Try again in 119 seconds."},
		{"120", "Try again in 2 minutes."},
		{"121", "Try again in 3 minutes."},
		{"7199", "Try again in 120 minutes."},
		{"7201", "Try again in 3 hours."},
		{"172801", "Try again in 3 days."},
		{"Sat, 23 May 2026 12:32:29 GMT", "admits 5/minute."},
		{"", "admits 5/minute."},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		if tt.after != "" {
			w.Header().Set("Retry-After", tt.after)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", "text/plain")
		refuse(w, r)
		if got := strings.TrimSpace(w.Body.String()); !strings.HasSuffix(got, tt.want) {
			t.Errorf("Retry-After %q: %q, want the end %q", tt.after, got, tt.want)
		}
	}
	// A refusal without a quota that may be named.
	w := httptest.NewRecorder()
	policy.Refuse(w, httptest.NewRequest(http.MethodGet, "/", nil), nil)
	if !strings.Contains(w.Body.String(), `"violated-policies":[]`) {
		t.Errorf("body = %s, want an empty list", w.Body)
	}
}
