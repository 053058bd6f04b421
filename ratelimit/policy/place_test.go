package policy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

// applies returns the policies that count a request, with their scopes.
func applies(table *policy.Table, r *http.Request) string {
	var got []string
	e := table.Explain(r)
	for _, p := range e.Policies {
		if p.Applies {
			got = append(got, p.Name+" in "+p.Scope)
		}
	}
	return strings.Join(got, ", ")
}

func places(t *testing.T, change func(*policy.Config)) *policy.Table {
	t.Helper()
	post := limit("post", "9/minute")
	post.Methods = []string{"POST"}
	get := limit("get", "9/minute")
	get.Methods = []string{"GET"}
	c := policy.Config{
		Policies: []policy.Policy{
			limit("app", "9/minute"), limit("std", "9/minute"), limit("api", "9/minute"), limit("in", "9/minute"),
			limit("alone", "9/minute"), post, get, limit("shared", "9/minute"), limit("routed", "9/minute"),
		},
		Application: []string{"app"},
		Default:     []string{"std"},
		Route:       policy.MuxRoute(mux()),
		Groups: []policy.Group{
			{Patterns: []string{"/api/"}, Policies: []string{"api"}, Groups: []policy.Group{
				{Patterns: []string{"/api/in/"}, Policies: []string{"in"}, Groups: []policy.Group{
					{Patterns: []string{"/api/in/deep"}, WithDefault: true},
				}},
				{Patterns: []string{"/api/over"}, Policies: []string{"alone"}, Override: true},
				{Patterns: []string{"/api/bare"}, Override: true},
			}},
			{Patterns: []string{"/login"}, Policies: []string{"post"}},
			{Patterns: []string{"GET /items/{id}"}, Policies: []string{"get"}},
			{Patterns: []string{"GET /b"}, Policies: []string{"shared"}, Scope: "both"},
			{Patterns: []string{"GET /c"}, Policies: []string{"shared"}, Scope: "both"},
			{Patterns: []string{"GET /a"}, Policies: []string{"routed"}, PerRoute: true},
			{Patterns: []string{"/health"}, Exempt: true},
		},
	}
	if change != nil {
		change(&c)
	}
	return newTable(t, c)
}

func TestWhatApplies(t *testing.T) {
	const app = "app in application"
	tests := []struct{ rule, request, want string }{
		{"a group's own bucket, and no Default", "GET /api/x", app + ", api in group /api/"},
		{"nested groups inherit from the outermost in", "GET /api/in/y", app + ", api in group /api/, in in group /api/in/"},
		{"WithDefault adds it, by route", "GET /api/in/deep", app + ", api in group /api/, in in group /api/in/, std in unmatched"},
		{"Override drops what is around, not Application", "GET /api/over", app + ", alone in group /api/over"},
		{"Override alone drops Default", "GET /api/bare", app},
		{"the path is cleaned", "GET /api//in/../over", app + ", alone in group /api/over"},
		{"Methods", "POST /login", app + ", post in group /login"},
		{"Default where no policy is for the method", "GET /login", app + ", std in route GET /login"},
		{"a wildcard", "GET /items/7", app + ", get in group GET /items/{id}"},
		{"HEAD is GET, in patterns and Methods", "HEAD /items/7", app + ", get in group GET /items/{id}"},
		{"a pattern of another method is not matched (405)", "PUT /items/7", app + ", std in unmatched"},
		{"a shared scope", "GET /b", app + ", shared in scope both"},
		{"a shared scope, without a route", "GET /c", app + ", shared in scope both"},
		{"PerRoute", "GET /a", app + ", routed in route GET /a"},
		{"404", "GET /nowhere", app + ", std in unmatched"},
		{"OPTIONS is a request", "OPTIONS /a", app + ", std in unmatched"},
		{"CONNECT has no route", "CONNECT /health/x", app + ", std in unmatched"},
		{"Exempt drops all", "GET /health", ""},
	}
	table := places(t, nil)
	for _, tt := range tests {
		if got := applies(table, request(tt.request)); got != tt.want {
			t.Errorf("%s: %s: applied = %q, want %q", tt.rule, tt.request, got, tt.want)
		}
	}
	preflight := []string{"Origin", "https://example.com", "Access-Control-Request-Method", "POST"}
	if got := applies(table, request("OPTIONS /login", preflight...)); got != "" {
		t.Errorf("preflight: applied = %q, want none", got)
	}
	for _, half := range [][]string{nil, preflight[:2], preflight[2:]} {
		if got := applies(table, request("OPTIONS /login", half...)); got == "" {
			t.Errorf("OPTIONS with %q is exempt, and no preflight", half)
		}
	}
	if got := applies(table, request("GET /api/x", preflight...)); got == "" {
		t.Error("GET with the fields of a preflight is exempt")
	}
	table = places(t, func(c *policy.Config) { c.Preflights, c.Unmatched = policy.Count, policy.Exempt })
	if got, want := applies(table, request("OPTIONS /login", preflight...)), app; got != want {
		t.Errorf("preflight, counted, without a route: applied = %q, want %q", got, want)
	}
	if got := applies(table, request("GET /nowhere")); got != app {
		t.Errorf("404, exempt: applied = %q, want %q", got, app)
	}
	if got, want := applies(table, request("GET /login")), app+", std in route GET /login"; got != want {
		t.Errorf("with a route, Unmatched exempt: applied = %q, want %q", got, want)
	}
}

