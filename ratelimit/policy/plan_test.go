package policy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/ratelimit/policy"
)

// A crm is what plans are looked up in.
type crm struct {
	asked  atomic.Int64
	answer func(context.Context, *http.Request) (string, error)
}

// handler serves by the plans of crm, a table for tests in a bubble.
func (c *crm) handler(t *testing.T, hooks *told) http.Handler {
	t.Helper()
	p := limit("plan", "")
	p.Key = policy.ByHeader("X-Api-Key")
	p.Plan = func(ctx context.Context, r *http.Request) (string, error) {
		c.asked.Add(1)
		return c.answer(ctx, r)
	}
	config := application(p)
	config.OnError = hooks.onError
	return newTable(t, config).Handler(http.NotFoundHandler())
}

// codes serves so many requests at the same time, and returns their statuses.
func codes(h http.Handler, n int, newRequest func() *http.Request) string {
	got := make([]string, n)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = fmt.Sprint(serve(h, newRequest()).Code) })
	}
	all.Wait()
	return strings.Join(got, " ")
}

func withKey(key string) func() *http.Request {
	return func() *http.Request { return request("GET /", "X-Api-Key", key) }
}

// TestPlanIsLookedUpOnce for all requests with a key that come meanwhile. Those
// with another do not wait for it.
func TestPlanIsLookedUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := crm{answer: func(_ context.Context, r *http.Request) (string, error) {
			if r.Header.Get("X-Api-Key") == "slow" {
				time.Sleep(time.Second)
			}
			return "50/hour", nil
		}}
		h := c.handler(t, new(told))
		var slow sync.WaitGroup
		slow.Go(func() {
			if got := codes(h, 50, withKey("slow")); strings.Count(got, "404") != 50 {
				t.Errorf("50 requests with one key: %s, want all admitted", got)
			}
		})
		synctest.Wait()
		began := time.Now()
		if got := codes(h, 1, withKey("quick")); got != "404" || time.Since(began) != 0 {
			t.Errorf("a request with another key: %s after %s, want 404 at once", got, time.Since(began))
		}
		slow.Wait()
		if n := c.asked.Load(); n != 2 {
			t.Errorf("plans of 2 keys were looked up %d times, want 2", n)
		}
	})
}

// TestPlanOutlivesWhoAsked: each request waits by its own context, and the
// look-up ends with none.
func TestPlanOutlivesWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended error
		c := crm{answer: func(ctx context.Context, _ *http.Request) (string, error) {
			time.Sleep(2 * time.Second)
			ended = ctx.Err()
			return "50/hour", nil
		}}
		var hooks told
		h := c.handler(t, &hooks)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var others sync.WaitGroup
		began := time.Now()
		for range 2 { // one of them has asked
			others.Go(func() {
				serve(h, withKey("k")().WithContext(ctx))
				if d := time.Since(began); d != time.Second {
					t.Errorf("a request with a deadline of 1s took %s", d)
				}
			})
		}
		synctest.Wait()
		if got := codes(h, 5, withKey("k")); strings.Count(got, "404") != 5 || time.Since(began) != 2*time.Second {
			t.Errorf("those with time to wait: %s after %s, want all admitted after 2s", got, time.Since(began))
		}
		others.Wait()
		if n := c.asked.Load(); n != 1 || ended != nil {
			t.Errorf("looked up %d times, with a context that said %v; want once, nil", n, ended)
		}
		if errs := hooks.errors(); len(errs) != 0 {
			t.Errorf("OnError was told %v, want nothing: the clients have left", errs)
		}
	})
}

// TestPlanFailsForAllWhoWait, and the next asks again.
func TestPlanFailsForAllWhoWait(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("down") },
		"panic": func() error { panic("down") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := crm{answer: func(context.Context, *http.Request) (string, error) {
					time.Sleep(time.Second)
					return "", fail()
				}}
				var hooks told
				h := c.handler(t, &hooks)
				if got := codes(h, 3, withKey("k")); got != "500 500 500" {
					t.Errorf("3 requests = %s, want 500 for each", got)
				}
				for _, err := range hooks.errors() {
					var callback *policy.CallbackError
					if !errors.As(err, &callback) || callback.Callback != "Plan" || (callback.Stack != nil) != (name == "panic") {
						t.Errorf("OnError was told %v, want a CallbackError of Plan", err)
					}
				}
				if n := len(hooks.errors()); n != 3 || c.asked.Load() != 1 {
					t.Errorf("looked up %d times and told %d errors, want 1 and 3", c.asked.Load(), n)
				}
				c.answer = func(context.Context, *http.Request) (string, error) { return "50/hour", nil }
				if got := codes(h, 1, withKey("k")); got != "404" || c.asked.Load() != 2 {
					t.Errorf("a request after it = %s after %d look-ups, want 404 after 2", got, c.asked.Load())
				}
			})
		})
	}
}

// TestPlanThatHangs refuses after five seconds, and does not hold up who comes
// later.
func TestPlanThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var c crm
		c.answer = func(context.Context, *http.Request) (string, error) {
			if c.asked.Load() == 1 {
				<-release
				return "1/hour", nil
			}
			return "50/hour", nil
		}
		var hooks told
		h := c.handler(t, &hooks)
		began := time.Now()
		if got := codes(h, 3, withKey("k")); got != "500 500 500" || time.Since(began) != 5*time.Second {
			t.Errorf("3 requests = %s after %s, want 500 for each after 5s", got, time.Since(began))
		}
		if errs := hooks.errors(); len(errs) != 3 || !strings.Contains(errs[0].Error(), "no answer within 5s") {
			t.Errorf("OnError was told %v, want three times that there was no answer", errs)
		}
		if got := codes(h, 2, withKey("k")); got != "404 404" || c.asked.Load() != 2 {
			t.Errorf("requests after it = %s after %d look-ups, want both admitted after 2", got, c.asked.Load())
		}
		close(release) // what it says now comes too late
		synctest.Wait()
		if got := codes(h, 2, withKey("k")); got != "404 404" || c.asked.Load() != 2 {
			t.Errorf("requests after the late answer = %s after %d look-ups, want both admitted after 2", got, c.asked.Load())
		}
	})
}

// TestPlanHasACopy of the request, whose body is the handler's.
func TestPlanHasACopy(t *testing.T) {
	c := crm{answer: func(ctx context.Context, r *http.Request) (string, error) {
		body, err := io.ReadAll(r.Body)
		if r.Context() != ctx || len(body) > 0 {
			t.Errorf("Plan's request has another context, or the body %q", body)
		}
		r.Header.Set("X-Api-Key", "changed")
		return "50/hour", err
	}}
	h := c.handler(t, new(told))
	r := withKey("k")()
	r.Body = io.NopCloser(strings.NewReader("order"))
	serve(h, r)
	body, err := io.ReadAll(r.Body)
	if string(body) != "order" || err != nil || r.Header.Get("X-Api-Key") != "k" || c.asked.Load() != 1 {
		t.Errorf("after the look-up, the request has the body %q, %v and the header %v; want it as it was", body, err, r.Header)
	}
}
