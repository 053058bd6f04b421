package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

// application is a table of policies that all apply everywhere.
func application(policies ...policy.Policy) policy.Config {
	c := policy.Config{Policies: policies}
	for _, p := range policies {
		c.Application = append(c.Application, p.Name)
	}
	return c
}

// echo answers with the status in the query, or does what that says.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch q := r.URL.RawQuery; q {
	case "panic":
		panic(http.ErrAbortHandler)
	case "401", "503":
		var status int
		fmt.Sscan(q, &status)
		w.WriteHeader(status)
	}
})

func failures(status int, _ http.Header) bool { return status >= 400 }

// TestOnlyFailuresCount: of 100 attempts at once 5 fail and no more, and any
// number succeed afterwards as long as one may still fail.
func TestOnlyFailuresCount(t *testing.T) {
	login := limit("login", "5/hour")
	login.CountWhen = failures
	h := newTable(t, application(login)).Handler(echo)
	for range 50 {
		if got := serve(h, request("POST /login")).Code; got != 200 {
			t.Fatalf("a success = %d, want 200: successes do not count", got)
		}
	}
	var codes [600]atomic.Int64
	var work sync.WaitGroup
	for range 100 {
		work.Go(func() { codes[serve(h, request("POST /login?401")).Code].Add(1) })
	}
	work.Wait()
	if got := codes[401].Load(); got != 5 || codes[429].Load() != 95 {
		t.Errorf("of 100 failures %d passed and %d were refused, want 5 and 95", got, codes[429].Load())
	}
	if got := serve(h, request("POST /login")).Code; got != 429 {
		t.Errorf("after 5 failures a success = %d, want 429", got)
	}
}

func TestCountWhenSeesHowItEnded(t *testing.T) {
	var got []int
	p := limit("p", "100/hour")
	p.CountWhen = func(status int, h http.Header) bool {
		got = append(got, status)
		if h.Get("X-Boom") != "" {
			panic("boom")
		}
		return false
	}
	var hooks told
	c := application(p)
	c.OnError = hooks.onError
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "hijack":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.Close()
		case "boom":
			w.Header().Set("X-Boom", "1")
		case "late":
			w.WriteHeader(http.StatusTeapot)
			panic(http.ErrAbortHandler)
		default:
			echo(w, r)
		}
	})
	table := newTable(t, c)
	// A server waits for nobody who has hijacked: the test must, or it reads
	// what is left before the last charge is taken back.
	settled := make(chan bool)
	limited := table.Handler(handler)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { settled <- true }()
		limited.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, query := range []string{"", "401", "hijack", "panic", "late", "boom"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan bool)
		go func() {
			defer close(done)
			if response, err := server.Client().Do(r); err == nil {
				_ = response.Body.Close()
			}
		}()
		<-settled
		<-done
	}
	if want := []int{200, 401, 101, 500, 418, 200}; !reflect.DeepEqual(got, want) {
		t.Errorf("CountWhen was asked of %v, want %v", got, want)
	}
	var callback *policy.CallbackError
	if errs := hooks.errors(); len(errs) != 1 || !errors.As(errs[0], &callback) || callback.Callback != "CountWhen" || callback.Stack == nil {
		t.Errorf("OnError was told %v, want the panic of CountWhen", errs)
	}
	// All but the last, which panicked, were taken back.
	if e := table.Explain(request("GET /", "From", "127.0.0.1:1")); e.Policies[0].Limits[0].Remaining != 99 {
		t.Errorf("left = %d, want 99: a panic of CountWhen counts", e.Policies[0].Limits[0].Remaining)
	}
}

// TestSettleKeepsWhatCounts: taking one policy's charge back leaves the others'.
func TestSettleKeepsWhatCounts(t *testing.T) {
	login := limit("login", "3/hour")
	login.CountWhen = failures
	table := newTable(t, application(limit("all", "9/hour"), login))
	for range 2 {
		serve(table.Handler(echo), request("GET /"))
	}
	serve(table.Handler(echo), request("GET /?401"))
	got := table.Explain(request("GET /"))
	if all, failed := got.Policies[0].Limits[0].Remaining, got.Policies[1].Limits[0].Remaining; all != 6 || failed != 2 {
		t.Errorf("left = %d and %d, want 6 and 2", all, failed)
	}
}

func TestConcurrencyHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t)
		l, err := ratelimit.New(store, ratelimit.Config{Namespace: "test"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		table, err := policy.New(l, application(limit("export", "1 concurrent for 30s")))
		if err != nil {
			t.Fatal(err)
		}
		end := make(chan bool)
		h := table.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/long" && <-end {
				panic("over")
			}
		}))
		for _, panics := range []bool{false, true} {
			done := make(chan any)
			go func() {
				defer func() { done <- recover() }()
				serve(h, request("GET /long"))
			}()
			synctest.Wait()
			time.Sleep(5 * time.Minute) // ten lives of the place
			if got := serve(h, request("GET /")).Code; got != 429 {
				t.Errorf("while the place is taken: %d, want 429", got)
			}
			end <- panics
			if v := <-done; (v != nil) != panics {
				t.Errorf("the handler ended with %v", v)
			}
			calls := store.calls.Load()
			if got := serve(h, request("GET /")).Code; got != 200 {
				t.Errorf("after the end (panic: %t): %d, want 200", panics, got)
			}
			time.Sleep(time.Minute)
			if got := store.calls.Load() - calls; got != 2 {
				t.Errorf("calls = %d after a short request, want 2: nothing is extended after the end", got)
			}
		}
	})
}

func TestEmptyKeys(t *testing.T) {
	tests := []struct {
		on     policy.OnEmptyKey
		status int
		dry    bool
		want   string
	}{
		{policy.RefuseEmpty, 0, false, "400 400"},
		{policy.RefuseEmpty, 401, false, "401 401"},
		{policy.RefuseEmpty, 401, true, "200 200"},
		{policy.ShareEmpty, 0, false, "200 429"},
		{policy.ExemptEmpty, 0, false, "200 200"},
	}
	for _, tt := range tests {
		p := limit("key", "1/hour")
		p.Key, p.OnEmptyKey, p.EmptyStatus, p.DryRun = policy.ByHeader("X-Api-Key"), tt.on, tt.status, tt.dry
		var hooks told
		c := application(p)
		c.OnDecision = hooks.onDecision
		h := newTable(t, c).Handler(echo)
		if got := statuses(h, "GET /", "GET /"); got != tt.want {
			t.Errorf("OnEmptyKey %d, status %d: %s, want %s", tt.on, tt.status, got, tt.want)
		}
		verdicts := hooks.take()
		if tt.on == policy.RefuseEmpty {
			if want := (policy.Verdict{Policy: "key", EmptyKey: true, DryRun: tt.dry}); len(verdicts) != 2 || verdicts[0] != want {
				t.Errorf("verdicts = %+v, want two of %+v", verdicts, want)
			}
		}
		if got := serve(h, request("GET /", "X-Api-Key", "k")).Code; got != 200 {
			t.Errorf("OnEmptyKey %d, with a key: %d, want 200", tt.on, got)
		}
	}
}

// TestEmptyKeyIsFinal: what comes behind a refusal is neither asked nor
// charged.
func TestEmptyKeyIsFinal(t *testing.T) {
	first, second := limit("first", "9/hour"), limit("second", "9/hour")
	first.Key = policy.ByHeader("X-Api-Key")
	second.Cost = func(*http.Request) (int64, error) {
		t.Error("Cost was asked of a request that is refused")
		return 1, nil
	}
	store := newStore(t)
	if got := serve(newTableOn(t, store, application(first, second)).Handler(echo), request("GET /")).Code; got != 400 || store.calls.Load() != 0 {
		t.Errorf("status %d, %d round trips, want 400 and none", got, store.calls.Load())
	}
}

