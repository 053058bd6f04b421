package load_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

func TestSearchFindsTheCapacity(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		capacity := 1 + 10000*random.Float64()*random.Float64()
		start := 0.5 + 5000*random.Float64()
		var tried []float64
		got, err := load.Search(start, 1, 1e6, func(rate float64) (bool, error) {
			tried = append(tried, rate)
			return rate <= capacity, nil
		})
		if err != nil || got > capacity || got < capacity/1.05/1.005 {
			t.Fatalf("Search from %g with capacity %g = %g, %v, want at most 5 %% below", start, capacity, got, err)
		}
		if tried[len(tried)-1] != got {
			t.Fatalf("the last rate tried is %g, want the answer %g confirmed", tried[len(tried)-1], got)
		}
		if len(tried) > 25 {
			t.Fatalf("Search from %g with capacity %g tried %d rates, want at most 25", start, capacity, len(tried))
		}
	}
}

func TestSearchEnds(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name  string
		probe func(n int, rate float64) (bool, error)
		want  float64
		err   error
	}{
		{name: "met at the ceiling", probe: func(int, float64) (bool, error) { return true, nil }, want: 1000},
		{name: "never met", probe: func(int, float64) (bool, error) { return false, nil }, err: load.ErrNotMet},
		{name: "met only by luck", probe: func(n int, _ float64) (bool, error) { return n == 1, nil }, err: load.ErrNotMet},
		{name: "probe fails", probe: func(n int, _ float64) (bool, error) { return true, broken }, err: broken},
	}
	for _, tt := range tests {
		n := 0
		got, err := load.Search(100, 1, 1000, func(rate float64) (bool, error) {
			n++
			return tt.probe(n, rate)
		})
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: Search = %g, %v, want %g, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}

// A rate that was met by luck the first time is refused when confirmed, and
// the answer is one that was met.
func TestSearchGoesDownWhenTheAnswerIsNotConfirmed(t *testing.T) {
	seen := make(map[float64]int)
	got, err := load.Search(100, 1, 1000, func(rate float64) (bool, error) {
		seen[rate]++
		return rate <= 150 || rate <= 300 && seen[rate] == 1, nil
	})
	if err != nil || got > 150 || got < 100 {
		t.Errorf("Search = %g, %v, want from 100 to 150", got, err)
	}
}

// A service that answers one request at a time in 10 ms carries 100 per second.
func TestFindMaxOfAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := make(chan struct{}, 1)
		s := startPipeServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			turn <- struct{}{}
			time.Sleep(10 * time.Millisecond)
			<-turn
		}))
		var steps []load.Step
		found, err := load.FindMax(t.Context(), load.SearchConfig{
			Load:      load.Config{Targets: []load.Target{get("http://shop/")}, Rate: 20, For: 10 * time.Second, Dial: s.Dial},
			Objective: load.Objective{Percentile: 95, Limit: 100 * time.Millisecond},
			OnStep:    func(s load.Step) { steps = append(steps, s) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if found.Rate < 95 || found.Rate > 102 {
			t.Errorf("FindMax = %g, want about 100", found.Rate)
		}
		if len(steps) != len(found.Steps) || found.Final.Asked != found.Rate || found.Final.Total.Latency.P95 > 100*time.Millisecond {
			t.Errorf("steps told, kept, final rate, p95 = %d, %d, %g, %v, want the last step to be the answer",
				len(steps), len(found.Steps), found.Final.Asked, found.Final.Total.Latency.P95)
		}
	})
}

func TestFindMaxEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startPipeServer(t, http.NotFoundHandler())
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		found, err := load.FindMax(ctx, load.SearchConfig{
			Load:      load.Config{Targets: []load.Target{get("http://shop/")}, Rate: 20, For: 10 * time.Second, Dial: s.Dial},
			Objective: load.Objective{Percentile: 95, Limit: time.Second, MaxErrors: 1},
		})
		if !errors.Is(err, context.DeadlineExceeded) || len(found.Steps) != 2 || found.Rate != 0 {
			t.Errorf("FindMax = %d steps, rate %g, %v, want 2 steps, 0, context.DeadlineExceeded", len(found.Steps), found.Rate, err)
		}
	})
}

