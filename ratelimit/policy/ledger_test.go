package policy_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

// TestRefusalsAreInTheRequestLog: what a table did is in the account of the
// request that measure keeps.
func TestRefusalsAreInTheRequestLog(t *testing.T) {
	logged := func(t *testing.T, status int, change func(*policy.Policy, *counting)) map[string]any {
		t.Helper()
		var out bytes.Buffer
		recorder, err := measure.New(measure.Config{Log: slog.New(slog.NewJSONHandler(&out, nil)), LogEvery: 1})
		if err != nil {
			t.Fatal(err)
		}
		p, store := limit("login", "1/hour"), newStore(t)
		if change != nil {
			change(&p, store)
		}
		h := newTableOn(t, store, application(p)).Handler(http.NotFoundHandler())
		serve(h, request("GET /"))
		if w := serve(recorder.Handler(h), request("GET /")); w.Code != status {
			t.Errorf("status = %d, want %d", w.Code, status)
		}
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Fatal(err)
		}
		return record
	}
	tests := []struct {
		name    string
		status  int
		change  func(*policy.Policy, *counting)
		refused any
		rule    any
		away    any
	}{
		{"refused", 429, nil, true, "login", nil},
		{"a dry run", 404, func(p *policy.Policy, _ *counting) { p.DryRun = true }, false, "login", nil},
		{"admitted", 404, func(p *policy.Policy, _ *counting) { p.Limits = "9/hour" }, nil, nil, nil},
		{"no key", 400, func(p *policy.Policy, _ *counting) { p.Key = policy.ByHeader("X-None") }, true, "login", nil},
		{"away, closed", 503, func(_ *policy.Policy, s *counting) { s.away.Store(true) }, true, "login", true},
		{"away, open", 404, func(p *policy.Policy, s *counting) {
			p.OnStoreError = ratelimit.FailOpen
			s.away.Store(true)
		}, nil, nil, true},
	}
	for _, tt := range tests {
		got := logged(t, tt.status, tt.change)
		if got["limit_refused"] != tt.refused || got["limit_rule"] != tt.rule || got["limit_degraded"] != tt.away {
			t.Errorf("%s: limit_refused, limit_rule, limit_degraded = %v, %v, %v, want %v, %v, %v", tt.name,
				got["limit_refused"], got["limit_rule"], got["limit_degraded"], tt.refused, tt.rule, tt.away)
		}
	}
}