func TestCost(t *testing.T) {
	p := limit("p", "10/hour")
	p.Cost = func(r *http.Request) (n int64, err error) {
		_, err = fmt.Sscan(r.URL.RawQuery, &n)
		return n, err
	}
	var hooks told
	c := application(p)
	c.OnError = hooks.onError
	h := newTable(t, c).Handler(http.NotFoundHandler())
	if got, want := statuses(h, "GET /?6", "GET /?5", "GET /?4", "GET /?0", "GET /?1"), "404 429 404 404 429"; got != want {
		t.Errorf("statuses = %s, want %s", got, want)
	}
	if got, want := statuses(h, "GET /?-1", "GET /?1000000001", "GET /?x"), "500 500 500"; got != want {
		t.Errorf("unusable costs: %s, want %s", got, want)
	}
	for _, err := range hooks.errors() {
		var callback *policy.CallbackError
		if !errors.As(err, &callback) || callback.Callback != "Cost" {
			t.Errorf("OnError was told %v, want a CallbackError of Cost", err)
		}
	}
	if w := serve(h, request("GET /?11", "From", "192.0.2.2:1")); w.Code != 429 || w.Header().Get("Retry-After") != "" {
		t.Errorf("a cost above the limit: %d, Retry-After %q, want 429 without: no wait will do", w.Code, w.Header().Get("Retry-After"))
	}
}

// TestCallbacksFailClosed: each callback that fails or panics refuses, is told
// as its own error, and neither its text nor the key reaches the client.
func TestCallbacksFailClosed(t *testing.T) {
	const secret = "secret-key"
	ends := map[string]func() error{
		"error": func() error { return errors.New(secret) },
		"panic": func() error { panic(secret) },
		// That of another store is no failure of this one's.
		"unavailable": func() error { return fmt.Errorf("%w: %s", ratelimit.ErrUnavailable, secret) },
	}
	callbacks := map[string]func(*policy.Config, func() error){
		"Key": func(c *policy.Config, f func() error) {
			c.Policies[0].Key = policy.ByUser("user", func(*http.Request) (string, error) { return "u", f() })
		},
		"Cost": func(c *policy.Config, f func() error) {
			c.Policies[0].Cost = func(*http.Request) (int64, error) { return 1, f() }
		},
		"Plan": func(c *policy.Config, f func() error) {
			c.Policies[0].Plan = func(context.Context, *http.Request) (string, error) { return "", f() }
		},
		"ExemptWhen": func(c *policy.Config, f func() error) {
			c.Policies[0].ExemptWhen = func(*http.Request) (bool, error) { return true, f() }
		},
		"Config.ExemptWhen": func(c *policy.Config, f func() error) {
			c.ExemptWhen = func(*http.Request) (bool, error) { return true, f() }
		},
		"Config.Route": func(c *policy.Config, f func() error) {
			c.Route = func(*http.Request) string {
				if err := f(); err != nil {
					panic(err)
				}
				return ""
			}
		},
	}
	for name, set := range callbacks {
		for end, fail := range ends {
			for _, dry := range []bool{false, true} {
				p := limit("p", "10/hour")
				p.DryRun = dry
				var hooks told
				c := application(p)
				c.OnError = hooks.onError
				set(&c, fail)
				w := serve(newTable(t, c).Handler(http.NotFoundHandler()), request("GET /"))
				want := http.StatusInternalServerError
				if dry && !strings.HasPrefix(name, "Config.") {
					want = http.StatusNotFound
				}
				if w.Code != want || strings.Contains(w.Body.String(), secret) {
					t.Errorf("%s, %s, dry run %t: %d %s, want %d without its text", name, end, dry, w.Code, w.Body, want)
				}
				var callback *policy.CallbackError
				errs := hooks.errors()
				if len(errs) != 1 || !errors.As(errs[0], &callback) || !strings.HasSuffix(name, callback.Callback) ||
					(end == "panic") != (callback.Stack != nil) && !strings.HasSuffix(name, "Route") {
					t.Errorf("%s, %s: OnError was told %v, want its CallbackError", name, end, errs)
				}
			}
		}
	}
}

func TestPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, text := 0, "2/hour"
		var fail error
		p := limit("plan", "1/hour")
		p.Key = policy.ByHeader("X-Api-Key")
		p.Plan = func(context.Context, *http.Request) (string, error) { asked++; return text, fail }
		table := newTable(t, application(p))
		h := table.Handler(http.NotFoundHandler())
		check := func(what, want string, wantAsked int) {
			t.Helper()
			var got []string
			for range strings.Fields(want) {
				got = append(got, fmt.Sprint(serve(h, request("GET /", "X-Api-Key", "k")).Code))
			}
			if got := strings.Join(got, " "); got != want || asked != wantAsked {
				t.Errorf("%s: %s after asking %d times, want %s after %d", what, got, asked, want, wantAsked)
			}
		}
		check("its own limit", "404 404 429", 1)
		text = "5/hour"
		check("kept for its life", "429 429", 1)
		time.Sleep(time.Minute)
		check("a new plan begins anew", "404 404 404 404 404 429", 2)
		text = ""
		time.Sleep(time.Minute)
		check("none: Limits", "404 429", 3)
		text = policy.Unlimited
		time.Sleep(time.Minute)
		check("unlimited", "404 404 404 404", 4)
		text = "many"
		time.Sleep(time.Minute)
		check("unreadable fails closed, and is asked again", "500 500", 6)
		fail = errors.New("down")
		check("an error fails closed, and is asked again", "500 500", 8)
	})
}

