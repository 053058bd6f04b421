package limitprom_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/internal/prometric/prometrictest"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/limitprom"
	"github.com/hone-go/hone/store/memory"
)

// remote hides that a store is of this process, so that refusals are
// remembered.
type remote struct{ ratelimit.Store }

func newLimiter(t *testing.T) *ratelimit.Limiter {
	t.Helper()
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := ratelimit.New(remote{store}, ratelimit.Config{Namespace: "prom"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func register(t *testing.T, l *ratelimit.Limiter, cfg limitprom.Config) *prometheus.Registry {
	t.Helper()
	col, err := limitprom.New(l, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return prometrictest.Register(t, col)
}

func TestScrapeShowsWhatHappened(t *testing.T) {
	l := newLimiter(t)
	rule, err := l.Rule("login", "2/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
	if err != nil {
		t.Fatal(err)
	}
	reg := register(t, l, limitprom.Config{Namespace: "shop", ConstLabels: prometheus.Labels{"zone": "a"}})
	for range 5 {
		if _, err := rule.Take(t.Context(), "alice", 1); err != nil {
			t.Fatal(err)
		}
	}
	prometrictest.WantLines(t, prometrictest.Text(t, reg),
		`shop_ratelimit_allowed_total{rule="login",zone="a"} 2`,
		`shop_ratelimit_refused_total{rule="login",zone="a"} 3`,
		`shop_ratelimit_remembered_total{rule="login",zone="a"} 2`,
		`shop_ratelimit_leased_total{rule="login",zone="a"} 0`,
		`shop_ratelimit_degraded_total{rule="login",zone="a"} 0`,
	)
}

// TestEverySumIsShown: a field that is added to RuleStats must not be forgotten
// here, nor shown under another's name.
func TestEverySumIsShown(t *testing.T) {
	l := newLimiter(t)
	if _, err := l.Rule("one", "2/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen}); err != nil {
		t.Fatal(err)
	}
	var want []string
	stats := reflect.TypeFor[ratelimit.RuleStats]()
	for i := range stats.NumField() {
		want = append(want, "ratelimit_"+strings.ToLower(stats.Field(i).Name)+"_total")
	}
	slices.Sort(want)
	if got := prometrictest.Names(t, register(t, l, limitprom.Config{})); !slices.Equal(got, want) {
		t.Errorf("metrics = %q, want %q", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := limitprom.New(nil, limitprom.Config{}); err == nil {
		t.Error("New(nil) succeeded")
	}
	_, err := limitprom.New(newLimiter(t), limitprom.Config{Namespace: "a-b", ConstLabels: prometheus.Labels{"é": "", "rule": "x"}})
	for _, want := range []string{`Namespace is "a-b"`, `has "é"`, `has "rule"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New() = %v, want it to say %q", err, want)
		}
	}
}
