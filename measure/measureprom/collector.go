package measureprom

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/internal/prometric"
	"github.com/hone-go/hone/measure"
)

// Config holds what is optional about a [Collector]. Its zero value is ready.
type Config struct {
	// Namespace is put before every metric name, with an underscore. Default:
	// none, so that names are those that dashboards expect.
	Namespace string

	// ConstLabels are put on every metric. Default: none.
	ConstLabels prometheus.Labels
}

// A Collector is a [prometheus.Collector] of all that a recorder measured
// since its start:
//
//	http_request_duration_seconds        histogram  route, method, class
//	http_request_queue_seconds           histogram  route, method, class
//	http_requests_in_flight              gauge
//	http_response_body_bytes_total       counter    route, method, class
//	job_duration_seconds                 histogram  name, class
//	request_sql_statements_total         counter    route, method, class
//	request_sql_rows_total               counter    route, method, class
//	request_sql_seconds_total            counter    route, method, class
//	request_sql_wait_seconds_total       counter    route, method, class
//	external_call_duration_seconds       histogram  name
//
// It is safe for concurrent use. A scrape costs one [measure.Recorder.Snapshot].
type Collector struct {
	rec *measure.Recorder

	duration, queue, inFlight, bytes, job *prometheus.Desc
	statements, rows, sqlTime, sqlWait    *prometheus.Desc
	span                                  *prometheus.Desc
}

// New returns a Collector of rec, to be registered by the caller. It fails if
// rec is nil; an error about the Config lists everything that is wrong with it.
func New(rec *measure.Recorder, cfg Config) (*Collector, error) {
	if rec == nil {
		return nil, errors.New("measureprom: the recorder is nil")
	}
	names := prometric.Names(cfg)
	if err := names.Validate("measureprom", "route", "method", "class", "name"); err != nil {
		return nil, err
	}
	desc, series := names.Desc, []string{"route", "method", "class"}
	return &Collector{
		rec:      rec,
		duration: desc("http_request_duration_seconds", "Time to answer requests.", series...),
		queue: desc("http_request_queue_seconds",
			"Time that requests waited before they reached the service, by X-Request-Start.", series...),
		inFlight: desc("http_requests_in_flight", "Requests being answered."),
		bytes:    desc("http_response_body_bytes_total", "Bytes of response bodies.", series...),
		job:      desc("job_duration_seconds", "Time that jobs took.", "name", "class"),
		statements: desc("request_sql_statements_total",
			"SQL statements of requests and jobs.", series...),
		rows: desc("request_sql_rows_total",
			"Rows that SQL statements returned or affected.", series...),
		sqlTime: desc("request_sql_seconds_total",
			"Time during which requests and jobs had at least one SQL statement under way.", series...),
		sqlWait: desc("request_sql_wait_seconds_total",
			"Time that requests and jobs waited for pooled connections.", series...),
		span: desc("external_call_duration_seconds", "Time of calls to other services.", "name"),
	}, nil
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.duration, c.queue, c.inFlight, c.bytes, c.job, c.statements, c.rows, c.sqlTime, c.sqlWait, c.span,
	} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s := c.rec.Snapshot()
	ch <- prometric.Gauge(c.inFlight, float64(s.InFlight))
	for _, x := range s.Series {
		t, labels := x.Total, []string{x.Route, x.Method, x.Class}
		if x.Method == measure.MethodJob {
			ch <- histogram(c.job, t.Histogram, s.Start, x.Route, x.Class)
		} else {
			ch <- histogram(c.duration, t.Histogram, s.Start, labels...)
			ch <- counter(c.bytes, float64(t.Bytes), s.Start, labels...)
		}
		if t.Queue != nil {
			ch <- histogram(c.queue, t.Queue.Histogram, s.Start, labels...)
		}
		ch <- counter(c.statements, float64(t.Statements), s.Start, labels...)
		ch <- counter(c.rows, float64(t.Rows), s.Start, labels...)
		ch <- counter(c.sqlTime, t.SQLTime.Seconds(), s.Start, labels...)
		ch <- counter(c.sqlWait, t.SQLWait.Seconds(), s.Start, labels...)
	}
	for _, x := range s.Spans {
		ch <- histogram(c.span, x.Total.Histogram, s.Start, x.Name)
	}
}

func counter(d *prometheus.Desc, v float64, since time.Time, labels ...string) prometheus.Metric {
	return prometric.Checked(d)(prometheus.NewConstMetricWithCreatedTimestamp(d, prometheus.CounterValue, v, since, labels...))
}

// histogram translates bucket for bucket: both number a bucket by its upper
// boundary, so the indexes are the same.
func histogram(d *prometheus.Desc, h measure.HistogramSnapshot, since time.Time, labels ...string) prometheus.Metric {
	buckets := make(map[int]int64)
	for k, n := range h.Buckets() {
		buckets[k] = int64(n)
	}
	return prometric.Checked(d)(prometheus.NewConstNativeHistogram(d, h.Count(), h.SumSeconds(), buckets, nil,
		h.Underflow(), measure.Scale, measure.ZeroThreshold, since, labels...))
}