func TestPlansAreBounded(t *testing.T) {
	asked := 0
	p := limit("plan", "")
	p.Key, p.PlanKeys = policy.ByHeader("X-Api-Key"), 2
	p.Plan = func(context.Context, *http.Request) (string, error) { asked++; return "9/hour", nil }
	h := newTable(t, application(p)).Handler(http.NotFoundHandler())
	for range 10 {
		for _, key := range []string{"a", "b", "c"} {
			serve(h, request("GET /", "X-Api-Key", key))
		}
	}
	if asked < 4 || asked > 30 {
		t.Errorf("asked %d times for 3 keys where 2 are kept, want some evictions", asked)
	}
	p.Plan = func(context.Context, *http.Request) (string, error) { return "", nil }
	h = newTable(t, application(p)).Handler(http.NotFoundHandler())
	if got := serve(h, request("GET /", "X-Api-Key", "a")).Code; got != 500 {
		t.Errorf("neither plan nor Limits: %d, want 500", got)
	}
}

// TestBreaches: refusals count, over all routes and methods, and lead to worse.
func TestBreaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := limit("p", "1/second fixed")
		p.Breaches, p.PerMethod = "2/minute fixed; 3/hour fixed", true
		store := newStore(t)
		c := application(p, limit("other", "1000/hour"))
		table := newTableOn(t, store, c)
		h := table.Handler(http.NotFoundHandler())
		var waits []string
		get := func(line string) int {
			w := serve(h, request(line))
			waits = append(waits, w.Header().Get("Retry-After"))
			if told := strings.Contains(w.Header().Get("RateLimit"), `"p-breaches`); told != (len(waits[len(waits)-1]) > 1) {
				t.Errorf("RateLimit = %q, Retry-After %q: want breaches told of while they ban", w.Header().Get("RateLimit"), waits[len(waits)-1])
			}
			return w.Code
		}
		var got []int
		got = append(got, get("GET /"), get("GET /"))   // the first breach
		got = append(got, get("POST /"), get("POST /")) // the second
		calls := store.calls.Load()
		got = append(got, get("GET /"), get("POST /"), get("PUT /")) // banned for a minute, PUT too
		if n := store.calls.Load() - calls; n > 3 {
			t.Errorf("round trips = %d for 3 refusals of a banned client, want at most one each", n)
		}
		time.Sleep(time.Minute)
		got = append(got, get("GET /"), get("GET /")) // the third breach
		time.Sleep(time.Minute)
		got = append(got, get("GET /")) // banned for the rest of the hour
		time.Sleep(time.Hour)
		got = append(got, get("GET /"))
		if want := []int{404, 429, 404, 429, 429, 429, 429, 404, 429, 429, 404}; !reflect.DeepEqual(got, want) {
			t.Errorf("statuses = %v, want %v", got, want)
		}
		if want := []string{"", "1", "", "60", "60", "60", "60", "", "3540", "3480", ""}; !reflect.DeepEqual(waits, want) {
			t.Errorf("Retry-After = %q, want %q", waits, want)
		}
		if got := serve(h, request("GET /", "From", "192.0.2.2:1")).Code; got != 404 {
			t.Errorf("another client = %d, want 404", got)
		}
	})
}

