package load

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// An Objective is what a service promises: a latency percentile and a bound on
// failures.
type Objective struct {
	Percentile int           // 50, 95 or 99
	Limit      time.Duration // that the percentile must not exceed
	MaxErrors  float64       // largest share of failed requests, from 0 to 1
}

// ParseObjective reads "p95=100ms"; the percentile is p50, p95 or p99. MaxErrors
// is left 0.
func ParseObjective(s string) (Objective, error) {
	name, limit, ok := strings.Cut(s, "=")
	if !ok {
		return Objective{}, fmt.Errorf("%q is not an objective: write one as p95=100ms", s)
	}
	var o Objective
	switch name {
	case "p50":
		o.Percentile = 50
	case "p95":
		o.Percentile = 95
	case "p99":
		o.Percentile = 99
	default:
		return Objective{}, fmt.Errorf("%q is not a percentile: use p50, p95 or p99", name)
	}
	d, err := time.ParseDuration(limit)
	if err != nil || d <= 0 {
		return Objective{}, fmt.Errorf("%q is not a time above zero: write one as 100ms or 1.5s", limit)
	}
	o.Limit = d
	return o, nil
}

// String returns the objective as [ParseObjective] reads it.
func (o Objective) String() string { return fmt.Sprintf("p%d=%v", o.Percentile, o.Limit) }

func (o Objective) validate() error {
	var errs []error
	if o.Percentile != 50 && o.Percentile != 95 && o.Percentile != 99 {
		errs = append(errs, fmt.Errorf("load: Objective.Percentile is %d, want 50, 95 or 99", o.Percentile))
	}
	if o.Limit <= 0 {
		errs = append(errs, fmt.Errorf("load: Objective.Limit is %v, want > 0", o.Limit))
	}
	if !(o.MaxErrors >= 0 && o.MaxErrors <= 1) { // this way round NaN fails too
		errs = append(errs, fmt.Errorf("load: Objective.MaxErrors is %v, want from 0 to 1", o.MaxErrors))
	}
	return errors.Join(errs...)
}

// A Verdict says whether a run met an objective and, if not, why.
type Verdict struct {
	Met    bool
	Value  time.Duration // the percentile asked for
	Reason string        // empty if met
}

// Judge compares r with o. A run that the generator could not deliver does not
// meet any objective: the service was not offered the rate.
func (o Objective) Judge(r Result) Verdict {
	v := Verdict{Value: o.of(r.Total.Latency)}
	failed := r.Total.FailedShare()
	switch {
	case r.Total.Count == 0:
		v.Reason = "nothing was measured"
	case failed > o.MaxErrors:
		v.Reason = fmt.Sprintf("%.3g %% of requests failed, mostly: %s", 100*failed, r.Total.Failures()[0].Kind)
	case !r.KeptUp && r.Saturated:
		v.Reason = "every worker was busy and requests went out late"
	case !r.KeptUp:
		v.Reason = "the generator could not send that fast"
	case v.Value <= o.Limit:
		v.Met = true
	case o.of(r.Lag) > o.Limit/2 && !r.Saturated:
		// The lag is part of the latency: the generator, not the service,
		// spent most of what the objective allows.
		v.Reason = "the generator sent too late to tell"
	default:
		v.Reason = fmt.Sprintf("p%d is above %v", o.Percentile, o.Limit)
	}
	return v
}

// of returns the objective's percentile of l.
func (o Objective) of(l Latency) time.Duration {
	switch o.Percentile {
	case 50:
		return l.P50
	case 95:
		return l.P95
	}
	return l.P99
}
