package policy_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

// spy keeps the keys that a store is given.
type spy struct {
	ratelimit.Store
	keys []string
}

func (s *spy) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	for i := range charges {
		s.keys = append(s.keys, charges[i].Key)
	}
	return s.Store.Apply(ctx, op, charges, results)
}

// keyOf returns the key of the bucket that counts a request, or "" if it has
// none.
func keyOf(t *testing.T, key policy.Key, r *http.Request) string {
	t.Helper()
	p := limit("p", "9/hour")
	p.Key, p.OnEmptyKey = key, policy.ExemptEmpty
	store := &spy{Store: newStore(t)}
	table := newTableOn(t, store, application(p))
	if w := serve(table.Handler(http.NotFoundHandler()), r); w.Code != 404 {
		t.Fatalf("%s: status %d", key.Name(), w.Code)
	}
	return strings.Join(store.keys, " ")
}

func TestKeys(t *testing.T) {
	user := func(value string) policy.Key {
		return policy.ByUser("user", func(*http.Request) (string, error) { return value, nil })
	}
	// SHA-256 of "k", in base64.
	const hashed = "glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo"
	tests := []struct {
		name string
		key  policy.Key
		from string
		want string
	}{
		{"IPv4", policy.ByAddress(0), "192.0.2.1:5", "192.0.2.1"},
		{"IPv4 without a port", policy.ByAddress(0), "192.0.2.1", "192.0.2.1"},
		{"IPv6 by /64", policy.ByAddress(0), "[2001:db8:1:2:3::4]:5", "2001:db8:1:2::/64"},
		{"IPv6 by /48", policy.ByAddress(48), "[2001:db8:1:2:3::4]:5", "2001:db8:1::/48"},
		{"IPv6 whole", policy.ByAddress(-1), "[2001:db8:1:2:3::4%eth0]:5", "2001:db8:1:2:3::4"},
		{"IPv4 in IPv6", policy.ByAddress(0), "[::ffff:192.0.2.1]:5", "192.0.2.1"},
		{"a Unix socket", policy.ByAddress(0), "@", ""},
		{"no address", policy.ByAddress(0), "", ""},
		{"a header", policy.ByHeader("x-key"), "", hashed},
		{"no header", policy.ByHeader("X-None"), "", ""},
		{"an empty header", policy.ByHeader("X-Empty"), "", ""},
		{"a header that is there twice", policy.ByHeader("X-Twice"), "", ""},
		{"a cookie", policy.ByCookie("session"), "", hashed},
		{"no cookie", policy.ByCookie("none"), "", ""},
		{"a cookie that is there twice", policy.ByCookie("twice"), "", ""},
		{"a user", user("bob/}\n \xff"), "", "bob/}\n \xff"},
		{"a combination", policy.Combine(user("a"), policy.ByAddress(0)), "192.0.2.1:5", "1:a9:192.0.2.1"},
		{"with a part that is empty", policy.Combine(user("a"), policy.ByAddress(0)), "@", ""},
	}
	for _, tt := range tests {
		r := request("GET /", "From", tt.from, "X-Key", " k ", "X-Empty", "", "X-Twice", "k", "X-Twice", "k", "Cookie", "session=k; twice=k; twice=k")
		want := tt.want
		if want != "" {
			want = policy.BucketKey("application", "", want)
		}
		if got := keyOf(t, tt.key, r); got != want {
			t.Errorf("%s: key = %q, want %q", tt.name, got, want)
		}
	}
	if a, b := keyOf(t, policy.Combine(user("a"), user("b/c")), request("GET /")), keyOf(t, policy.Combine(user("a/b"), user("c")), request("GET /")); a == b {
		t.Errorf(`("a", "b/c") and ("a/b", "c") have the key %q`, a)
	}
	if a, b := policy.BucketKey("route a", "b", "c"), policy.BucketKey("route a", "", "1:bc"); a == b {
		t.Errorf("two buckets have the key %q", a)
	}
}

// TestKeyOfClientBehindProxy: what clientip found counts, not the peer.
func TestKeyOfClientBehindProxy(t *testing.T) {
	resolver, err := clientip.New(clientip.Config{Header: clientip.XForwardedFor, Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	if err != nil {
		t.Fatal(err)
	}
	h := resolver.Handler(newTable(t, application(limit("p", "1/hour"))).Handler(http.NotFoundHandler()))
	for _, tt := range []struct {
		peer, forwarded string
		want            int
	}{
		{"192.0.2.1:1", "198.51.100.1", 404},
		{"192.0.2.2:1", "198.51.100.1", 429},
		{"192.0.2.1:1", "198.51.100.2", 404},
		{"203.0.113.1:1", "198.51.100.3", 404},
		{"203.0.113.1:1", "198.51.100.4", 429}, // made up
	} {
		if got := serve(h, request("GET /", "From", tt.peer, "X-Forwarded-For", tt.forwarded)).Code; got != tt.want {
			t.Errorf("peer %s, forwarded for %s: %d, want %d", tt.peer, tt.forwarded, got, tt.want)
		}
	}
}

// TestPeekByBucketKey: what Explain shows is enough to ask the rule.
func TestPeekByBucketKey(t *testing.T) {
	l := newLimiter(t, newStore(t))
	p := limit("p", "5/hour")
	p.PerMethod = true
	table, err := policy.New(l, policy.Config{Policies: []policy.Policy{p}, Default: []string{"p"}, Route: policy.MuxRoute(mux())})
	if err != nil {
		t.Fatal(err)
	}
	serve(table.Handler(mux()), request("GET /a"))
	e := table.Explain(request("GET /a")).Policies[0]
	d, err := l.Rules()[0].Peek(t.Context(), policy.BucketKey(e.Scope, e.Method, "192.0.2.1"), 1)
	if err != nil || d.Closest().Remaining != 4 {
		t.Errorf("Peek in %q, %q = %+v, %v, want 4 left", e.Scope, e.Method, d.Closest(), err)
	}
}
