package measure

import (
	"encoding/json"
	"time"
)

// Stats sums up a series over some time. Percentiles are at most 1.1 % from
// the true ones; the maximum is exact.
type Stats struct {
	Count uint64
	Rate  float64 // per second
	P50, P90, P95, P99,
	Max, Mean time.Duration
	// Reliable reports whether there were [ReliableCount] samples, enough
	// for the percentiles to mean something.
	Reliable bool

	Bytes      int64 // of response bodies
	Statements int64
	Rows       int64
	SQLTime    time.Duration // with at least one statement under way
	SQLWait    time.Duration // for pooled connections

	// Queue is the time spent in queues in front of the service, or nil if
	// no request told it.
	Queue *Timing
	// Histogram is what the percentiles come from.
	Histogram HistogramSnapshot
}

// Timing sums up durations that are not requests.
type Timing struct {
	Count uint64
	Rate  float64 // per second
	P50, P90, P95, P99,
	Max, Mean time.Duration
	Reliable  bool
	Histogram HistogramSnapshot
}

// Merge returns the statistics of both together, for instance of a route over
// its methods and classes. Percentiles are those of the union, not averages.
// Both must cover the same time.
func (s Stats) Merge(other Stats) Stats {
	m := newStats(account{s.Histogram.Merge(other.Histogram), sums{
		bytes:      s.Bytes + other.Bytes,
		statements: s.Statements + other.Statements,
		rows:       s.Rows + other.Rows,
		sqlTime:    s.SQLTime + other.SQLTime,
		sqlWait:    s.SQLWait + other.SQLWait,
	}}, 0)
	m.Rate = s.Rate + other.Rate
	switch {
	case s.Queue == nil:
		m.Queue = other.Queue
	case other.Queue == nil:
		m.Queue = s.Queue
	default:
		q := newTiming(s.Queue.Histogram.Merge(other.Queue.Histogram), 0)
		q.Rate = s.Queue.Rate + other.Queue.Rate
		m.Queue = &q
	}
	return m
}

func newStats(a account, over time.Duration) Stats {
	t := newTiming(a.durations, over)
	return Stats{
		Count: t.Count, Rate: t.Rate,
		P50: t.P50, P90: t.P90, P95: t.P95, P99: t.P99, Max: t.Max, Mean: t.Mean,
		Reliable:   t.Reliable,
		Bytes:      a.sums.bytes,
		Statements: a.sums.statements,
		Rows:       a.sums.rows,
		SQLTime:    a.sums.sqlTime,
		SQLWait:    a.sums.sqlWait,
		Histogram:  t.Histogram,
	}
}

func newTiming(h HistogramSnapshot, over time.Duration) Timing {
	t := Timing{
		Count: h.Count(),
		P50:   h.Quantile(0.5), P90: h.Quantile(0.9), P95: h.Quantile(0.95), P99: h.Quantile(0.99),
		Max: h.Max(), Mean: h.Mean(),
		Reliable:  h.Reliable(),
		Histogram: h,
	}
	if over > 0 {
		t.Rate = float64(t.Count) / over.Seconds()
	}
	return t
}

// timingJSON is the form of durations that people and other languages read.
type timingJSON struct {
	Count    uint64  `json:"count"`
	Rate     float64 `json:"rate"`
	P50      float64 `json:"p50_ms"`
	P90      float64 `json:"p90_ms"`
	P95      float64 `json:"p95_ms"`
	P99      float64 `json:"p99_ms"`
	Max      float64 `json:"max_ms"`
	Mean     float64 `json:"mean_ms"`
	Reliable bool    `json:"reliable"`
}

func (t Timing) json() timingJSON {
	return timingJSON{
		t.Count, t.Rate,
		milliseconds(t.P50), milliseconds(t.P90), milliseconds(t.P95), milliseconds(t.P99),
		milliseconds(t.Max), milliseconds(t.Mean), t.Reliable,
	}
}

// MarshalJSON returns an object with durations in milliseconds and without the
// histogram.
func (t Timing) MarshalJSON() ([]byte, error) { return json.Marshal(t.json()) }

// MarshalJSON returns an object with durations in milliseconds and without the
// histogram.
func (s Stats) MarshalJSON() ([]byte, error) {
	timing := Timing{
		s.Count, s.Rate, s.P50, s.P90, s.P95, s.P99, s.Max, s.Mean, s.Reliable, HistogramSnapshot{},
	}
	return json.Marshal(struct {
		timingJSON
		Bytes      int64   `json:"bytes"`
		Statements int64   `json:"statements"`
		Rows       int64   `json:"rows"`
		SQLTime    float64 `json:"sql_ms"`
		SQLWait    float64 `json:"sql_wait_ms"`
		Queue      *Timing `json:"queue,omitempty"`
	}{
		timing.json(), s.Bytes, s.Statements, s.Rows,
		milliseconds(s.SQLTime), milliseconds(s.SQLWait), s.Queue,
	})
}
