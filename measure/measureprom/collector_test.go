package measureprom_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/prometric/prometrictest"
	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/measure/measureprom"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

func setup(t *testing.T, cfg measureprom.Config) (*measure.Recorder, *prometheus.Registry) {
	t.Helper()
	rec, err := measure.New(measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := measureprom.New(rec, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return rec, prometrictest.Register(t, c)
}

// exercise records something of everything.
func exercise(t *testing.T, rec *measure.Recorder) {
	t.Helper()
	h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /api/orders/{id}"
		l := ledger.From(r.Context())
		l.StatementStart(l.Start())
		l.StatementEnd(l.Start().Add(time.Second), 7, false)
		l.AddWait(500 * time.Millisecond)
		measure.Span(r.Context(), "stripe").End()
		_, _ = io.WriteString(w, "12345")
	}))
	for range 20 {
		r := httptest.NewRequest("GET", "/api/orders/1", http.NoBody)
		r.Header.Set("X-Request-Start", fmt.Sprintf("t=%d", time.Now().Add(-time.Minute).UnixMilli()))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	_ = rec.Do(t.Context(), "nightly", func(context.Context) error { return nil })
	rec.Begin(t.Context(), measure.Operation{Method: "GET", Route: "/"}) // still under way
}

// scrape asks for everything as Prometheus does.
func scrape(t *testing.T, reg *prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", http.NoBody)
	r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("scrape = %d %s, want 200", w.Code, w.Body)
	}
	families := map[string]*dto.MetricFamily{}
	d := expfmt.NewDecoder(w.Body, expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		f := new(dto.MetricFamily)
		if err := d.Decode(f); errors.Is(err, io.EOF) {
			return families
		} else if err != nil {
			t.Fatal(err)
		}
		families[f.GetName()] = f
	}
}

func labels(m *dto.Metric) string {
	var parts []string
	for _, l := range m.GetLabel() {
		parts = append(parts, l.GetName()+"="+l.GetValue())
	}
	return strings.Join(parts, ",")
}

// buckets undoes the spans and deltas of a native histogram.
func buckets(h *dto.Histogram) map[int]uint64 {
	out := map[int]uint64{}
	index, i := 0, 0
	var count int64
	for _, span := range h.GetPositiveSpan() {
		index += int(span.GetOffset())
		for range span.GetLength() {
			count += h.GetPositiveDelta()[i]
			if count > 0 {
				out[index] = uint64(count)
			}
			index++
			i++
		}
	}
	return out
}

func TestScrapeIsLossless(t *testing.T) {
	rec, reg := setup(t, measureprom.Config{})
	exercise(t, rec)
	families, snap := scrape(t, reg), rec.Snapshot()
	job, request := snap.Series[1], snap.Series[0]
	if request.Total.Count != 20 || job.Method != measure.MethodJob {
		t.Fatalf("series = %+v, want 20 requests and a job", snap.Series)
	}
	const series = "class=2xx,method=GET,route=/api/orders/{id}"
	histograms := []struct {
		name, labels string
		want         measure.HistogramSnapshot
	}{
		{"http_request_duration_seconds", series, request.Total.Histogram},
		{"http_request_queue_seconds", series, request.Total.Queue.Histogram},
		{"job_duration_seconds", "class=2xx,name=nightly", job.Total.Histogram},
		{"external_call_duration_seconds", "name=stripe", snap.Spans[0].Total.Histogram},
	}
	for _, tt := range histograms {
		m := families[tt.name].GetMetric()
		if len(m) != 1 || labels(m[0]) != tt.labels {
			t.Errorf("%s = %v, want one metric with %s", tt.name, m, tt.labels)
			continue
		}
		compare(t, tt.name, m[0].GetHistogram(), tt.want)
		if !m[0].GetHistogram().GetCreatedTimestamp().AsTime().Equal(snap.Start) {
			t.Errorf("%s was created at %v, want %v", tt.name, m[0].GetHistogram().GetCreatedTimestamp().AsTime(), snap.Start)
		}
	}
	values := []struct {
		name, labels string
		want         float64
	}{
		{"http_requests_in_flight", "", 1},
		{"http_response_body_bytes_total", series, 100},
		{"request_sql_statements_total", series, 20},
		{"request_sql_rows_total", series, 140},
		{"request_sql_seconds_total", series, 20},
		{"request_sql_wait_seconds_total", series, 10},
	}
	for _, tt := range values {
		m := families[tt.name].GetMetric()
		i := slices.IndexFunc(m, func(m *dto.Metric) bool { return labels(m) == tt.labels })
		if i < 0 {
			t.Errorf("%s = %v, want one with labels %q", tt.name, m, tt.labels)
			continue
		}
		if got := m[i].GetCounter().GetValue() + m[i].GetGauge().GetValue(); got != tt.want {
			t.Errorf("%s = %v, want %v", tt.name, got, tt.want)
		}
	}
	if got, want := len(families), len(histograms)+len(values); got != want {
		t.Errorf("%d metrics, want %d", got, want)
	}
}

