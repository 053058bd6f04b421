package shop_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

// accounts are two customers, of whom one has two keys.
const accounts = `
# key             name    plan
trial-key-0000001 ann     trial
trade-key-0000001 bob     trade   # the office
trade-key-0000002 bob     trade
`

// limited is a fixture behind its limits, as a service would have them.
type limited struct {
	*fixture
	handler  http.Handler
	recorder *measure.Recorder
}

func newLimited(t *testing.T, f *fixture) *limited {
	t.Helper()
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	customers, err := shop.ReadAccounts(strings.NewReader(accounts))
	if err != nil {
		t.Fatal(err)
	}
	return newLimitedOn(t, f, store, shop.LimitsConfig{Accounts: customers})
}

func newLimitedOn(t *testing.T, f *fixture, store ratelimit.Store, cfg shop.LimitsConfig) *limited {
	t.Helper()
	limits, err := f.Limits(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limits.Close)
	clients, err := clientip.New(clientip.Config{Hops: clientip.Hops{For: 1}})
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := measure.New(measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &limited{f, clients.Handler(recorder.Handler(limits.Handler(f.Handler()))), recorder}
}

// from sends a request through a proxy, of a client with an API key unless that
// is "".
func (l *limited) from(t *testing.T, client, key string, r request) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), r.method, r.target, strings.NewReader(r.body))
	req.Header.Set("X-Forwarded-For", client)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("X-API-Key", key)
	}
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, req)
	return w
}

// admitted counts the answers to n requests that are no refusal by a limit; all
// refusals have to come after them.
func (l *limited) admitted(t *testing.T, n int, client, key string, r request) (count int) {
	t.Helper()
	for i := range n {
		w := l.from(t, client, key, r)
		switch {
		case w.Code != http.StatusTooManyRequests && i != count:
			t.Fatalf("%s %s from %s = %d after a refusal", r.method, r.target, client, w.Code)
		case w.Code != http.StatusTooManyRequests:
			count++
		case w.Header().Get("Retry-After") == "":
			t.Fatalf("%s %s from %s: a 429 without Retry-After", r.method, r.target, client)
		}
	}
	return count
}

var page = request{"GET", "/api/orders/1", ""}

// A client without a key has a hundred requests in a minute for each route, one
// with a key those of its plan, and the load balancer any number.
func TestLimits(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		gold, err := shop.ReadAccounts(strings.NewReader("golden-key-000001 ann gold"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Limits(nil, shop.LimitsConfig{Accounts: gold}); err == nil || !strings.Contains(err.Error(), `ann has the plan "gold"`) {
			t.Errorf("Limits with a plan that there is not = %v, want to be told so", err)
		}
		l := newLimited(t, f)
		for _, test := range []struct {
			client, key string
			request     request
			send, want  int
		}{
			{"192.0.2.1", "", page, 110, 100},
			{"192.0.2.1", "no-such-key-00000", page, 3, 0}, // as without one
			{"192.0.2.1", "", request{"GET", "/api/catalog", ""}, 2, 2},
			{"192.0.2.2", "", page, 3, 3},
			{"192.0.2.3", "", request{"GET", "/no/such/page", ""}, 101, 100},
			{"192.0.2.3", "", request{"GET", "/another/one", ""}, 3, 0},
			{"192.0.2.4", "", request{"GET", "/health", ""}, 250, 250},
			{"192.0.2.1", "trial-key-0000001", page, 40, 40},
			{"192.0.2.5", "trial-key-0000001", request{"GET", "/search?q=oak", ""}, 30, 20}, // on all routes, from everywhere
			{"192.0.2.5", "trade-key-0000001", page, 150, 150},
			{"192.0.2.6", "trial-key-0000001", request{"GET", "/health", ""}, 3, 3}, // whatever its plan says
		} {
			if got := l.admitted(t, test.send, test.client, test.key, test.request); got != test.want {
				t.Errorf("%d times %s from %s with key %q: %d admitted, want %d", test.send, test.request.target, test.client, test.key, got, test.want)
			}
		}
	})
}

// With two keys nobody can say whose request it is: it counts by address.
func TestTwoKeysAreNone(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		l := newLimited(t, f)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/orders/1", nil)
		r.Header = http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Api-Key": {"trade-key-0000001", "trial-key-0000001"}}
		w := httptest.NewRecorder()
		l.handler.ServeHTTP(w, r)
		if got := w.Header().Get("RateLimit-Policy"); w.Code != http.StatusOK || got != `"address";q=100;w=60` {
			t.Errorf("GET with two keys = %d, RateLimit-Policy %q, want the limit by address", w.Code, got)
		}
	})
}

// away is a store of limits that nobody reaches.
type away struct{ ratelimit.Store }

func (away) Apply(context.Context, ratelimit.Op, []ratelimit.Charge, []ratelimit.Result) error {
	return ratelimit.ErrUnavailable
}

func (away) Ping(context.Context) error { return ratelimit.ErrUnavailable }

// While the store is away each of two processes admits half.
func TestLimitsWithoutTheStore(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		store, err := memory.NewLimits(memory.LimitsConfig{})
		if err != nil {
			t.Fatal(err)
		}
		l := newLimitedOn(t, f, away{store}, shop.LimitsConfig{Instances: 2})
		for client, want := range map[string]int{"192.0.2.1": 50, "192.0.2.2": 50} {
			if got := l.admitted(t, 60, client, "", page); got != want {
				t.Errorf("60 requests from %s: %d admitted, want %d", client, got, want)
			}
		}
		export := request{"GET", "/api/export.csv", ""}
		if got := l.admitted(t, 3, "192.0.2.1", "", export); got != 1 {
			t.Errorf("3 exports: %d admitted, want 1: there is no half", got)
		}
	})
}

