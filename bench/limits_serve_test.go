//go:build unix

package bench_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

// BenchmarkLimitedServe measures whole requests, as BenchmarkServe does, of a
// service that gives each client 100,000 a minute, counted in Redis: without
// the limit, with a lease of 1 %, and with a round trip for each request.
// Redis, server and clients share the cores.
func BenchmarkLimitedServe(b *testing.B) {
	static := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(cachedBody)))
		_, _ = w.Write(cachedBody)
	}
	node := startRedis(b)
	st, err := redis.Open(b.Context(), "redis://"+node.Address(), redis.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	limited := func(lease float64) http.Handler {
		rule := limitRule(b, st.Limits(), "100000/minute", ratelimit.RuleConfig{Lease: lease})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d, err := rule.Take(r.Context(), r.RemoteAddr, 1)
			if err != nil || !d.Allowed {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			static(w, r)
		})
	}
	b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
		for _, impl := range []struct {
			name    string
			handler http.Handler
		}{
			{"static", http.HandlerFunc(static)},
			{"hone", limited(0.01)},
			{"hone-exact", limited(0)},
		} {
			clients := connect(b, impl.handler, identity)
			b.Run(impl.name, func(b *testing.B) { askAll(b, clients) })
		}
	})
}