// compare checks a scraped histogram bucket by bucket.
func compare(t *testing.T, name string, got *dto.Histogram, want measure.HistogramSnapshot) {
	t.Helper()
	if got.GetSchema() != 5 || got.GetZeroThreshold() != math.Exp2(-20) {
		t.Errorf("%s: schema %d, zero threshold %v, want 5, 2^-20", name, got.GetSchema(), got.GetZeroThreshold())
	}
	if got.GetSampleCount() != want.Count() || got.GetSampleSum() != want.SumSeconds() || got.GetZeroCount() != want.Underflow() {
		t.Errorf("%s: count, sum, zero = %d, %v, %d, want %d, %v, %d", name,
			got.GetSampleCount(), got.GetSampleSum(), got.GetZeroCount(), want.Count(), want.SumSeconds(), want.Underflow())
	}
	if b, w := buckets(got), maps.Collect(want.Buckets()); !maps.Equal(b, w) {
		t.Errorf("%s: buckets = %v, want %v", name, b, w)
	}
}

// The buckets are those that client_golang itself would have chosen.
func TestBucketsAreThoseOfPrometheus(t *testing.T) {
	_, reg := setup(t, measureprom.Config{})
	own := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:                            "own",
		Help:                            "What client_golang makes of the same durations.",
		NativeHistogramBucketFactor:     1.022, // schema 5
		NativeHistogramZeroThreshold:    measure.ZeroThreshold,
		NativeHistogramMaxBucketNumber:  0,
		NativeHistogramMaxZeroThreshold: measure.ZeroThreshold,
	})
	reg.MustRegister(own)
	var h measure.Histogram
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		d := time.Duration(math.Exp(math.Log(500) + r.Float64()*math.Log(8e9))) // 0.5 µs to 67 min
		h.Record(d)
		own.Observe(d.Seconds())
	}
	for i := range 12 { // and the boundaries that are whole nanoseconds
		d := time.Second << i
		h.Record(d)
		own.Observe(d.Seconds())
	}
	got := scrape(t, reg)["own"].GetMetric()[0].GetHistogram()
	want := h.Snapshot()
	if got.GetZeroCount() != want.Underflow() || !maps.Equal(buckets(got), maps.Collect(want.Buckets())) {
		t.Errorf("client_golang has %d and %v, measure %d and %v", got.GetZeroCount(), buckets(got),
			want.Underflow(), maps.Collect(want.Buckets()))
	}
}

func TestScrapeOfNothing(t *testing.T) {
	_, reg := setup(t, measureprom.Config{})
	families := scrape(t, reg)
	if len(families) != 1 || families["http_requests_in_flight"] == nil {
		t.Errorf("metrics = %v, want the gauge alone", families)
	}
}

func TestTextScrape(t *testing.T) {
	rec, reg := setup(t, measureprom.Config{Namespace: "shop", ConstLabels: prometheus.Labels{"zone": "eu"}})
	exercise(t, rec)
	prometrictest.WantLines(t, prometrictest.Text(t, reg),
		`shop_http_request_duration_seconds_count{class="2xx",method="GET",route="/api/orders/{id}",zone="eu"} 20`)
}

func TestNewRefuses(t *testing.T) {
	rec, err := measure.New(measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		cfg  measureprom.Config
		want []string
	}{
		{measureprom.Config{Namespace: "my shop"}, []string{`Config.Namespace is "my shop"`}},
		{
			measureprom.Config{Namespace: "é", ConstLabels: prometheus.Labels{"route": "x", "a-b": "y"}},
			[]string{`Config.Namespace is "é"`, `Config.ConstLabels has "a-b"`, `Config.ConstLabels has "route"`},
		},
	}
	for _, tt := range tests {
		_, err := measureprom.New(rec, tt.cfg)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("New(%+v) = %v, want it to say %s", tt.cfg, err, want)
			}
		}
	}
	if _, err := measureprom.New(nil, measureprom.Config{}); err == nil {
		t.Error("New(nil) = nil, want an error")
	}
}
