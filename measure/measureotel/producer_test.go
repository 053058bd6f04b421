package measureotel_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/measure/measureotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func newRecorder(t *testing.T) *measure.Recorder {
	t.Helper()
	rec, err := measure.New(measure.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// collect reads rec as a service would: through a reader of the SDK.
func collect(t *testing.T, rec *measure.Recorder, cfg measureotel.Config) map[string]metricdata.Metrics {
	t.Helper()
	p, err := measureotel.New(rec, cfg)
	if err != nil {
		t.Fatal(err)
	}
	reader := sdk.NewManualReader(sdk.WithProducer(p))
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &rm); err != nil {
		t.Fatal(err)
	}
	out := map[string]metricdata.Metrics{}
	for _, scope := range rm.ScopeMetrics {
		if scope.Scope.Name != measureotel.Scope {
			t.Errorf("scope = %q, want %q", scope.Scope.Name, measureotel.Scope)
		}
		for _, m := range scope.Metrics {
			out[m.Name] = m
		}
	}
	return out
}

// exercise records something of everything.
func exercise(t *testing.T, rec *measure.Recorder) {
	t.Helper()
	h := rec.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "/api/orders/{id}"
		l := ledger.From(r.Context())
		l.StatementStart(l.Start())
		l.StatementEnd(l.Start().Add(time.Second), 7, false)
		l.AddWait(500 * time.Millisecond)
		measure.Span(r.Context(), "stripe").End()
		_, _ = io.WriteString(w, "12345")
	}))
	for range 20 {
		r := httptest.NewRequest("BREW", "/api/orders/1", http.NoBody)
		r.Header.Set("X-Request-Start", fmt.Sprintf("t=%d", time.Now().Add(-time.Minute).UnixMilli()))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	_ = rec.Do(t.Context(), "nightly", func(context.Context) error { return nil })
	rec.Begin(t.Context(), measure.Operation{Method: "GET", Route: "/"}) // still under way
}

// buckets undoes the offset, numbering buckets by their upper boundary.
func buckets(p metricdata.ExponentialHistogramDataPoint[float64]) map[int]uint64 {
	out := map[int]uint64{}
	for i, n := range p.PositiveBucket.Counts {
		if n > 0 {
			out[int(p.PositiveBucket.Offset)+i+1] = n
		}
	}
	return out
}

func TestExportIsLossless(t *testing.T) {
	rec := newRecorder(t)
	exercise(t, rec)
	got := collect(t, rec, measureotel.Config{})
	snap := rec.Snapshot()
	request, job := snap.Series[0], snap.Series[1]
	series := attribute.NewSet(
		attribute.String("http.route", "/api/orders/{id}"),
		attribute.String("http.request.method", "_OTHER"),
		attribute.String("hone.status_class", "2xx"),
	)
	jobSeries := attribute.NewSet(attribute.String("hone.job", "nightly"), attribute.String("hone.status_class", "2xx"))
	histograms := []struct {
		name string
		set  attribute.Set
		want measure.HistogramSnapshot
	}{
		{"http.server.request.duration", series, request.Total.Histogram},
		{"hone.http.queue.duration", series, request.Total.Queue.Histogram},
		{"hone.job.duration", jobSeries, job.Total.Histogram},
		{"hone.external_call.duration", attribute.NewSet(attribute.String("hone.external_call", "stripe")), snap.Spans[0].Total.Histogram},
	}
	for _, tt := range histograms {
		h, ok := got[tt.name].Data.(metricdata.ExponentialHistogram[float64])
		if !ok || len(h.DataPoints) != 1 || h.Temporality != metricdata.CumulativeTemporality || got[tt.name].Unit != "s" {
			t.Errorf("%s = %+v, want one cumulative histogram in seconds", tt.name, got[tt.name])
			continue
		}
		p := h.DataPoints[0]
		if !p.Attributes.Equals(&tt.set) {
			t.Errorf("%s: attributes = %v, want %v", tt.name, p.Attributes.ToSlice(), tt.set.ToSlice())
		}
		if !p.StartTime.Equal(snap.Start) || p.Time.Before(snap.Start) {
			t.Errorf("%s: from %v to %v, want from %v", tt.name, p.StartTime, p.Time, snap.Start)
		}
		compare(t, tt.name, p, tt.want)
	}
	integers := map[string]int64{
		"http.server.active_requests": 1, "hone.http.response.body.size": 100,
		"hone.sql.statements": 20, "hone.sql.rows": 140,
	}
	for name, want := range integers {
		s, ok := got[name].Data.(metricdata.Sum[int64])
		if !ok || s.IsMonotonic != (name != "http.server.active_requests") || s.DataPoints[0].Value != want {
			t.Errorf("%s = %+v, want the sum %d", name, got[name].Data, want)
		}
	}
	floats := map[string]float64{"hone.sql.time": 20, "hone.sql.wait": 10}
	for name, want := range floats {
		s, ok := got[name].Data.(metricdata.Sum[float64])
		if !ok || !s.IsMonotonic || s.DataPoints[0].Value != want || got[name].Unit != "s" {
			t.Errorf("%s = %+v, want the sum %v", name, got[name].Data, want)
		}
	}
	if want := len(histograms) + len(integers) + len(floats); len(got) != want {
		t.Errorf("%d metrics %v, want %d", len(got), slices.Sorted(maps.Keys(got)), want)
	}
}

