package optimistic_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A clock is by how much a process's is ahead at a time.
type clock func(at time.Duration) time.Duration

func ahead(by time.Duration) clock { return func(time.Duration) time.Duration { return by } }

// stepped is a clock that steps in the middle of a run.
func stepped(by time.Duration) clock {
	return func(at time.Duration) time.Duration {
		if at > clockRun/2 {
			return by
		}
		return 0
	}
}

// toAndFro steps there and back, every seven minutes.
func toAndFro(by time.Duration) clock {
	return func(at time.Duration) time.Duration { return by * (at / (7 * time.Minute) % 2) }
}

const (
	clockRun    = 2 * time.Hour
	clockPeriod = time.Minute
	clockAmount = 5
)

// most is what a limit of clockAmount in each clockPeriod lets pass in a time,
// at most, by the comments on the strategies.
func most(s ratelimit.Strategy, in time.Duration) float64 {
	periods := float64(in) / float64(clockPeriod)
	switch s {
	case ratelimit.FixedWindow: // the last window before, and each that begins
		return clockAmount * float64(2+in/clockPeriod)
	case ratelimit.SlidingWindow:
		return clockAmount*(1+periods) + 1
	case ratelimit.GCRA:
		return clockAmount * (1 + periods)
	default:
		return clockAmount * float64(1+in/clockPeriod)
	}
}

// TestClocksThatDiffer has processes charge as much as they can, and take back
// some of it, by clocks that differ or step. In no time passes more than is
// promised: what the limit lets pass in that time, and slack, as often as there
// are clocks.
func TestClocksThatDiffer(t *testing.T) {
	tests := []struct {
		name   string
		clocks []clock
		slack  time.Duration
		times  float64
	}{
		{"equal", []clock{ahead(0), ahead(0)}, 0, 1},
		{"1s apart", []clock{ahead(0), ahead(time.Second)}, time.Second, 1},
		{"10s apart", []clock{ahead(0), ahead(4 * time.Second), ahead(10 * time.Second)}, 10 * time.Second, 1},
		{"59s apart", []clock{ahead(0), ahead(59 * time.Second)}, 0, 2},
		{"1h apart", []clock{ahead(0), ahead(time.Hour)}, 0, 2},
		{"1h and 59s apart", []clock{ahead(0), ahead(59 * time.Second), ahead(time.Hour)}, 0, 3},
		{"1s back", []clock{stepped(-time.Second)}, 0, 1},
		{"1h back", []clock{stepped(-time.Hour)}, 0, 1},
		{"1s forward", []clock{stepped(time.Second)}, time.Second, 1},
		{"1h forward", []clock{stepped(time.Hour)}, 0, 2},
		{"1s to and fro", []clock{toAndFro(time.Second)}, time.Second, 1},
		{"1h to and fro", []clock{toAndFro(time.Hour)}, 0, 2},
		{"1h back beside one that is right", []clock{ahead(0), stepped(-time.Hour)}, 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for s := range ratelimit.Concurrency + 1 {
				passed := pass(t, s, tt.clocks)
				for i := range passed {
					sum := int64(0)
					for _, p := range passed[i:] {
						sum += p.units
						in := p.at - passed[i].at
						if most := tt.times * most(s, in+tt.slack); float64(sum) > most {
							t.Fatalf("%s: %d units passed in %s after %s, want at most %.0f", s, sum, in, passed[i].at, most)
						}
					}
				}
			}
		})
	}
}

// passed are units that were charged and not taken back.
type passed struct {
	at    time.Duration
	units int64
}

// pass lets a process for each clock charge one bucket.
func pass(t *testing.T, s ratelimit.Strategy, clocks []clock) (all []passed) {
	t.Helper()
	from := *seed
	if from == 0 {
		from = rand.Uint64()
	}
	t.Logf("-seed %d", from)
	random := rand.New(rand.NewPCG(from, 0))
	records := newTable()
	processes := make([]store, len(clocks))
	for i := range processes {
		processes[i] = newStore(records)
	}
	for records.time < clockRun {
		records.time += time.Duration(random.Int64N(int64(3 * time.Second)))
		i := random.IntN(len(processes))
		now := 24*time.Hour + records.time + clocks[i](records.time)
		processes[i].SetNow(now.Microseconds())
		c := ratelimit.Charge{
			Limit: ratelimit.Limit{Strategy: s, Amount: clockAmount, Period: clockPeriod}, Key: "a",
			Cost: 1 + random.Int64N(clockAmount), Least: 1,
		}
		binary.BigEndian.PutUint64(c.ID[:], random.Uint64())
		r := apply(t, processes[i], ratelimit.Take, c)[0]
		if r.Granted > 0 && random.IntN(3) == 0 {
			c.Cost, c.Receipt = r.Granted, r.Receipt
			r.Granted -= apply(t, processes[i], ratelimit.Refund, c)[0].Granted
		}
		if r.Granted > 0 {
			all = append(all, passed{records.time, r.Granted})
		}
	}
	return all
}