// Only wrong passwords count, by address and by account, and at once.
func TestLoginLimits(t *testing.T) {
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		// Cheap to check: a test is no place to burn time in.
		if _, err := f.db.ExecContext(t.Context(), `UPDATE staff SET password_hash = $1`, cheapHash); err != nil {
			t.Fatal(err)
		}
		l := newLimited(t, f)
		login := func(login, password string) request {
			return request{"POST", "/api/login", fmt.Sprintf(`{"login": %q, "password": %q}`, login, password)}
		}
		if got := l.admitted(t, 20, "192.0.2.1", "", login("owen", "right")); got != 20 {
			t.Errorf("the right password: %d of 20 admitted, want all", got)
		}
		if got := l.admitted(t, 20, "192.0.2.1", "", request{"POST", "/api/login", `{"login": 7}`}); got != 20 {
			t.Errorf("what is no login: %d of 20 admitted, want all", got)
		}
		var wg sync.WaitGroup
		codes := make(chan int, 40)
		for range cap(codes) {
			wg.Go(func() { codes <- l.from(t, "192.0.2.1", "", login("owen", "wrong")).Code })
		}
		wg.Wait()
		close(codes)
		sum := map[int]int{}
		for code := range codes {
			sum[code]++
		}
		if sum[http.StatusUnauthorized] != 5 || sum[http.StatusTooManyRequests] != 35 {
			t.Errorf("40 wrong passwords at once = %v, want 5 of them looked at", sum)
		}
		if got := l.admitted(t, 2, "192.0.2.2", "", login("owen", "wrong")); got != 0 {
			t.Errorf("the account from another address: %d admitted, want none", got)
		}
		if got := l.admitted(t, 2, "192.0.2.1", "", login("nobody", "wrong")); got != 0 {
			t.Errorf("another account from the address: %d admitted, want none", got)
		}
		if got := l.admitted(t, 9, "192.0.2.3", "", login("nobody", "wrong")); got != 5 {
			t.Errorf("another account from another address: %d admitted, want 5", got)
		}
		// What the limit reads of the body, the route still gets.
		w := l.from(t, "192.0.2.4", "", request{"POST", "/api/login", `{"login": "x", "password": "` + strings.Repeat("p", 70_000) + `"}`})
		wantProblem(t, "a login of 70 kB", w, http.StatusRequestEntityTooLarge, "the body is larger than 64 kB")
	})
}

// cheapHash is that of "right".
const cheapHash = "pbkdf2-sha256$1$c2FsdA$ROyM/iuk2SczHFjYoqDME9bx8b2aVf2IJuvZ0qLnUd8"

// Each user has one export a day, and does not pay for one that failed.
func TestExportLimits(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		l := newLimited(t, f)
		export := request{"GET", "/api/export.csv", ""}
		rename := func(from, to string) {
			if _, err := f.db.ExecContext(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
				t.Fatal(err)
			}
		}
		rename("customers", "gone")
		for range 3 {
			for _, key := range []string{"", "trade-key-0000001"} {
				if w := l.from(t, "192.0.2.1", key, export); w.Code != http.StatusInternalServerError {
					t.Fatalf("GET %s without a table, with key %q = %d, want 500", export.target, key, w.Code)
				}
			}
		}
		rename("gone", "customers")
		for _, test := range []struct {
			client, key string
			want        int
		}{
			{"192.0.2.1", "", 1},
			{"192.0.2.2", "", 1},
			{"192.0.2.1", "trade-key-0000001", 1},
			{"192.0.2.3", "trade-key-0000002", 0}, // the same customer
			{"192.0.2.3", "trial-key-0000001", 1},
		} {
			if got := l.admitted(t, 3, test.client, test.key, export); got != test.want {
				t.Errorf("3 exports from %s with key %q: %d admitted, want %d", test.client, test.key, got, test.want)
			}
		}
	})
}

// A refusal is measured with its route, and told as the limits say.
func TestRefusalsAreMeasured(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		l := newLimited(t, f)
		l.admitted(t, 103, "192.0.2.1", "", page)
		found := false
		for _, s := range l.recorder.Snapshot().Series {
			found = found || s.Route == "/api/orders/{id}" && s.Class == "4xx" && s.Total.Count == 3
		}
		if !found {
			t.Errorf("series = %+v, want 3 refusals of /api/orders/{id}", l.recorder.Snapshot().Series)
		}
		w := l.from(t, "192.0.2.1", "", page)
		if got := w.Header().Get("RateLimit-Policy"); got != `"address";q=100;w=60` || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("a refusal has %v, want the policy and a problem", w.Header())
		}
	})
}

func TestReadAccounts(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{accounts, ""},
		{"short ann trial", "line 1: want a key of at least 16 bytes, a name and a plan"},
		{"# ann\ntrial-key-0000001 ann", "line 2: want a key of at least 16 bytes"},
		{"trial-key-0000001 ann trial\ntrial-key-0000001 bob trial", "line 2: the key is there already"},
		{"trial-key-0000001 ann trial\ntrial-key-0000002 ann trade", "line 2: the customer has another plan already"},
	} {
		_, err := shop.ReadAccounts(strings.NewReader(test.text))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "trial-key")) {
			t.Errorf("ReadAccounts(%q) = %v, want %q and no key", test.text, err, test.want)
		}
	}
}
