package main

import (
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

func loadProgress(elapsed, planned time.Duration) load.Progress {
	return load.Progress{Elapsed: elapsed, Planned: planned, Answered: int(elapsed / (100 * time.Millisecond)), Failed: 1}
}

func latency(ms float64, reliable bool) load.Latency {
	d := time.Duration(ms * float64(time.Millisecond))
	return load.Latency{P50: d, P95: 4 * d, P99: 25 * d, Max: 90 * d, Mean: 2 * d, Reliable: reliable}
}

// sampleReport is a run with everything in it.
func sampleReport() loadReport {
	return loadReport{
		Result: load.Result{
			Asked: 200, Achieved: 187.53, Saturated: true,
			Total: load.Route{
				Name: "total", Count: 2000, Failed: 40, Bytes: 12_345_678, Latency: latency(1.234, true),
				Kinds: map[load.Kind]int{"5xx": 31, load.KindTimeout: 9}, Codes: map[int]int{200: 1960, 500: 1, 503: 30},
			},
			Routes: []load.Route{
				{Name: "GET /api/orders", Count: 1940, Failed: 31, Latency: latency(1.2, true)},
				{Name: "GET /api/customers/{1..5000}/orders?sort=date&page={1..20}", Count: 60, Failed: 9, Latency: latency(150, false)},
				{Name: "GET /never", Latency: load.Latency{}},
			},
		},
		Seed: 1, For: 10 * time.Second,
	}
}

func TestReportText(t *testing.T) {
	for _, tt := range []struct {
		golden string
		width  int
	}{{"report_wide", 0}, {"report_80", 80}, {"report_40", 40}} {
		var b strings.Builder
		sampleReport().text(&b, tt.width)
		golden(t, tt.golden, b.String())
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(line)) - 1; tt.width == 80 && n > 80 {
				t.Errorf("a line has %d columns, want at most 80: %s", n, line)
			}
		}
	}
}

func TestFindReportText(t *testing.T) {
	var b strings.Builder
	findReport{
		Found:     load.Found{Rate: 168, Final: sampleReport().Result, Steps: make([]load.Step, 9)},
		Objective: load.Objective{Percentile: 95, Limit: 100 * time.Millisecond},
	}.text(&b, 80)
	golden(t, "report_find", b.String())
}

func TestStepLine(t *testing.T) {
	o := load.Objective{Percentile: 95, Limit: 100 * time.Millisecond}
	met := load.Step{Rate: 141, Verdict: load.Verdict{Met: true, Value: 12345 * time.Microsecond}}
	met.Result.Total.Latency.Reliable = true
	missed := load.Step{Rate: 2.5, Verdict: load.Verdict{Value: 2 * time.Second, Reason: "p95 is above 100ms"}}
	for _, tt := range []struct {
		step load.Step
		want string
	}{
		{met, "      141/s  p95 12.3ms  met"},
		{missed, "      2.5/s  p95 ~2.00s  missed: p95 is above 100ms"},
	} {
		if got := stepLine(o, tt.step); got != tt.want {
			t.Errorf("stepLine(%g) = %q, want %q", tt.step.Rate, got, tt.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"GET /", 5, "GET /"},
		{"GET /a", 5, "GE…/a"},
		{"GET /ä/ö", 7, "GET…ä/ö"},
	} {
		if got := shorten(tt.in, tt.n); got != tt.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestFigures(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{milliseconds(0), "0.00ms"},
		{milliseconds(1234567), "1.23ms"},
		{milliseconds(123456789), "123ms"},
		{milliseconds(1500 * time.Millisecond), "1.50s"},
		{milliseconds(2 * time.Minute), "120.0s"},
		{rateText(199.97), "200"},
		{rateText(50), "50"},
		{rateText(49.96), "50"},
		{rateText(12.34), "12.3"},
		{rateText(0.456), "0.46"},
		{bytesText(999), "999 B"},
		{bytesText(12_345_678), "12.3 MB"},
	} {
		if tt.got != tt.want {
			t.Errorf("printed %q, want %q", tt.got, tt.want)
		}
	}
}