// TestBannedIsOneRoundTrip, even where no refusal is remembered.
func TestBannedIsOneRoundTrip(t *testing.T) {
	store := newStore(t)
	l, err := ratelimit.New(store, ratelimit.Config{Namespace: "test", DenyCache: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	p := limit("p", "1/hour")
	p.Breaches = "1/hour"
	table, err := policy.New(l, application(p))
	if err != nil {
		t.Fatal(err)
	}
	h := table.Handler(http.NotFoundHandler())
	for i, want := range []int64{1, 3, 1, 1} { // admitted; refused, counted and a ban begun; banned
		before := store.calls.Load()
		serve(h, request("GET /"))
		if got := store.calls.Load() - before; got != want {
			t.Errorf("request %d: %d round trips, want %d", i, got, want)
		}
	}
}

// TestRefundLiftsRefusalElsewhere: a process does not go on refusing what
// another has taken back.
func TestRefundLiftsRefusalElsewhere(t *testing.T) {
	login := limit("login", "1/hour")
	login.CountWhen = failures
	store := newStore(t)
	here, there := newTableOn(t, store, application(login)), newTableOn(t, store, application(login))
	o, err := there.Check(request("GET /"))
	if err != nil || !o.Allowed {
		t.Fatalf("Check = %+v, %v", o, err)
	}
	h := here.Handler(http.NotFoundHandler())
	if got := serve(h, request("GET /")).Code; got != 429 {
		t.Errorf("while one is under way: %d, want 429", got)
	}
	if err := o.Settle(t.Context(), 200, nil); err != nil {
		t.Fatal(err)
	}
	if got := serve(h, request("GET /")).Code; got != 404 {
		t.Errorf("after it was taken back: %d, want 404", got)
	}
}

func TestDryRun(t *testing.T) {
	dry := limit("dry", "1/hour")
	dry.DryRun = true
	var hooks told
	c := application(dry, limit("real", "3/hour"))
	c.OnDecision = hooks.onDecision
	c.Fields.Legacy = policy.LegacyDelta
	h := newTable(t, c).Handler(http.NotFoundHandler())
	serve(h, request("GET /"))
	hooks.take()
	w := serve(h, request("GET /"))
	if got := fmt.Sprint(w.Header()); w.Code != 404 || strings.Contains(got, "dry") || !strings.Contains(got, `"real";r=1`) || w.Header().Get("X-Ratelimit-Remaining") != "1" {
		t.Errorf("refused by a dry run: %d %s, want 404 and the fields of the other policy", w.Code, got)
	}
	want := []policy.Verdict{{Policy: "dry", DryRun: true}, {Policy: "real", Allowed: true}}
	if got := hooks.take(); !reflect.DeepEqual(got, want) {
		t.Errorf("verdicts = %+v, want %+v", got, want)
	}
	if got, want := statuses(h, "GET /", "GET /"), "404 429"; got != want {
		t.Errorf("statuses = %s, want %s", got, want)
	}
}

// TestStoreAway: each policy does what it says, and 503 comes with Retry-After.
func TestStoreAway(t *testing.T) {
	tests := []struct {
		name   string
		policy ratelimit.OnStoreError
		dry    bool
		want   string
	}{
		{"open", ratelimit.FailOpen, false, "404 404 404"},
		{"closed", ratelimit.FailClosed, false, "503 503 503"},
		{"closed, dry run", ratelimit.FailClosed, true, "404 404 404"},
		{"half of 4", ratelimit.FailShare, false, "404 404 429"},
	}
	for _, tt := range tests {
		p := limit("p", "4/hour")
		p.OnStoreError, p.DryRun = tt.policy, tt.dry
		store := newStore(t)
		store.away.Store(true)
		var hooks told
		c := application(p)
		c.OnDecision, c.OnError = hooks.onDecision, hooks.onError
		h := newTableOn(t, store, c).Handler(http.NotFoundHandler())
		if got := statuses(h, "GET /", "GET /", "GET /"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		last := hooks.take()[2]
		if last.Source != ratelimit.FromPolicy && last.Source != ratelimit.FromShare || last.Allowed != (tt.policy == ratelimit.FailOpen) {
			t.Errorf("%s: verdict %+v", tt.name, last)
		}
		w := serve(h, request("GET /"))
		if w.Code == 503 && (w.Header().Get("Retry-After") != "1" || w.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("%s: header %v, want Retry-After and no-store", tt.name, w.Header())
		}
		if strings.Contains(fmt.Sprint(w.Header(), w.Body), "redis.internal") {
			t.Errorf("%s: the answer names the host: %v %s", tt.name, w.Header(), w.Body)
		}
	}
}

func TestAnswersOfHandler(t *testing.T) {
	c := application(limit("p", "1/minute fixed; 5/day fixed"))
	table := newTable(t, c)
	h := table.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("RateLimit", `"inner";r=1`)
		w.WriteHeader(http.StatusNoContent)
	}))
	w := serve(h, request("GET /"))
	if got, want := w.Header().Values("RateLimit"), []string{`"p";r=0;t=60, "p-day";r=4;t=86400`, `"inner";r=1`}; !reflect.DeepEqual(got, want) {
		t.Errorf("RateLimit = %q, want %q", got, want)
	}
	if got, want := w.Header().Get("RateLimit-Policy"), `"p";q=1;w=60, "p-day";q=5;w=86400`; got != want {
		t.Errorf("RateLimit-Policy = %q, want %q", got, want)
	}
	if got := w.Header().Values("Retry-After"); len(got) != 0 {
		t.Errorf("Retry-After = %q on %d, want none", got, w.Code)
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		w = serve(h, request(method+" /"))
		var problem struct {
			Violated []string `json:"violated-policies"`
		}
		if w.Code != 429 || w.Header().Get("Retry-After") == "" || !strings.HasPrefix(w.Header().Get("RateLimit"), `"p";r=0;t=`) {
			t.Errorf("%s: %d %v, want 429 with Retry-After and RateLimit", method, w.Code, w.Header())
		}
		if method == "HEAD" {
			if w.Body.Len() != 0 {
				t.Errorf("HEAD has the body %s", w.Body)
			}
		} else if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || !reflect.DeepEqual(problem.Violated, []string{"p"}) {
			t.Errorf("%s: body %s, want a problem with p", method, w.Body)
		}
	}
}

