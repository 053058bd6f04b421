package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// tolerance is how far below the first rate that missed the answer may
	// lie, as a factor. Not smaller: two runs at one rate differ by as much.
	tolerance = 1.05

	// minRequests is the fewest requests of a run in a search. A slower rate
	// would be judged by a handful of requests.
	minRequests = 10
)

// ErrNotMet is matched by the error of a search in which even the slowest rate
// tried missed the objective. The service needs work, not a lower rate.
var ErrNotMet = errors.New("load: no rate met the objective")

// A SearchConfig says what to search for. Load and Objective are required.
type SearchConfig struct {
	// Load is the load of each step. Its Rate is the first one tried. A zero
	// Warmup becomes a tenth of For, from 0.5 s to 2 s: the service settles
	// at the new rate before it is judged.
	Load Config

	// Objective is what a rate must meet.
	Objective Objective

	// OnStep, if set, is told of each step when it ends, from the goroutine
	// that called FindMax.
	OnStep func(Step)
}

// A Step is one run of a search.
type Step struct {
	Rate    float64 // requests per second
	Result  Result
	Verdict Verdict
}

// A Found is the outcome of a search.
type Found struct {
	Rate  float64 // the highest rate that met the objective, twice; 0 if none
	Final Result  // of the last run at Rate
	Steps []Step  // every run in order, the last one included
}

// FindMax searches the highest rate that meets an objective. From the first
// rate it doubles, or halves, until one rate has met the objective and one has
// missed it, then halves the distance between them on a logarithmic scale down
// to 5 %. A last run must confirm the answer; where it does not, the search
// goes down until a rate is met twice in a row.
//
// A rate counts as missed if the generator could not deliver it: the verdict
// says so. If no rate is met down to ten requests per run the error matches
// [ErrNotMet]. If ctx ends, Found holds the steps so far and the error matches
// the context's. It takes about ten to fifteen runs.
func FindMax(ctx context.Context, c SearchConfig) (Found, error) {
	c = c.withDefaults()
	if err := errors.Join(c.Load.withDefaults().validate(), c.Objective.validate()); err != nil {
		return Found{}, err
	}
	var found Found
	probe := func(rate float64) (bool, error) {
		load := c.Load
		load.Rate = rate
		result, err := Run(ctx, load)
		if err != nil {
			return false, err
		}
		step := Step{Rate: rate, Result: result, Verdict: c.Objective.Judge(result)}
		found.Steps = append(found.Steps, step)
		if c.OnStep != nil {
			c.OnStep(step)
		}
		return step.Verdict.Met, nil
	}
	rate, err := search(c.Load.Rate, minRequests/c.Load.For.Seconds(), maxRate, probe)
	if err != nil {
		return found, err
	}
	found.Rate = rate
	found.Final = found.Steps[len(found.Steps)-1].Result
	return found, nil
}

func (c SearchConfig) withDefaults() SearchConfig {
	if c.Load.Warmup == 0 {
		c.Load.Warmup = min(max(c.Load.For/10, time.Second/2), 2*time.Second)
	}
	return c
}

// search returns the highest rate from floor to ceiling that probe meets, to
// within tolerance, beginning at start. The last call of probe is for the rate
// it returns.
func search(start, floor, ceiling float64, probe func(rate float64) (met bool, err error)) (float64, error) {
	met, missed, err := bracket(start, floor, ceiling, probe)
	if err != nil {
		return 0, err
	}
	for missed > 0 && missed/met > tolerance {
		mid := threeDigits(math.Sqrt(met * missed))
		ok, err := probe(mid)
		if err != nil {
			return 0, err
		}
		if ok {
			met = mid
		} else {
			missed = mid
		}
	}
	return confirm(met, floor, probe)
}

// confirm returns a rate that was met twice, rate itself if a second probe of
// it succeeds. One success may be luck. Each refusal goes further down than the
// one before, so that a long way is few steps.
func confirm(rate, floor float64, probe func(float64) (bool, error)) (float64, error) {
	times := 1
	for step := tolerance; ; {
		ok, err := probe(rate)
		switch {
		case err != nil:
			return 0, err
		case ok:
			times++
			if times == 2 {
				return rate, nil
			}
		case rate <= floor:
			return 0, notMet(rate)
		default:
			rate, times = max(floor, threeDigits(rate/step)), 0
			step *= step
		}
	}
}

// bracket returns a rate that was met and the next one tried that was missed,
// or 0 if even the ceiling was met.
func bracket(start, floor, ceiling float64, probe func(float64) (bool, error)) (met, missed float64, err error) {
	rate := min(max(start, floor), ceiling)
	for {
		ok, err := probe(rate)
		switch {
		case err != nil:
			return 0, 0, err
		case ok:
			met = rate
			if missed > 0 || rate >= ceiling {
				return met, missed, nil
			}
			rate = min(rate*2, ceiling)
		default:
			missed = rate
			if met > 0 {
				return met, missed, nil
			}
			if rate <= floor {
				return 0, 0, notMet(rate)
			}
			rate = max(rate/2, floor)
		}
	}
}

func notMet(rate float64) error {
	return fmt.Errorf("%w down to %.3g requests per second", ErrNotMet, rate)
}

// threeDigits rounds to three significant digits: finer rates look like a
// precision that a search does not have.
func threeDigits(rate float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return math.Round(rate/scale) * scale
}
