package shop_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// wantProblem checks status and text of an error answer (RFC 9457).
func wantProblem(t *testing.T, what string, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	var problem struct{ Detail string }
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		t.Errorf("%s = %d %q, want JSON: %v", what, w.Code, w.Body, err)
		return
	}
	if w.Code != status || !strings.Contains(problem.Detail, text) || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s = %d %q, want %d with %q", what, w.Code, problem.Detail, status, text)
	}
}

func TestRefusals(t *testing.T) {
	const (
		order   = "/api/orders"
		product = "/api/products/1"
		login   = "/api/login"
	)
	long := strings.Repeat("x", 201)
	spaces := strings.Repeat(" ", 64<<10)
	many := strings.TrimSuffix(strings.Repeat(`{"product_id": 1, "quantity": 1},`, 101), ",")
	tests := []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", "/api/orders?before=x", "", 400, `before is "x"`},
		{"GET", "/api/orders?before=", "", 400, `before is ""`},
		{"GET", "/api/orders?before=0", "", 400, `before is "0"`},
		{"GET", "/api/orders?before=9223372036854775808", "", 400, "want a whole number"},
		{"GET", "/api/orders/-1", "", 400, `id is "-1"`},
		{"GET", "/api/orders/1.5", "", 400, `id is "1.5"`},
		{"GET", "/api/orders/161", "", 404, "order 161 does not exist"},
		{"GET", "/api/products/x/summary", "", 400, `id is "x"`},
		{"GET", "/api/products/41/summary", "", 404, "product 41 does not exist"},
		{"GET", "/search", "", 400, "q must be there"},
		{"GET", "/search?q=+", "", 400, "q must be there"},
		{"GET", "/search?q=" + long, "", 400, "q must be there"},
		{"GET", "/search?q=%00", "", 400, "q must be there"},
		{"GET", "/search?q=a%00b", "", 400, "q must be there"},
		{"GET", "/search?q=%ff", "", 400, "q must be there"},

		{"POST", order, `{`, 400, "the body is not what this route takes"},
		{"POST", order, ` `, 400, "the body is empty"},
		{"POST", order, `[]`, 400, "the body cannot be a JSON array"},
		{"POST", order, `{"customer_id": "1"}`, 400, "customer_id cannot be a JSON string"},
		{"POST", order, `{"customer": 1}`, 400, `unknown field "customer"`},
		{"POST", order, `{"customer_id": 1} {}`, 400, "more than one JSON value"},
		{"POST", order, `{"customer_id": 1} ]`, 400, "more than one JSON value"},
		{"POST", order, `{"customer_id": 1}` + spaces, 413, "larger than 64 kB"},
		{"POST", order, `{"customer_id": 1, "lines": [` + spaces + `]}`, 413, "larger than 64 kB"},
		{"POST", order, `{"lines": [{"product_id": 1, "quantity": 1}]}`, 400, "customer_id is 0"},
		{"POST", order, `{"customer_id": 1}`, 400, "lines has 0 entries"},
		{"POST", order, `{"customer_id": 1, "lines": [` + many + `]}`, 400, "lines has 101 entries"},
		{"POST", order, `{"customer_id": 1, "lines": [{"quantity": 1}]}`, 400, "lines[0].product_id is 0"},
		{"POST", order, `{"customer_id": 1, "lines": [{"product_id": 1}]}`, 400, "lines[0].quantity is 0"},
		{"POST", order, `{"customer_id": 1, "lines": [{"product_id": 1, "quantity": 10001}]}`, 400, "lines[0].quantity is 10001"},
		{"POST", order, `{"customer_id": 1, "lines": [{"product_id": 1, "quantity": 1}, {"product_id": 1, "quantity": 1}]}`, 400, "lines[1] names product 1 again"},

		{"PUT", "/api/products/x", `{}`, 400, `id is "x"`},
		{"PUT", "/api/products/41", `{"name": "Oak", "price_cents": 1, "stock": 0}`, 404, "product 41 does not exist"},
		{"PUT", product, `{"price_cents": 1, "stock": 0}`, 400, "name must be there"},
		{"PUT", product, `{"name": "", "price_cents": 1, "stock": 0}`, 400, "name must be there"},
		{"PUT", product, `{"name": "a\u0000b", "price_cents": 1, "stock": 0}`, 400, "name must be there"},
		{"PUT", product, `{"name": "` + long + `", "price_cents": 1, "stock": 0}`, 400, "name must be there"},
		{"PUT", product, `{"name": "Oak", "stock": 0}`, 400, "price_cents must be there"},
		{"PUT", product, `{"name": "Oak", "price_cents": 0, "stock": 0}`, 400, "price_cents must be there"},
		{"PUT", product, `{"name": "Oak", "price_cents": 100000001, "stock": 0}`, 400, "price_cents must be there"},
		{"PUT", product, `{"name": "Oak", "price_cents": 1}`, 400, "stock must be there"},
		{"PUT", product, `{"name": "Oak", "price_cents": 1, "stock": -1}`, 400, "stock must be there"},
		{"PUT", product, `{"name": "Oak", "price_cents": 1, "stock": 1000000001}`, 400, "stock must be there"},

		{"POST", login, `{"password": "x"}`, 400, "login must be there"},
		{"POST", login, `{"login": "owen"}`, 400, "password must be there"},
		{"POST", login, `{"login": "ow\u0000en", "password": "x"}`, 400, "login must be there"},
		{"POST", login, `{"login": "owen", "password": "` + long + `"}`, 400, "password must be there"},
	}
	each(t, func(t *testing.T, f *fixture) {
		for _, test := range tests {
			w := f.do(t.Context(), test.method, test.target, test.body)
			what := test.method + " " + test.target + " " + test.body
			wantProblem(t, what[:min(len(what), 120)], w, test.status, test.want)
		}
		if log := f.log.String(); log != "" {
			t.Errorf("the clients' mistakes were logged as ours: %s", log)
		}
	})
}

func TestMediaTypeRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; =", "application/jsonp"} {
			for _, route := range []string{"POST /api/orders", "PUT /api/products/1", "POST /api/login"} {
				method, target, _ := strings.Cut(route, " ")
				r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(`{}`))
				r.Header.Set("Content-Type", media)
				w := httptest.NewRecorder()
				f.Handler().ServeHTTP(w, r)
				wantProblem(t, route+" as "+media, w, http.StatusUnsupportedMediaType, "application/json")
			}
		}
	})
}

func TestMethodAndPathRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, test := range []struct {
			method, target, allow string
			want                  int
		}{
			{"DELETE", "/api/orders/1", "GET, HEAD", http.StatusMethodNotAllowed},
			{"POST", "/", "GET, HEAD", http.StatusMethodNotAllowed},
			{"GET", "/api/login", "POST", http.StatusMethodNotAllowed},
			{"GET", "/nowhere", "", http.StatusNotFound},
			{"GET", "/api/orders/1/lines", "", http.StatusNotFound},
		} {
			w := f.do(t.Context(), test.method, test.target, "")
			if w.Code != test.want || w.Header().Get("Allow") != test.allow {
				t.Errorf("%s %s = %d, Allow %q, want %d, %q", test.method, test.target, w.Code, w.Header().Get("Allow"), test.want, test.allow)
			}
		}
	})
}

// everyRoute is a good request to each route.
var everyRoute = []request{
	{"GET", "/", ""},
	{"GET", "/search?q=oak", ""},
	{"GET", "/api/catalog", ""},
	{"GET", "/api/orders", ""},
	{"GET", "/api/orders/1", ""},
	{"GET", "/api/products/1/summary", ""},
	{"POST", "/api/orders", `{"customer_id": 1, "lines": [{"product_id": 1, "quantity": 1}]}`},
	{"PUT", "/api/products/1", `{"name": "Oak", "price_cents": 1, "stock": 1}`},
	{"POST", "/api/login", `{"login": "owen", "password": "forty-foot-larch"}`},
	{"GET", "/api/export.csv", ""},
	{"GET", "/health", ""},
}

// sharedRoutes are those of them whose answers are kept for everybody.
var sharedRoutes = []string{"GET /search?q=oak", "GET /api/catalog", "GET /api/orders"}

// A client learns that something failed, and nothing about what; the log
// learns all of it.
func TestDatabaseFailure(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		if err := f.db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, route := range everyRoute {
			w := f.do(t.Context(), route.method, route.target, route.body)
			if route.target == "/health" {
				wantProblem(t, "GET /health", w, http.StatusServiceUnavailable, "the database does not answer")
				continue
			}
			wantProblem(t, route.method+" "+route.target, w, http.StatusInternalServerError, "something went wrong on our side")
		}
		if log := f.log.String(); strings.Count(log, "database is closed") != len(everyRoute)-1 || !strings.Contains(log, `route="GET /api/orders/{id}"`) {
			t.Errorf("log = %s, want each failure with its route and cause", log)
		}
	})
}

// Every statement carries the request's context: one that is over stops it.
func TestRequestContextReachesTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		left, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		for _, route := range everyRoute {
			w := f.do(late, route.method, route.target, route.body)
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s %s past its deadline = %d, want 503", route.method, route.target, w.Code)
			}
			if route.target == "/health" {
				continue // it asks for the database's health, not for the client's
			}
			if got := w.Header().Get("Retry-After"); got != "1" {
				t.Errorf("%s %s past its deadline: Retry-After = %q, want 1", route.method, route.target, got)
			}
			// Another product: the load that the request before has begun goes on,
			// and may have an answer by now.
			target := strings.Replace(route.target, "/products/1/summary", "/products/2/summary", 1)
			w = f.do(left, route.method, target, route.body)
			if f.cache != nil && slices.Contains(sharedRoutes, route.method+" "+route.target) {
				if len(w.Header()) > 0 || w.Body.Len() > 0 {
					t.Errorf("%s %s whose client left = %v %.80q, want nothing at all", route.method, route.target, w.Header(), w.Body)
				}
				if again := f.sent(t, route.target, "", ""); again.Code != http.StatusOK || isHit(again) {
					t.Errorf("%s %s afterwards = %d, %q, want 200 and no hit", route.method, route.target, again.Code, again.Header().Get("Cache-Status"))
				}
				continue
			}
			if w.Code != 499 {
				t.Errorf("%s %s whose client left = %d, want 499", route.method, route.target, w.Code)
			}
		}
		if got := f.scan(t, `SELECT count(*) FROM orders`); got != 160 {
			t.Errorf("orders = %d, want 160", got)
		}
	})
}
