package limitprom

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/internal/prometric"
	"github.com/hone-go/hone/ratelimit"
)

// Config holds what is optional about a [Collector]. Its zero value is ready.
type Config struct {
	// Namespace is put before every metric name, with an underscore. Default:
	// none.
	Namespace string

	// ConstLabels are put on every metric. Default: none. Two limiters in one
	// registry are told apart by them.
	ConstLabels prometheus.Labels
}

const ruleLabel = "rule"

// A counter is one of the sums of [ratelimit.RuleStats].
type counter struct {
	name, help string
	value      func(ratelimit.RuleStats) int64
}

var counters = []counter{
	{"ratelimit_allowed_total", "Decisions that admitted.", func(s ratelimit.RuleStats) int64 { return s.Allowed }},
	{"ratelimit_refused_total", "Decisions that refused.", func(s ratelimit.RuleStats) int64 { return s.Refused }},
	{"ratelimit_leased_total", "Decisions by leased units.", func(s ratelimit.RuleStats) int64 { return s.Leased }},
	{"ratelimit_remembered_total", "Refusals from memory.", func(s ratelimit.RuleStats) int64 { return s.Remembered }},
	{"ratelimit_degraded_total", "Decisions made while the store was away.", func(s ratelimit.RuleStats) int64 { return s.Degraded }},
}

// A Collector is a [prometheus.Collector] of the sums of a limiter's rules since
// they were defined. All have the label rule:
//
//	ratelimit_allowed_total     decisions that admitted, one for each limit of the rule
//	ratelimit_refused_total     decisions that refused; of a dry run, those that would have
//	ratelimit_leased_total      of these, by leased units, without a round trip
//	ratelimit_remembered_total  of these, refusals from memory, without a round trip
//	ratelimit_degraded_total    of these, made while the store was away
//
// It is safe for concurrent use. A scrape costs one [ratelimit.Limiter.Rules]
// and reads no bucket.
type Collector struct {
	limiter *ratelimit.Limiter
	sums    []*prometheus.Desc // as counters
}

// New returns a Collector of l, to be registered by the caller. It fails if l
// is nil; an error about the Config lists everything that is wrong with it.
func New(l *ratelimit.Limiter, cfg Config) (*Collector, error) {
	if l == nil {
		return nil, errors.New("limitprom: the Limiter is nil")
	}
	names := prometric.Names(cfg)
	if err := names.Validate("limitprom", ruleLabel); err != nil {
		return nil, err
	}
	col := &Collector{limiter: l}
	for _, m := range counters {
		col.sums = append(col.sums, names.Desc(m.name, m.help, ruleLabel))
	}
	return col, nil
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.sums {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, r := range c.limiter.Rules() {
		s := r.Stats()
		for i, m := range counters {
			ch <- prometric.Counter(c.sums[i], float64(m.value(s)), r.Name())
		}
	}
}
