package policy_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

func explained(t *testing.T, store ratelimit.Store, c func(*policy.Config)) *policy.Table {
	t.Helper()
	export := limit("export", "1/day fixed")
	export.Key, export.OnEmptyKey = policy.ByHeader("X-Api-Key"), policy.ExemptEmpty
	login := limit("login", "5/minute fixed; 20/day fixed")
	login.PerMethod, login.Methods, login.Breaches = true, []string{"POST"}, "3/hour fixed"
	tried := limit("tried", "1/hour fixed")
	tried.DryRun = true
	config := policy.Config{
		Policies:    []policy.Policy{limit("all", "100/minute fixed"), limit("default", "10/minute fixed"), login, export, tried},
		Application: []string{"all", "tried"}, Default: []string{"default"}, Route: policy.MuxRoute(mux()),
		Groups: []policy.Group{
			{Patterns: []string{"/login"}, Policies: []string{"login"}},
			{Patterns: []string{"/api/"}, Policies: []string{"export"}, Groups: []policy.Group{
				{Patterns: []string{"/api/x"}, Override: true},
			}},
			{Patterns: []string{"/health"}, Exempt: true},
		},
	}
	if c != nil {
		c(&config)
	}
	return newTableOn(t, store, config)
}

func TestExplainText(t *testing.T) {
	tests := []struct{ request, want string }{
		{"POST /login", `POST "/login"
route   POST /login
group   /login
answer  admitted
+ all applies: application; by address (37fcff24); cost 1
    all: 100/minute fixed; 100 left, admits
+ tried (dry run) applies: application; by address (37fcff24); cost 1
    tried: 1/hour fixed; 1 left, admits
+ login applies: group /login, method POST; by address (37fcff24); cost 1
    login: 5/minute fixed; 5 left, admits
    login-day: 20/day fixed; 20 left, admits
    login-breaches: 3/hour fixed; 3 left, admits
- default does not apply: the group has policies of its own
- export does not apply: it is not of this group
`},
		{"GET /login", `GET "/login"
route   GET /login
group   /login
answer  admitted
+ all applies: application; by address (37fcff24); cost 1
    all: 100/minute fixed; 100 left, admits
+ tried (dry run) applies: application; by address (37fcff24); cost 1
    tried: 1/hour fixed; 1 left, admits
+ default applies: route GET /login; by address (37fcff24); cost 1
    default: 10/minute fixed; 10 left, admits
- login does not apply: GET is not among its methods
- export does not apply: it is not of this group
`},
		{"GET /api/x", `GET "/api/x"
route   /api/x
group   /api/x
answer  admitted
+ all applies: application; by address (37fcff24); cost 1
    all: 100/minute fixed; 100 left, admits
+ tried (dry run) applies: application; by address (37fcff24); cost 1
    tried: 1/hour fixed; 1 left, admits
- default does not apply: the group overrides Default
- login does not apply: it is not of this group
- export does not apply: the group overrides it
`},
		{"GET /api/in/y", `GET "/api/in/y"
route   /api/in/y
group   /api/
answer  admitted
+ all applies: application; by address (37fcff24); cost 1
    all: 100/minute fixed; 100 left, admits
+ tried (dry run) applies: application; by address (37fcff24); cost 1
    tried: 1/hour fixed; 1 left, admits
- export does not apply: the key is empty, and OnEmptyKey exempts
- default does not apply: the group has policies of its own
- login does not apply: it is not of this group
`},
		{"GET /health", `GET "/health"
route   none
group   /health
exempt  the group is exempt
answer  admitted
- all does not apply: the group is exempt
- default does not apply: the group is exempt
- login does not apply: the group is exempt
- export does not apply: the group is exempt
- tried (dry run) does not apply: the group is exempt
`},
	}
	store := newStore(t)
	table := explained(t, store, nil)
	for _, tt := range tests {
		calls := store.calls.Load()
		if got := table.Explain(request(tt.request)).String(); got != tt.want {
			t.Errorf("Explain(%s) =\n%swant\n%s", tt.request, got, tt.want)
		}
		if got := store.calls.Load() - calls; got > 1 {
			t.Errorf("Explain(%s): %d round trips, want at most 1", tt.request, got)
		}
	}
}

// TestExplainChargesNothing, and tells what the request itself would be told.
func TestExplainChargesNothing(t *testing.T) {
	var hooks told
	table := explained(t, newStore(t), func(c *policy.Config) { c.OnDecision = hooks.onDecision })
	h := table.Handler(mux())
	for range 20 {
		table.Explain(request("POST /login"))
	}
	if got := hooks.take(); len(got) != 0 {
		t.Errorf("OnDecision was told %v by Explain", got)
	}
	post := "POST /login"
	if got, want := statuses(h, post, post, post, post, post, post), "200 200 200 200 200 429"; got != want {
		t.Errorf("statuses after 20 explanations = %s, want %s", got, want)
	}
	e := table.Explain(request(post))
	if e.Status != 429 || e.RetryAfter <= 0 || !strings.Contains(e.String(), "login: 5/minute fixed; 0 left, refuses, to be admitted after ") {
		t.Errorf("Explain = %s, want what refuses", e)
	}
}

func TestExplainFailures(t *testing.T) {
	const secret = "secret"
	store := newStore(t)
	store.away.Store(true)
	e := explained(t, store, nil).Explain(request("GET /a"))
	if e.Status != 503 || e.Error != "the store is away, and a policy fails closed" || strings.Contains(e.String(), "redis.internal") {
		t.Errorf("store away: %s", e)
	}
	var hooks told
	table := explained(t, newStore(t), func(c *policy.Config) {
		c.OnError = hooks.onError
		c.Policies[0].Key = policy.ByUser("user", func(*http.Request) (string, error) { return secret, errors.New(secret) })
	})
	e = table.Explain(request("GET /a", "X-Api-Key", secret))
	if e.Status != 500 || e.Error != `Key of policy "all" failed` || strings.Contains(e.String(), secret) || len(hooks.errors()) != 1 {
		t.Errorf("a callback fails: %s; OnError was told %v", e, hooks.errors())
	}
	table = explained(t, newStore(t), func(c *policy.Config) { c.Policies[3].OnEmptyKey, c.Policies[3].EmptyStatus = policy.RefuseEmpty, 401 })
	if e = table.Explain(request("GET /api/in/y")); e.Status != 401 || !strings.Contains(e.String(), "export does not apply: the key is empty, and OnEmptyKey refuses") {
		t.Errorf("no key: %s", e)
	}
}

func TestExplainJSON(t *testing.T) {
	const key = "secret"
	e := explained(t, newStore(t), nil).Explain(request("GET /api/in/y", "X-Api-Key", key))
	text, err := json.Marshal(e)
	if err != nil || strings.Contains(string(text), key) || !strings.Contains(string(text), `"limit":"1/day fixed"`) {
		t.Fatalf("Marshal = %s, %v", text, err)
	}
	var back policy.Explanation
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("Unmarshal = %+v, %v, want %+v", back, err, e)
	}
}