// TestBuckets: what is told of scopes is what is counted.
func TestBuckets(t *testing.T) {
	perMethod := limit("m", "1/minute")
	perMethod.PerMethod = true
	tests := []struct {
		name     string
		config   policy.Config
		requests []string
		want     string
	}{
		{
			"Application: one for all",
			policy.Config{Application: []string{"one"}},
			[]string{"GET /a", "GET /b", "GET /nowhere"},
			"200 429 429",
		},
		{
			"Default: one for each route",
			policy.Config{Default: []string{"one"}},
			[]string{"GET /a", "GET /b", "GET /a", "GET /items/1", "GET /items/2"},
			"200 200 429 200 429",
		},
		{
			"Default: 404 and 405 share one",
			policy.Config{Default: []string{"one"}},
			[]string{"GET /n1", "GET /n2", "PUT /a", "GET /a"},
			"404 429 429 200",
		},
		{
			"a group: one for all",
			policy.Config{Groups: []policy.Group{{Patterns: []string{"/a", "/b"}, Policies: []string{"one"}}}},
			[]string{"GET /a", "GET /b"},
			"200 429",
		},
		{
			"PerRoute: one for each",
			policy.Config{Groups: []policy.Group{{Patterns: []string{"/a", "/b"}, Policies: []string{"one"}, PerRoute: true}}},
			[]string{"GET /a", "GET /b", "GET /b"},
			"200 200 429",
		},
		{
			"two groups",
			policy.Config{Groups: []policy.Group{{Patterns: []string{"/a"}, Policies: []string{"one"}}, {Patterns: []string{"/b"}, Policies: []string{"one"}}}},
			[]string{"GET /a", "GET /b"},
			"200 200",
		},
		{
			"a shared scope",
			policy.Config{Groups: []policy.Group{
				{Patterns: []string{"/a"}, Policies: []string{"one"}, Scope: "s"}, {Patterns: []string{"/b"}, Policies: []string{"one"}, Scope: "s"},
			}},
			[]string{"GET /a", "GET /b"},
			"200 429",
		},
		{
			"PerMethod: HEAD as GET, and one for all that are unknown",
			policy.Config{Application: []string{"m"}, Policies: []policy.Policy{perMethod}},
			[]string{"GET /api/x", "HEAD /api/x", "POST /api/x", "POST /api/x", "BREW /api/x", "WHEN /api/x"},
			"200 429 200 429 200 429",
		},
	}
	for _, tt := range tests {
		c := tt.config
		c.Route = policy.MuxRoute(mux())
		if c.Policies == nil {
			c.Policies = []policy.Policy{limit("one", "1/minute")}
		}
		if got := statuses(newTable(t, c).Handler(mux()), tt.requests...); got != tt.want {
			t.Errorf("%s: statuses of %q = %s, want %s", tt.name, tt.requests, got, tt.want)
		}
	}
}