// compare checks an exported histogram bucket by bucket.
func compare(t *testing.T, name string, got metricdata.ExponentialHistogramDataPoint[float64], want measure.HistogramSnapshot) {
	t.Helper()
	if got.Scale != 5 || got.ZeroThreshold != math.Exp2(-20) {
		t.Errorf("%s: scale %d, zero threshold %v, want 5, 2^-20", name, got.Scale, got.ZeroThreshold)
	}
	if got.Count != want.Count() || got.Sum != want.SumSeconds() || got.ZeroCount != want.Underflow() {
		t.Errorf("%s: count, sum, zero = %d, %v, %d, want %d, %v, %d", name,
			got.Count, got.Sum, got.ZeroCount, want.Count(), want.SumSeconds(), want.Underflow())
	}
	if longest, ok := got.Max.Value(); !ok || longest != want.Max().Seconds() {
		t.Errorf("%s: max = %v, %t, want %v", name, longest, ok, want.Max().Seconds())
	}
	if b, w := buckets(got), maps.Collect(want.Buckets()); !maps.Equal(b, w) {
		t.Errorf("%s: buckets = %v, want %v", name, b, w)
	}
}

// The buckets are those that the SDK itself would have chosen.
func TestBucketsAreThoseOfTheSDK(t *testing.T) {
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithView(sdk.NewView(
		sdk.Instrument{Name: "own"},
		sdk.Stream{Aggregation: sdk.AggregationBase2ExponentialHistogram{MaxSize: 2000, MaxScale: measure.Scale}},
	)))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	own, err := provider.Meter("test").Float64Histogram("own", metric.WithUnit("s"))
	if err != nil {
		t.Fatal(err)
	}
	var h measure.Histogram
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		d := time.Duration(math.Exp(math.Log(1000) + r.Float64()*math.Log(4e9))) // 1 µs to 67 min
		h.Record(d)
		own.Record(t.Context(), d.Seconds())
	}
	for i := range 12 { // and the boundaries that are whole nanoseconds
		d := time.Second << i
		h.Record(d)
		own.Record(t.Context(), d.Seconds())
	}
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &rm); err != nil {
		t.Fatal(err)
	}
	got := rm.ScopeMetrics[0].Metrics[0].Data.(metricdata.ExponentialHistogram[float64]).DataPoints[0]
	if b, w := buckets(got), maps.Collect(h.Snapshot().Buckets()); got.Scale != measure.Scale || !maps.Equal(b, w) {
		t.Errorf("the SDK has scale %d and %v, measure %d and %v", got.Scale, b, measure.Scale, w)
	}
}

func TestExportOfNothing(t *testing.T) {
	got := collect(t, newRecorder(t), measureotel.Config{})
	if len(got) != 1 || got["http.server.active_requests"].Data == nil {
		t.Errorf("metrics = %v, want the active requests alone", got)
	}
}

func TestConfigAttributes(t *testing.T) {
	rec := newRecorder(t)
	exercise(t, rec)
	common := []attribute.KeyValue{attribute.String("zone", "eu"), attribute.String("http.route", "mine")}
	got := collect(t, rec, measureotel.Config{Attributes: common})
	p := got["http.server.request.duration"].Data.(metricdata.ExponentialHistogram[float64]).DataPoints[0]
	if v, _ := p.Attributes.Value("zone"); v.AsString() != "eu" {
		t.Errorf("attributes = %v, want zone=eu among them", p.Attributes.ToSlice())
	}
	if v, _ := p.Attributes.Value("http.route"); v.AsString() != "/api/orders/{id}" {
		t.Errorf("attributes = %v, want the producer's own http.route", p.Attributes.ToSlice())
	}
}

func TestNewRefusesNil(t *testing.T) {
	if _, err := measureotel.New(nil, measureotel.Config{}); err == nil {
		t.Error("New(nil) = nil, want an error")
	}
}
