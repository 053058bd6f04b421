package policy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store"
)

// TestTableIsShared: two processes with the same table and the same server act
// as one, on each store that processes share.
func TestTableIsShared(t *testing.T) {
	for name, address := range map[string]func(*testing.T) string{
		"redis":     func(t *testing.T) string { return testserver.Redis(t) },
		"memcached": func(t *testing.T) string { return "memcached://" + testserver.Memcached(t) },
		"mongo":     mongoDatabase,
	} {
		t.Run(name, func(t *testing.T) {
			url, namespace := address(t), strings.TrimSuffix(testserver.Prefix(), ":")
			testShared(t, [2]http.Handler{sharedHandler(t, url, namespace), sharedHandler(t, url, namespace)})
		})
	}
}

// mongoDatabase returns the URL of a database that is dropped in the end.
func mongoDatabase(t *testing.T) string {
	t.Helper()
	address := testserver.Mongo(t)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		client, err := mongo.Connect(options.Client().ApplyURI(address))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Disconnect(ctx) }()
		if err := client.Database(u.Path[1:]).Drop(ctx); err != nil {
			t.Error(err)
		}
	})
	return address
}

// sharedHandler is a process.
func sharedHandler(t *testing.T, url, namespace string) http.Handler {
	t.Helper()
	limits, closeStore, err := store.OpenLimits(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closeStore(); err != nil {
			t.Error(err)
		}
	})
	l, err := ratelimit.New(limits, ratelimit.Config{Namespace: namespace, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	m := mux()
	byKey := func(name, limits string) policy.Policy {
		p := limit(name, limits)
		p.Key, p.OnEmptyKey = policy.ByHeader("X-Api-Key"), policy.ExemptEmpty
		return p
	}
	failures, plan, banned, tried := limit("failures", "2/hour"), byKey("plan", "1/hour"), limit("banned", "1/hour"), limit("tried", "1/hour")
	failures.CountWhen = func(status int, _ http.Header) bool { return status != http.StatusOK }
	plan.Plan = func(_ context.Context, r *http.Request) (string, error) {
		if r.Header.Get("X-Api-Key") == "gold" {
			return "3/hour", nil
		}
		return "", nil
	}
	banned.Breaches, tried.DryRun = "1/day", true
	table, err := policy.New(l, policy.Config{
		Policies: []policy.Policy{limit("default", "2/hour"), limit("both", "3/hour"), failures, plan, banned, tried},
		Default:  []string{"default"},
		Route:    policy.MuxRoute(m),
		Groups: []policy.Group{
			{Patterns: []string{"GET /items/{id}"}, Policies: []string{"both"}, Scope: "both"},
			{Patterns: []string{"GET /login"}, Policies: []string{"both"}, Scope: "both"},
			{Patterns: []string{"POST /login"}, Policies: []string{"failures"}},
			{Patterns: []string{"/api/x"}, Policies: []string{"plan"}},
			{Patterns: []string{"/api/in/"}, Policies: []string{"banned"}},
			{Patterns: []string{"/health"}, Policies: []string{"tried"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Password") == "wrong" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		m.ServeHTTP(w, r)
	}))
}

// testShared asks one process and the other in turn.
func testShared(t *testing.T, processes [2]http.Handler) {
	t.Helper()
	wrong, gold, basic := []string{"Password", "wrong"}, []string{"X-Api-Key", "gold"}, []string{"X-Api-Key", "basic"}
	for _, tt := range []struct {
		name   string
		line   string
		fields []string
		want   string
	}{
		{"a default", "GET /a", nil, "[200 200 429]"},
		{"the default of another route", "GET /b", nil, "[200 200 429]"},
		{"a shared scope", "GET /items/7", nil, "[200 200]"},
		{"the rest of the shared scope", "GET /login", nil, "[200 429]"},
		{"logins that succeed", "POST /login", nil, "[200 200 200 200]"},
		{"logins that fail", "POST /login", wrong, "[401 401 429]"},
		{"a plan", "GET /api/x", gold, "[200 200 200 429]"},
		{"no plan", "GET /api/x", basic, "[200 429]"},
		{"a breach", "GET /api/in/y", nil, "[200 429 429]"},
		{"a dry run", "GET /health", nil, "[200 200 200]"},
	} {
		var got []int
		var last string
		for i := range len(tt.want) / 4 {
			w := serve(processes[i%2], request(tt.line, tt.fields...))
			got, last = append(got, w.Code), w.Header().Get("Retry-After")
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s: %s on two processes in turn = %v, want %s", tt.name, tt.line, got, tt.want)
		}
		if seconds, err := strconv.Atoi(last); tt.name == "a breach" && (err != nil || seconds < 80_000) {
			t.Errorf("Retry-After of who is banned for a day = %q, want some 86,400 s", last)
		}
	}
}
