package measureotel

import (
	"slices"

	"github.com/hone-go/hone/measure"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// An export gathers the data points of a snapshot by metric.
type export struct {
	snapshot measure.Snapshot

	duration, queue, job, call      []metricdata.ExponentialHistogramDataPoint[float64]
	active, bytes, statements, rows []metricdata.DataPoint[int64]
	sqlTime, sqlWait                []metricdata.DataPoint[float64]
}

func (e *export) metrics() []metricdata.Metrics {
	all := []metricdata.Metrics{
		histograms("http.server.request.duration", "Duration of HTTP server requests.", e.duration),
		sum("http.server.active_requests", "{request}", "Number of active HTTP server requests.", e.active, false),
		histograms("hone.http.queue.duration",
			"Time that requests waited before they reached the service, by X-Request-Start.", e.queue),
		sum("hone.http.response.body.size", "By", "Bytes of response bodies.", e.bytes, true),
		histograms("hone.job.duration", "Duration of jobs.", e.job),
		sum("hone.sql.statements", "{statement}", "SQL statements of requests and jobs.", e.statements, true),
		sum("hone.sql.rows", "{row}", "Rows that SQL statements returned or affected.", e.rows, true),
		sum("hone.sql.time", "s",
			"Time during which requests and jobs had at least one SQL statement under way.", e.sqlTime, true),
		sum("hone.sql.wait", "s", "Time that requests and jobs waited for pooled connections.", e.sqlWait, true),
		histograms("hone.external_call.duration", "Duration of calls to other services.", e.call),
	}
	// The SDK expects no metric without data points.
	return slices.DeleteFunc(all, func(m metricdata.Metrics) bool { return m.Data == nil })
}

func histograms(name, description string, points []metricdata.ExponentialHistogramDataPoint[float64]) metricdata.Metrics {
	m := metricdata.Metrics{Name: name, Description: description, Unit: "s"}
	if len(points) > 0 {
		m.Data = metricdata.ExponentialHistogram[float64]{
			DataPoints: points, Temporality: metricdata.CumulativeTemporality,
		}
	}
	return m
}

func sum[N int64 | float64](name, unit, description string, points []metricdata.DataPoint[N], monotonic bool) metricdata.Metrics {
	m := metricdata.Metrics{Name: name, Description: description, Unit: unit}
	if len(points) > 0 {
		m.Data = metricdata.Sum[N]{
			DataPoints: points, Temporality: metricdata.CumulativeTemporality, IsMonotonic: monotonic,
		}
	}
	return m
}

func point[N int64 | float64](s measure.Snapshot, set attribute.Set, v N) metricdata.DataPoint[N] {
	return metricdata.DataPoint[N]{Attributes: set, StartTime: s.Start, Time: s.Taken, Value: v}
}

// histogram translates bucket for bucket.
func (e *export) histogram(set attribute.Set, h measure.HistogramSnapshot) metricdata.ExponentialHistogramDataPoint[float64] {
	p := metricdata.ExponentialHistogramDataPoint[float64]{
		Attributes:    set,
		StartTime:     e.snapshot.Start,
		Time:          e.snapshot.Taken,
		Count:         h.Count(),
		Sum:           h.SumSeconds(),
		Scale:         measure.Scale,
		ZeroCount:     h.Underflow(),
		ZeroThreshold: measure.ZeroThreshold,
	}
	if h.Count() > 0 {
		p.Max = metricdata.NewExtrema(h.Max().Seconds())
	}
	first := true
	for k, n := range h.Buckets() {
		// OpenTelemetry numbers a bucket by its lower boundary.
		index := int32(k - 1)
		if first {
			p.PositiveBucket.Offset = index
			first = false
		}
		counts := p.PositiveBucket.Counts
		for p.PositiveBucket.Offset+int32(len(counts)) < index {
			counts = append(counts, 0)
		}
		p.PositiveBucket.Counts = append(counts, n)
	}
	return p
}
