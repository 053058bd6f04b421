package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store"
)

const limitsToken = "hush1hush2hush3hush"

// A limitedService has limits, and tells of them.
type limitedService struct {
	url, store, namespace string
	handler               http.Handler
}

// newLimitedService counts in Redis and believes the proxy 10.0.0.1.
func newLimitedService(t *testing.T) *limitedService {
	t.Helper()
	s := &limitedService{store: testserver.Redis(t), namespace: strings.NewReplacer(":", "", "_", "-").Replace(testserver.Prefix())}
	counts, closeStore, err := store.OpenLimits(t.Context(), s.store)
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(counts, ratelimit.Config{Namespace: s.namespace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limiter.Close()
		if err := closeStore(); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /products", "POST /login", "GET /health"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	}
	p := policy.Policy{Key: policy.ByAddress(0), OnEmptyKey: policy.ShareEmpty, OnStoreError: ratelimit.FailClosed}
	address, login, plan := p, p, p
	address.Name, address.Limits = "address", "100/minute"
	login.Name, login.Limits = "login", "5/minute fixed"
	plan.Name, plan.Key, plan.OnEmptyKey = "plan", policy.ByHeader("X-API-Key"), policy.ExemptEmpty
	plan.Plan = func(context.Context, *http.Request) (string, error) { return "", nil }
	table, err := policy.New(limiter, policy.Config{
		Policies:    []policy.Policy{address, login, plan},
		Application: []string{"plan"},
		Default:     []string{"address"},
		Groups: []policy.Group{
			{Patterns: []string{"POST /login"}, Policies: []string{"login"}},
			{Patterns: []string{"GET /health"}, Exempt: true},
		},
		Route: policy.MuxRoute(mux),
	})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := clientip.New(clientip.Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := table.AdminHandler(limitsToken, clients.Handler)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = clients.Handler(table.Handler(mux))
	server := httptest.NewServer(admin)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// logIn sends a login from behind the proxy.
func (s *limitedService) logIn(client string) int {
	r := httptest.NewRequest(http.MethodPost, "/login", http.NoBody)
	r.RemoteAddr = "10.0.0.1:1234"
	r.Header.Set("X-Forwarded-For", client)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code
}

// bucket is the command line for a client's bucket of the rule login.
func (s *limitedService) bucket(verb, key string, more ...string) []string {
	return append([]string{"limits", verb, "--store", s.store, "--rule", "login", "--key", key}, more...)
}

func TestLimitsListAndExplain(t *testing.T) {
	s := newLimitedService(t)
	t.Setenv(envLimitsToken, limitsToken)
	proxied := []string{"--peer", "10.0.0.1", "--header", "X-Forwarded-For: 203.0.113.9"}
	for _, tt := range []struct {
		golden string
		args   []string
	}{
		{"limits_list", []string{"list"}},
		{"limits_list_json", []string{"list", "--json"}},
		{"limits_explain", append([]string{"explain", "--method", "POST", "--path", "/login"}, proxied...)},
		{"limits_explain_direct", []string{"explain", "--method", "POST", "--path", "/login", "--peer", "203.0.113.9"}},
		{"limits_explain_health", []string{"explain", "--path", "/health"}},
		{"limits_explain_json", append([]string{"explain", "--path", "/products?page=2", "--json"}, proxied...)},
	} {
		code, out, errs := hone(t.Context(), append([]string{"limits", tt.args[0], "--url", s.url}, tt.args[1:]...)...)
		if code != exitDone || errs != "" || strings.Contains(out, "hush") {
			t.Errorf("hone limits %q = %d, stderr %q, want 0 and no credential", tt.args, code, errs)
		}
		golden(t, tt.golden, strings.ReplaceAll(out, s.namespace, "shop"))
	}
	for range 6 {
		s.logIn("203.0.113.9")
	}
	_, out, _ := hone(t.Context(), append([]string{"limits", "explain", "--url", s.url, "--method", "POST", "--path", "/login"}, proxied...)...)
	if !regexp.MustCompile(`(?m)^answer  429, to be admitted after .*s$`).MatchString(out) {
		t.Errorf("explain after six logins = %s, want 429", out)
	}
}

func TestLimitsPeekAndReset(t *testing.T) {
	s := newLimitedService(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(limitsToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := []string{"--url", s.url, "--token-file", token}
	given := []string{"--limits", "5/minute fixed", "--scope", "group POST /login", "--namespace", s.namespace}
	peek := func(want string, more ...string) {
		t.Helper()
		code, out, errs := hone(t.Context(), s.bucket("peek", "203.0.113.9", more...)...)
		if code != exitDone || errs != "" || !regexp.MustCompile(`^login of "203\.0\.113\.9": 5/minute fixed: `+want+`\n$`).MatchString(out) {
			t.Errorf("hone limits peek %q = %d, %q, %q, want %s", more, code, out, errs, want)
		}
	}
	peek("5 left, none used", ask...)
	for range 3 {
		s.logIn("203.0.113.9")
	}
	peek(`2 left, whole again after [0-9ms]+`, ask...)
	peek(`2 left, whole again after [0-9ms]+`, append(ask, "--namespace", s.namespace)...)
	peek(`2 left, whole again after [0-9ms]+`, given...)
	for range 3 {
		s.logIn("203.0.113.9")
	}
	peek(`0 left, the next after [0-9ms]+, whole again after [0-9ms]+`, ask...)
	code, out, _ := hone(t.Context(), s.bucket("peek", "203.0.113.9", append(given, "--json")...)...)
	if code != exitDone || !strings.Contains(out, `"limit": "5/minute fixed"`) || !strings.Contains(out, `"remaining": 0`) {
		t.Errorf("hone limits peek --json = %d, %s", code, out)
	}

	reset := func(answer string, more ...string) (code int, out, errs string) {
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), s.bucket("reset", "203.0.113.9", more...), strings.NewReader(answer), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	for _, answer := range []string{"", "\n", "no\n"} {
		if code, out, errs := reset(answer, ask...); code != exitFailed || out != "" || !strings.HasSuffix(errs, "hone: nothing was reset: answer y, or give --yes\n") {
			t.Errorf("hone limits reset, answered %q = %d, %q, %q, want 1 and nothing done", answer, code, out, errs)
		}
	}
	if got := s.logIn("203.0.113.9"); got != http.StatusTooManyRequests {
		t.Errorf("a login after no reset = %d, want 429", got)
	}
	question := `Forget what "203.0.113.9" has used of login in ` + s.namespace + `? [y/N] `
	if code, out, errs := reset("y\n", ask...); code != exitDone || out != "login of \"203.0.113.9\" is whole again\n" || errs != question {
		t.Errorf("hone limits reset, answered y = %d, %q, %q", code, out, errs)
	}
	peek("5 left, none used", ask...)
	for range 5 {
		s.logIn("203.0.113.9")
	}
	if code, _, errs := reset("", append(given, "--yes")...); code != exitDone || errs != "" {
		t.Errorf("hone limits reset --yes = %d, %q", code, errs)
	}
	peek("5 left, none used", given...)
}

func TestLimitsUsage(t *testing.T) {
	s := newLimitedService(t)
	t.Setenv(envLimitsToken, limitsToken)
	older := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"policies": [{"name": "login", "limits": ["5/minute"]}]}`)
	}))
	t.Cleanup(older.Close)
	bucket := func(more ...string) []string { return s.bucket("peek", "203.0.113.9", more...) }
	const secret = "redis://me:hush@127.0.0.1:1"
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"limits", "list"}, `--url: give the URL where the service tells of its limits, such as http://127.0.0.1:9090/`},
		{[]string{"limits", "list", "--url", "http://me:hush@127.0.0.1/"}, `--url: leave user and password out: the credential comes from HONE_LIMITS_TOKEN or --token-file`},
		{[]string{"limits", "list", "--url", s.url, "--token-file", "none"}, `--token-file: open none: no such file or directory`},
		{[]string{"limits", "list", "hush"}, `hone limits list takes no arguments: see hone limits list --help for its flags`},
		{[]string{"limits", "explain", "--url", s.url}, `--path "": give the path of a request, such as /login`},
		{[]string{"limits", "explain", "--url", s.url, "--path", "/", "--peer", "me"}, `--peer "me": give an address such as 10.0.0.1`},
		{[]string{"limits", "explain", "--url", s.url, "--path", "/", "--header", "hush"}, `header 1: write it as --header 'Name: value'`},
		{[]string{"limits", "peek"}, `no store: set HONE_LIMITS_STORE, or give --store redis://…`},
		{[]string{"limits", "peek", "--store", "memory://"}, `--store: memory:// is the service's own memory, which nobody else sees: ask the service with hone limits explain`},
		{[]string{"limits", "peek", "--store", secret}, `no --namespace: give the name under which the service counts, or --url to ask the service`},
		{[]string{"limits", "peek", "--store", secret, "--namespace", "n"}, `no --rule: give the name of a policy, as hone limits list shows it`},
		{[]string{"limits", "reset", "--store", secret, "--namespace", "n", "--rule", "r"}, `no --key: give what the policy counts by, such as the client's address`},
		{bucket("--namespace", "n"), `no limits: give --url to ask the service, or --limits as it has them`},
		{bucket("--namespace", "n", "--limits", "5/fortnight"), `--limits: `},
		{bucket("--url", s.url, "--namespace", "n"), `--namespace "n": the service counts under ` + s.namespace + `: leave --namespace out`},
		{bucket("--url", older.URL), `no --namespace: give the name under which the service counts, which it does not tell`},
		{bucket("--url", s.url, "--rule", "logon"), `--rule "logon": the service has address, login, plan`},
		{bucket("--url", s.url, "--rule", "plan"), `--rule plan: its limits are a matter of the client's plan: give --limits`},
		{bucket("--url", s.url, "--rule", "address"), `--rule address has several buckets for a client: give --scope, such as 'route GET /path'`},
		{bucket("--limits", "5/minute", "--namespace", "A B"), `ratelimit: `},
		{bucket("--namespace", "n", "--limits", "5/minute", "--store", "mysql://me:hush@127.0.0.1"), `--store: store: unknown scheme "mysql"`},
	} {
		code, out, errs := hone(t.Context(), tt.args...)
		if code != exitUsage || out != "" || !strings.HasPrefix(errs, "hone: "+tt.want) || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "hush") {
			t.Errorf("hone %q = %d, stdout %q, stderr %q, want 2, none, %q", tt.args, code, out, errs, "hone: "+tt.want)
		}
	}
	t.Setenv(envLimitsToken, "")
	if code, _, errs := hone(t.Context(), "limits", "list", "--url", s.url); code != exitUsage || errs != "hone: no credential: set HONE_LIMITS_TOKEN, or give --token-file\n" {
		t.Errorf("hone limits list without a credential = %d, %q, want 2", code, errs)
	}
}

// What goes wrong on the way is one line that says what to do.
func TestLimitsFailures(t *testing.T) {
	s := newLimitedService(t)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	elsewhere := httptest.NewServer(http.RedirectHandler(s.url, http.StatusFound))
	t.Cleanup(elsewhere.Close)
	for _, tt := range []struct {
		token string
		args  []string
		want  string
	}{
		{"hush-that-is-wrong", []string{"limits", "list", "--url", s.url}, ` does not take the credential: check HONE_LIMITS_TOKEN or --token-file`},
		{limitsToken, []string{"limits", "list", "--url", other.URL}, ` answers 404 and not with limits: check that policy.Table.AdminHandler is at --url`},
		{limitsToken, []string{"limits", "list", "--url", elsewhere.URL}, ` answers 302 and not with limits: check that policy.Table.AdminHandler is at --url`},
		{limitsToken, []string{"limits", "list", "--url", "http://127.0.0.1:1"}, `cannot ask 127.0.0.1:1: connect: connection refused: check that the service runs and tells of its limits there`},
		{limitsToken, []string{"limits", "explain", "--url", s.url, "--path", "/", "--method", "G E T"}, `"the method is \"G E T\", want one such as GET"`},
		{limitsToken, s.bucket("peek", "a", "--namespace", "n", "--limits", "5/minute", "--store", "redis://me:hush@127.0.0.1:1"), `the store does not answer: check --store, and that it runs`},
	} {
		t.Setenv(envLimitsToken, tt.token)
		code, out, errs := hone(t.Context(), tt.args...)
		if code != exitFailed || out != "" || !strings.HasSuffix(errs, tt.want+"\n") || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "hush") {
			t.Errorf("hone %q = %d, stdout %q, stderr %q, want 1, none, %q", tt.args, code, out, errs, tt.want)
		}
	}
}
