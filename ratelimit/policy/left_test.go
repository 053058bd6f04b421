package policy_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

// heedful is a store that does nothing for who has left, and tells after each
// answer.
type heedful struct {
	ratelimit.Store
	local    bool // of this process
	answered func()
}

func (s *heedful) Local() bool { return s.local }

func (s *heedful) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.Store.Apply(ctx, op, charges, results)
	if s.answered != nil {
		s.answered()
	}
	return err
}

// TestClientLeavesWhileServed: its place is free again, and what does not count
// is taken back, though nobody waits for the answer.
func TestClientLeavesWhileServed(t *testing.T) {
	place, login := limit("place", "1 concurrent"), limit("login", "1/hour")
	login.CountWhen = failures
	for _, local := range []bool{true, false} {
		ctx, leave := context.WithCancel(t.Context())
		h := newTableOn(t, &heedful{Store: newStore(t), local: local}, application(place, login)).Handler(http.HandlerFunc(
			func(http.ResponseWriter, *http.Request) { leave() },
		))
		for i := range 3 {
			if got := serve(h, request("GET /").WithContext(ctx)).Code; got != http.StatusOK {
				t.Errorf("local %t: request %d = %d, want 200: the first client left in the middle", local, i, got)
			}
			ctx = t.Context()
		}
	}
}

// TestClientLeavesWhenRefused: its breach counts all the same.
func TestClientLeavesWhenRefused(t *testing.T) {
	p := limit("p", "1/hour")
	p.Breaches = "1/hour"
	store := &heedful{Store: newStore(t)}
	table := newTableOn(t, store, application(p))
	h := table.Handler(http.NotFoundHandler())
	serve(h, request("GET /"))
	ctx, leave := context.WithCancel(t.Context())
	store.answered = leave
	if got := serve(h, request("GET /").WithContext(ctx)).Code; got != http.StatusTooManyRequests {
		t.Fatalf("the second request = %d, want 429", got)
	}
	for _, l := range table.Explain(request("GET /")).Policies[0].Limits {
		if l.Allowed {
			t.Errorf("%s admits, want the client banned that left with its breach", l.Name)
		}
	}
}

// TestCountWhenIsAskedOnce, also of a policy with Breaches.
func TestCountWhenIsAskedOnce(t *testing.T) {
	asked := 0
	p := limit("p", "9/hour")
	p.Breaches = "9/hour"
	p.CountWhen = func(int, http.Header) bool { asked++; return true }
	serve(newTable(t, application(p)).Handler(http.NotFoundHandler()), request("GET /"))
	if asked != 1 {
		t.Errorf("CountWhen was asked %d times, want once", asked)
	}
}

// TestExplainAsksNoStoreInVain: what is refused for want of a key is not asked
// about.
func TestExplainAsksNoStoreInVain(t *testing.T) {
	store := newStore(t)
	first, second := limit("first", "9/hour"), limit("second", "9/hour")
	second.Key = policy.ByHeader("X-Api-Key")
	e := newTableOn(t, store, application(first, second)).Explain(request("GET /"))
	if n := store.calls.Load(); e.Status != http.StatusBadRequest || n != 0 {
		t.Errorf("Explain = %d after %d round trips, want 400 and none", e.Status, n)
	}
}
