package limitprom_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

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
	reg := prometheus.NewPedanticRegistry() // checks what Collect sends against Describe
	if err := reg.Register(col); err != nil {
		t.Fatal(err)
	}
	return reg
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
	for name, want := range map[string]float64{
		"allowed": 2, "refused": 3, "remembered": 2, "leased": 0, "degraded": 0,
	} {
		if got := value(t, reg, "shop_ratelimit_"+name+"_total", "rule=login", "zone=a"); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

// TestEverySumIsShown: a field that is added to RuleStats must not be forgotten
// here, nor shown under another's name.
func TestEverySumIsShown(t *testing.T) {
	l := newLimiter(t)
	if _, err := l.Rule("one", "2/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen}); err != nil {
		t.Fatal(err)
	}
	families, err := register(t, l, limitprom.Config{}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, f := range families {
		got = append(got, f.GetName())
	}
	stats := reflect.TypeFor[ratelimit.RuleStats]()
	for i := range stats.NumField() {
		want = append(want, "ratelimit_"+strings.ToLower(stats.Field(i).Name)+"_total")
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("metrics = %q, want %q", got, want)
	}
}

// value returns the value of a metric that has one series, with those labels.
func value(t *testing.T, reg *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name || len(f.GetMetric()) != 1 {
			continue
		}
		m := f.GetMetric()[0]
		var got []string
		for _, l := range m.GetLabel() {
			got = append(got, l.GetName()+"="+l.GetValue())
		}
		if !slices.Equal(got, labels) {
			t.Errorf("%s has the labels %q, want %q", name, got, labels)
		}
		return m.GetCounter().GetValue()
	}
	t.Errorf("there is no metric %s, or more than one", name)
	return 0
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