func TestJudge(t *testing.T) {
	ms := func(n int) load.Latency {
		d := time.Duration(n) * time.Millisecond
		return load.Latency{P50: d, P95: 2 * d, P99: 3 * d}
	}
	good := load.Result{KeptUp: true, Total: load.Route{Count: 1000, Latency: ms(10)}}
	tests := []struct {
		name   string
		o      load.Objective
		change func(*load.Result)
		want   string // part of the reason; empty if met
	}{
		{"p50 met", load.Objective{Percentile: 50, Limit: 10 * time.Millisecond}, nil, ""},
		{"p95 met", load.Objective{Percentile: 95, Limit: 20 * time.Millisecond}, nil, ""},
		{"p95 missed", load.Objective{Percentile: 95, Limit: 19 * time.Millisecond}, nil, "p95 is above 19ms"},
		{"p99 missed", load.Objective{Percentile: 99, Limit: 20 * time.Millisecond}, nil, "p99 is above 20ms"},
		{"nothing", load.Objective{Percentile: 99, Limit: time.Second}, func(r *load.Result) { r.Total = load.Route{} }, "nothing"},
		{"generator", load.Objective{Percentile: 99, Limit: time.Second}, func(r *load.Result) { r.KeptUp = false }, "the generator could not"},
		{"workers", load.Objective{Percentile: 99, Limit: time.Second}, func(r *load.Result) { r.KeptUp, r.Saturated = false, true }, "every worker was busy"},
		{"lag", load.Objective{Percentile: 99, Limit: 20 * time.Millisecond}, func(r *load.Result) { r.Lag = ms(4) }, "the generator sent too late"},
		{"errors", load.Objective{Percentile: 99, Limit: time.Second, MaxErrors: 0.01}, func(r *load.Result) {
			r.Total.Failed = 11
			r.Total.Kinds = map[load.Kind]int{"5xx": 10, "timeout": 1}
		}, "1.1 % of requests failed, mostly: 5xx"},
		{"allowed errors", load.Objective{Percentile: 99, Limit: time.Second, MaxErrors: 0.01}, func(r *load.Result) { r.Total.Failed = 10 }, ""},
	}
	for _, tt := range tests {
		r := good
		if tt.change != nil {
			tt.change(&r)
		}
		got := tt.o.Judge(r)
		if got.Met != (tt.want == "") || !strings.Contains(got.Reason, tt.want) || got.Met && got.Reason != "" {
			t.Errorf("%s: Judge = %+v, want reason %q", tt.name, got, tt.want)
		}
	}
}

func TestParseObjective(t *testing.T) {
	for _, in := range []string{"p50=1ms", "p95=100ms", "p99=1.5s"} {
		if o, err := load.ParseObjective(in); err != nil || o.String() != in {
			t.Errorf("ParseObjective(%q) = %v, %v, want %s", in, o, err, in)
		}
	}
	for _, in := range []string{"", "p95", "p95=", "p95=0s", "p95=-1s", "p95=100", "p90=1s", "95=1s", "p95=1s=2s", "mean=1s"} {
		if o, err := load.ParseObjective(in); err == nil {
			t.Errorf("ParseObjective(%q) = %v, want an error", in, o)
		}
	}
}

// Percentiles must be the order statistics to within the histogram's bucket.
func TestPercentilesMatchTheOrderStatistics(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for round := range 300 {
		samples := make([]time.Duration, 1+random.IntN(3000))
		for i := range samples {
			// Lognormal, as latencies are: from microseconds to seconds.
			samples[i] = time.Duration(float64(time.Millisecond) * math.Pow(10, random.NormFloat64()))
		}
		got := load.Summarize(samples)
		slices.Sort(samples)
		n := len(samples)
		for _, q := range []struct {
			percent int
			got     time.Duration
		}{{50, got.P50}, {95, got.P95}, {99, got.P99}} {
			want := samples[(n*q.percent+99)/100-1]
			if !near(q.got, want) {
				t.Fatalf("round %d: p%d of %d samples = %v, want %v", round, q.percent, n, q.got, want)
			}
		}
		if got.Max != samples[n-1] || got.Reliable != (n >= 100) {
			t.Fatalf("round %d: max, reliable of %d samples = %v, %v, want %v, %v", round, n, got.Max, got.Reliable, samples[n-1], n >= 100)
		}
	}
}

func TestRequestsWithin(t *testing.T) {
	tests := []struct {
		d    time.Duration
		rate float64
		want uint64
	}{
		{10 * time.Second, 200, 2000},
		{100 * time.Millisecond, 30, 3},
		{time.Second, 0.5, 1},
		{3 * time.Second, 0.5, 2},
		{0, 100, 0},
		{time.Hour, 1e6, 3_600_000_000},
	}
	for _, tt := range tests {
		if got := load.RequestsWithin(tt.d, tt.rate); got != tt.want {
			t.Errorf("RequestsWithin(%v, %g) = %d, want %d", tt.d, tt.rate, got, tt.want)
		}
	}
}

func ExampleParseObjective() {
	o, err := load.ParseObjective("p95=100ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := load.Result{KeptUp: true, Total: load.Route{Count: 2000, Latency: load.Latency{P95: 130 * time.Millisecond}}}
	fmt.Println(o.Judge(r).Reason)
	// Output: p95 is above 100ms
}
