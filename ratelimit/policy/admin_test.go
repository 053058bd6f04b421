package policy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/ratelimit/policy"
)

const credential = "0123456789abcdef"

// adminTable has one policy by address for each route, and its admin handler.
func adminTable(t *testing.T, around func(http.Handler) http.Handler) (*policy.Table, http.Handler) {
	t.Helper()
	table := newTable(t, policy.Config{
		Policies: []policy.Policy{limit("address", "5/minute")},
		Default:  []string{"address"},
		Route:    policy.MuxRoute(mux()),
	})
	admin, err := table.AdminHandler(credential, around)
	if err != nil {
		t.Fatal(err)
	}
	return table, admin
}

// administer sends a request with the credential.
func administer(admin http.Handler, method, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+credential)
	w := httptest.NewRecorder()
	admin.ServeHTTP(w, r)
	return w
}

func TestAdminHandlerRefuses(t *testing.T) {
	table, admin := adminTable(t, nil)
	if _, err := table.AdminHandler("short", nil); err == nil {
		t.Error("AdminHandler took a short credential")
	}
	for _, tt := range []struct {
		method, authorization, body string
		want                        int
	}{
		{"GET", "", "", 401},
		{"GET", "Bearer 0123456789abcdeF", "", 401},
		{"GET", "Bearer 0123456789abcde", "", 401},
		{"GET", "Basic 0123456789abcdef", "", 401},
		{"POST", "", `{"method": "GET", "path": "/a"}`, 401},
		{"GET", "bearer 0123456789abcdef", "", 200},
		{"DELETE", "Bearer 0123456789abcdef", "", 405},
		{"POST", "Bearer 0123456789abcdef", "", 400},
		{"POST", "Bearer 0123456789abcdef", `{"path": "/a"}`, 400},
		{"POST", "Bearer 0123456789abcdef", `{"method": "G T", "path": "/a"}`, 400},
		{"POST", "Bearer 0123456789abcdef", `{"method": "GET", "path": "a"}`, 400},
		{"POST", "Bearer 0123456789abcdef", `{"method": "GET", "path": "http://host/a"}`, 400},
		{"POST", "Bearer 0123456789abcdef", `{"method": "GET", "path": "/a", "body": "` + strings.Repeat("x", 2<<20) + `"}`, 400},
		{"POST", "Bearer 0123456789abcdef", `{"method": "GET", "path": "/a"}`, 200},
	} {
		r := httptest.NewRequest(tt.method, "/", strings.NewReader(tt.body))
		r.Header.Set("Authorization", tt.authorization)
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, r)
		if w.Code != tt.want || tt.want == 401 && strings.Contains(w.Body.String(), "address") {
			t.Errorf("%s with %q and %.60q = %d %.200s, want %d", tt.method, tt.authorization, tt.body, w.Code, w.Body, tt.want)
		}
	}
}

// The table and its explanations come as they are, and nothing is charged.
func TestAdminHandlerAnswers(t *testing.T) {
	clients, err := clientip.New(clientip.Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}})
	if err != nil {
		t.Fatal(err)
	}
	table, admin := adminTable(t, clients.Handler)
	var d policy.Description
	if err := json.Unmarshal(administer(admin, "GET", "").Body.Bytes(), &d); err != nil || d.String() != table.Describe().String() {
		t.Errorf("GET = %v, %v, want %v", d, err, table.Describe())
	}
	served := clients.Handler(table.Handler(mux()))
	for range 3 {
		r := httptest.NewRequest("GET", "/a", http.NoBody)
		r.RemoteAddr = "203.0.113.9:1234"
		served.ServeHTTP(httptest.NewRecorder(), r)
	}
	for question, want := range map[string]int64{
		`{"method": "GET", "path": "/a?page=2", "peer": "203.0.113.9"}`:                                                     2,
		`{"method": "GET", "path": "/b", "peer": "203.0.113.9"}`:                                                            5,
		`{"method": "GET", "path": "/a", "peer": "10.0.0.1:99", "header": {"x-forwarded-for": ["192.0.2.1, 203.0.113.9"]}}`: 2,
		`{"method": "GET", "path": "/a", "peer": "10.0.0.2:99", "header": {"X-Forwarded-For": ["192.0.2.1, 203.0.113.9"]}}`: 5,
	} {
		for range 2 {
			// Who asks is another client, and may have come through the resolver.
			w := httptest.NewRecorder()
			r := httptest.NewRequest("POST", "/", strings.NewReader(question))
			r.Header.Set("Authorization", "Bearer "+credential)
			clients.Handler(admin).ServeHTTP(w, r)
			var e policy.Explanation
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
				t.Fatalf("%s: %s: %v", question, w.Body, err)
			}
			if len(e.Policies) != 1 || len(e.Policies[0].Limits) != 1 || e.Policies[0].Limits[0].Remaining != want {
				t.Errorf("%s: %v, want %d left", question, e, want)
			}
		}
	}
}

// Without anything around the table, what is known of who asks is not taken for
// the request's.
func TestAdminHandlerForgetsWhoAsks(t *testing.T) {
	clients, err := clientip.New(clientip.Config{})
	if err != nil {
		t.Fatal(err)
	}
	table, admin := adminTable(t, nil)
	r := httptest.NewRequest("GET", "/a", http.NoBody)
	r.RemoteAddr = "203.0.113.9:1234"
	want := table.Explain(r).Policies[0].Digest
	asks := httptest.NewRequest("POST", "/", strings.NewReader(`{"method": "GET", "path": "/a", "peer": "203.0.113.9"}`))
	asks.Header.Set("Authorization", "Bearer "+credential)
	w := httptest.NewRecorder()
	clients.Handler(admin).ServeHTTP(w, asks)
	if !strings.Contains(w.Body.String(), `"digest":"`+want+`"`) {
		t.Errorf("%s, want the digest %s", w.Body, want)
	}
}

// What does not come as far as the table is said so.
func TestAdminHandlerAroundRefuses(t *testing.T) {
	_, admin := adminTable(t, func(http.Handler) http.Handler { return http.NotFoundHandler() })
	w := administer(admin, "POST", `{"method": "GET", "path": "/a"}`)
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "does not come as far as the limits: 404") {
		t.Errorf("= %d %s, want 422 and the status", w.Code, w.Body)
	}
}
