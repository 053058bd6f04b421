package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/ratelimit/policy"
)

const (
	accountKey = "trade-key-0000001"
	adminToken = "hush1hush2hush3hush"
)

// files writes an accounts file and a credential.
func files(t *testing.T) (accounts, token string) {
	t.Helper()
	dir := t.TempDir()
	accounts, token = filepath.Join(dir, "accounts"), filepath.Join(dir, "token")
	for name, text := range map[string]string{accounts: accountKey + " bob trade\n", token: adminToken + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return accounts, token
}

// limitedProcess is a run of the server with limits that it tells of.
func limitedProcess(t *testing.T, store string, args ...string) *process {
	t.Helper()
	accounts, token := files(t)
	return start(t, append([]string{
		"-addr", "127.0.0.1:0", "-orders", "50", "-limits", "-accounts", accounts, "-store", store,
		"-admin", "127.0.0.1:0", "-admin-token", token,
	}, args...)...)
}

// newAddress returns a client's address that no other test has.
func newAddress() string {
	id := strings.Split(testserver.Prefix(), "_")[2] // twelve hexadecimal digits and a colon
	return "2001:" + id[:4] + ":" + id[4:8] + ":" + id[8:12] + "::1"
}

// fetch sends a GET from behind a proxy and returns the status.
func fetch(t *testing.T, url, client, key string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", client)
	if key != "" {
		r.Header.Set("X-API-Key", key)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// What one process has counted, the other knows; a customer has a plan.
func TestLimitsAreShared(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	store, client := testserver.Redis(t), newAddress()
	a, b := limitedProcess(t, store, "-hops", "1"), limitedProcess(t, store, "-trust", "127.0.0.0/8")
	counts := map[int]int{}
	for i := range 110 {
		counts[fetch(t, []string{a.url, b.url}[i%2]+"/api/orders/1", client, "")]++
	}
	if counts[http.StatusOK] != 100 || counts[http.StatusTooManyRequests] != 10 {
		t.Errorf("110 requests to two processes = %v, want 100 admitted", counts)
	}
	for _, p := range []*process{a, b} {
		if got := fetch(t, p.url+"/api/orders/1", client, accountKey); got != http.StatusOK {
			t.Errorf("with the key of an account = %d, want 200", got)
		}
		p.end(t)
		if got := <-p.report; !strings.Contains(got, "/api/orders/{id}  GET     4xx") {
			t.Errorf("report = %q, want the refusals with their route", got)
		}
	}
}

// The private listener tells of the limits to who has the credential.
func TestAdmin(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p := limitedProcess(t, "memory://", "-hops", "1")
	ask := func(token, body string, v any) int {
		t.Helper()
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		r, err := http.NewRequestWithContext(t.Context(), method, p.admin, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
				t.Fatal(err)
			}
		}
		return resp.StatusCode
	}
	var d policy.Description
	if got := ask("hush1hush2hush3hus!", "", &d); got != http.StatusUnauthorized {
		t.Errorf("with another credential = %d, want 401", got)
	}
	if got := ask(adminToken, "", &d); got != http.StatusOK || len(d.Policies) != 6 {
		t.Errorf("the table = %d, %v, want six policies", got, d)
	}
	// Who asks by the shop's own port is told nothing.
	if got := fetch(t, p.url+"/", newAddress(), ""); got != http.StatusOK {
		t.Errorf("GET / = %d, want the home page", got)
	}
	fetch(t, p.url+"/api/orders/1", "192.0.2.7", "")
	var e policy.Explanation
	question := `{"method": "GET", "path": "/api/orders/1", "peer": "127.0.0.1", "header": {"x-forwarded-for": ["192.0.2.7"]}}`
	if got := ask(adminToken, question, &e); got != http.StatusOK || e.Route != "GET /api/orders/{id}" {
		t.Fatalf("the explanation = %d, %v, want one of the route", got, e)
	}
	for _, applied := range e.Policies {
		if applied.Name == "address" && applied.Limits[0].Remaining != 99 {
			t.Errorf("the explanation = %v, want 99 left of the client behind the proxy", e)
		}
	}
	p.end(t)
	if strings.Contains(p.stderr.String(), "hush") || strings.Contains(p.stderr.String(), accountKey) {
		t.Errorf("standard error = %q, which has a credential", p.stderr)
	}
}