// TestQuotaNames: a client can tell the limits of a policy apart.
func TestQuotaNames(t *testing.T) {
	p := limit("p", "9/minute; 50/day fixed; 60/day gcra; 20 per 90s; 2 concurrent; 7/week")
	o, err := newTable(t, application(p)).Check(request("GET /"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range o.Quotas() {
		got = append(got, q.Name)
	}
	if want := []string{"p", "p-day", "p-60/day gcra", "p-1m30s", "p-concurrent", "p-week"}; !reflect.DeepEqual(got, want) {
		t.Errorf("names = %q, want %q", got, want)
	}
}

func TestOwnAnswer(t *testing.T) {
	answer := func(text string) policy.Answer {
		return func(w http.ResponseWriter, _ *http.Request, quotas []policy.Quota) {
			w.WriteHeader(http.StatusTeapot)
			for _, q := range quotas {
				fmt.Fprint(w, text, " ", q.Name, " ", q.Refused, ";")
			}
		}
	}
	for _, tt := range []struct{ config, own, want string }{
		{"1/minute", "2/day", "config's p true;config's own false;"},
		{"2/minute", "1/day", "policy's p false;policy's own true;"},
	} {
		own := limit("own", tt.own)
		own.Refuse = answer("policy's")
		c := application(limit("p", tt.config), own)
		c.Refuse = answer("config's")
		h := newTable(t, c).Handler(http.NotFoundHandler())
		serve(h, request("GET /"))
		if w := serve(h, request("GET /")); w.Body.String() != tt.want || w.Header().Get("Retry-After") == "" {
			t.Errorf("answer = %s, Retry-After %q, want %s with it", w.Body, w.Header().Get("Retry-After"), tt.want)
		}
	}
}

func TestCheckIsTheCore(t *testing.T) {
	login := limit("login", "1/hour")
	login.CountWhen = failures
	table := newTable(t, application(login))
	for range 3 {
		o, err := table.Check(request("GET /"))
		if err != nil || !o.Allowed || !o.Pending() {
			t.Fatalf("Check = %+v, %v, want allowed and pending", o, err)
		}
		if err := o.Settle(t.Context(), 200, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := table.Check(request("GET /")); err != nil { // is not settled: it counts
		t.Fatal(err)
	}
	if o, err := table.Check(request("GET /")); err != nil || o.Allowed || o.Status != 429 {
		t.Errorf("Check = %+v, %v, want 429", o, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Check(request("GET /").WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("Check of a request whose client has left = %v, want %v", err, context.Canceled)
	}
}