func TestNewNamesEverythingWrong(t *testing.T) {
	bad := limit("Bad Name", "5 per fortnight")
	bad.Key = policy.ByHeader("X Key")
	bad.OnEmptyKey, bad.OnStoreError, bad.EmptyStatus, bad.Methods, bad.PlanKeys = 0, 0, 429, []string{"get"}, -1
	bad.Breaches = "2 concurrent"
	twice := limit("twice", "5/minute")
	nothing := limit("nothing", "unlimited")
	empty := limit("empty", "")
	_, err := policy.New(newLimiter(t, newStore(t)), policy.Config{
		Policies:    []policy.Policy{bad, twice, twice, nothing, empty, limit("idle", "5/minute")},
		Application: []string{"Bad Name", "twice", "missing", "nothing", "empty"},
		Default:     []string{"twice"},
		Unmatched:   9, Preflights: 9,
		Fields: policy.FieldsConfig{Draft: 9},
		Groups: []policy.Group{
			{},
			{Patterns: []string{"/x", "get /{", "/x"}, Policies: []string{"twice"}},
			{Patterns: []string{"/y"}, Exempt: true, Policies: []string{"gone"}},
			{Patterns: []string{"/z"}, Scope: "s", PerRoute: true},
		},
	})
	for _, want := range []string{
		`rule "Bad Name"`, "fortnight", `Key is "header \"X Key\""`, "OnEmptyKey is 0", "OnStoreError is 0", "EmptyStatus is 429",
		`Methods has "get"`, "PlanKeys is -1", "Breaches: want limits", `rule "twice": the name is taken`,
		`"nothing": Limits: a policy without limits`, `"empty": Limits is empty`, `"idle" is used nowhere`,
		`Config.Application has "missing"`, "Config.Route is nil", "Config.Unmatched is 9", "Config.Preflights is 9", "FieldsConfig.Draft is 9",
		"Config.Groups[0] has neither", `Config.Groups[1].Patterns has "get /{"`, `Config.Groups[1].Patterns has "/x"`,
		`Config.Groups[1]: policy "twice" applies twice`, `Config: policy "twice" applies twice`,
		"Config.Groups[2].Exempt drops everything", `Config.Groups[2].Policies has "gone"`,
		"Config.Groups[3].Scope", "Config.Groups[3].PerRoute",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want an error with %s", err, want)
		}
	}
	if _, err := policy.New(nil, policy.Config{}); err == nil {
		t.Error("New(nil) succeeded")
	}
	if _, err := policy.New(newLimiter(t, newStore(t)), policy.Config{}); err != nil {
		t.Errorf("New with nothing = %v, want a table that admits all", err)
	}
}

// TestMuxRoute: a ServeMux names the path of a CONNECT where it redirects: a
// client could have a bucket for each.
func TestMuxRoute(t *testing.T) {
	m := http.NewServeMux()
	m.Handle("/tree/{name}/", http.NotFoundHandler())
	route := policy.MuxRoute(m)
	for line, want := range map[string]string{
		"GET /tree/x": "/tree/{name}/", "GET /tree/x/y": "/tree/{name}/", "GET //tree/x/": "/tree/{name}/", "GET /": "", "CONNECT /tree/x": "",
	} {
		if got := route(request(line)); got != want {
			t.Errorf("MuxRoute(%s) = %q, want %q", line, got, want)
		}
	}
}

func TestRequestFilter(t *testing.T) {
	table := newTable(t, policy.Config{
		Policies: []policy.Policy{limit("one", "1/minute")}, Application: []string{"one"},
		ExemptWhen: func(r *http.Request) (bool, error) { return r.URL.Path == "/free", nil },
	})
	h := table.Handler(http.NotFoundHandler())
	if got, want := statuses(h, "GET /free", "GET /free", "GET /a", "GET /a", "GET /free"), "404 404 404 429 404"; got != want {
		t.Errorf("statuses = %s, want %s", got, want)
	}
}

// TestAllOrNothing: what one policy refuses is charged to no other.
func TestAllOrNothing(t *testing.T) {
	store := newStore(t)
	table := newTableOn(t, store, policy.Config{
		Policies:    []policy.Policy{limit("app", "3/minute"), limit("login", "1/minute")},
		Application: []string{"app"},
		Groups:      []policy.Group{{Patterns: []string{"/login"}, Policies: []string{"login"}}},
	})
	h := table.Handler(mux())
	got := statuses(h, "GET /login", "GET /login", "GET /login", "GET /login", "GET /a", "GET /a", "GET /a")
	if want := "200 429 429 429 200 200 429"; got != want {
		t.Errorf("statuses = %s, want %s", got, want)
	}
	if got := store.calls.Load(); got > 7 {
		t.Errorf("round trips = %d for 7 requests, want at most one each", got)
	}
}

var _ ratelimit.Store = (*counting)(nil)
