//go:build unix

package bench_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

// BenchmarkLimitedServe measures whole requests, as BenchmarkServe does, of a
// service that gives each client 100,000 a minute, counted in Redis: without
// the limit, with a lease of 1 %, and with a round trip for each request.
// Redis, server and clients share the cores. by-turns reports of-static, see
// [byTurns]: what the lease costs of the whole request.
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
		bare := connect(b, http.HandlerFunc(static), identity)
		leased := connect(b, limited(0.01), identity)
		for _, impl := range []struct {
			name    string
			clients []*client
		}{
			{"static", bare},
			{"hone", leased},
			{"hone-exact", connect(b, limited(0), identity)},
		} {
			b.Run(impl.name, func(b *testing.B) { askAll(b, impl.clients) })
		}
		b.Run("by-turns", func(b *testing.B) {
			b.ReportMetric(byTurns(b, 1, func() { askTurn(b, leased) }, func() { askTurn(b, bare) }), "of-static")
		})
	})
}

// askTurn has each client ask for some milliseconds: not fewer, for those that
// start first would be done before the last begin.
func askTurn(b *testing.B, clients []*client) {
	b.Helper()
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for range 20 {
				if err := c.ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
