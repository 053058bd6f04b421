package main

import (
	"strconv"
	"time"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

// runJSON is the JSON of a run. Times ending in _ms are milliseconds, rates are
// requests per second.
type runJSON struct {
	AskedRate    float64     `json:"asked_rate"`
	AchievedRate float64     `json:"achieved_rate"`
	KeptUp       bool        `json:"kept_up"`
	Saturated    bool        `json:"saturated"`
	LagP99       float64     `json:"lag_p99_ms"`
	Seconds      float64     `json:"seconds"`
	Seed         uint64      `json:"seed"`
	Interrupted  bool        `json:"interrupted"`
	Unfinished   int         `json:"unfinished"`
	Total        routeJSON   `json:"total"`
	Routes       []routeJSON `json:"routes"`
}

type routeJSON struct {
	Route    string         `json:"route"`
	Count    int            `json:"count"`
	Errors   int            `json:"errors"`
	Kinds    map[string]int `json:"errors_by_kind"`
	Codes    map[string]int `json:"codes"`
	Bytes    int64          `json:"bytes"`
	P50      float64        `json:"p50_ms"`
	P95      float64        `json:"p95_ms"`
	P99      float64        `json:"p99_ms"`
	Max      float64        `json:"max_ms"`
	Mean     float64        `json:"mean_ms"`
	Reliable bool           `json:"reliable"`
}

func (r loadReport) json() any { return r.runJSON() }

func (r loadReport) runJSON() runJSON {
	j := runJSON{
		AskedRate:    r.Asked,
		AchievedRate: r.Achieved,
		KeptUp:       r.KeptUp,
		Saturated:    r.Saturated,
		LagP99:       inMilliseconds(r.Lag.P99),
		Seconds:      r.For.Seconds(),
		Seed:         r.Seed,
		Interrupted:  r.Interrupted,
		Unfinished:   r.Unfinished,
		Total:        newRouteJSON(r.Total),
		Routes:       make([]routeJSON, 0, len(r.Routes)),
	}
	for _, route := range r.Routes {
		j.Routes = append(j.Routes, newRouteJSON(route))
	}
	return j
}

func newRouteJSON(r load.Route) routeJSON {
	j := routeJSON{
		Route:    r.Name,
		Count:    r.Count,
		Errors:   r.Failed,
		Kinds:    make(map[string]int, len(r.Kinds)),
		Codes:    make(map[string]int, len(r.Codes)),
		Bytes:    r.Bytes,
		P50:      inMilliseconds(r.Latency.P50),
		P95:      inMilliseconds(r.Latency.P95),
		P99:      inMilliseconds(r.Latency.P99),
		Max:      inMilliseconds(r.Latency.Max),
		Mean:     inMilliseconds(r.Latency.Mean),
		Reliable: r.Latency.Reliable,
	}
	for kind, n := range r.Kinds {
		j.Kinds[string(kind)] = n
	}
	for code, n := range r.Codes {
		j.Codes[strconv.Itoa(code)] = n
	}
	return j
}

// findJSON is the JSON of a search. MaxRate is 0 if no rate met the objective;
// Result is then null.
type findJSON struct {
	Objective string     `json:"objective"`
	MaxErrors float64    `json:"max_errors"`
	MaxRate   float64    `json:"max_rate"`
	Steps     []stepJSON `json:"steps"`
	Result    *runJSON   `json:"result"`
}

type stepJSON struct {
	Rate         float64 `json:"rate"`
	AchievedRate float64 `json:"achieved_rate"`
	Value        float64 `json:"value_ms"`
	ErrorShare   float64 `json:"error_share"`
	Met          bool    `json:"met"`
	Reliable     bool    `json:"reliable"`
	Reason       string  `json:"reason"`
}

func (r findReport) json() any {
	j := findJSON{
		Objective: r.Objective.String(),
		MaxErrors: r.Objective.MaxErrors,
		MaxRate:   r.Rate,
		Steps:     make([]stepJSON, 0, len(r.Steps)),
	}
	for _, s := range r.Steps {
		j.Steps = append(j.Steps, stepJSON{
			Rate:         s.Rate,
			AchievedRate: s.Result.Achieved,
			Value:        inMilliseconds(s.Verdict.Value),
			ErrorShare:   s.Result.Total.FailedShare(),
			Met:          s.Verdict.Met,
			Reliable:     s.Result.Total.Latency.Reliable,
			Reason:       s.Verdict.Reason,
		})
	}
	if r.Rate > 0 {
		final := loadReport{Result: r.Final, Seed: r.Seed, For: r.For}.runJSON()
		j.Result = &final
	}
	return j
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
