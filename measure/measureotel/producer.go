package measureotel

import (
	"context"
	"errors"
	"slices"

	"github.com/hone-go/hone/measure"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Scope is the name of the instrumentation scope that the metrics are under.
const Scope = "github.com/hone-go/hone/measure"

// Config holds what is optional about a [Producer]. Its zero value is ready.
type Config struct {
	// Attributes are put on every data point; the producer's own win over
	// them. Those that describe the service as a whole belong into the SDK's
	// resource instead. Default: none.
	Attributes []attribute.KeyValue
}

// A Producer gives all that a recorder measured since its start to a reader
// made with [metric.WithProducer]. Histograms and sums are cumulative:
//
//	http.server.request.duration   histogram  s
//	http.server.active_requests    sum        {request}
//	hone.http.queue.duration       histogram  s
//	hone.http.response.body.size   sum        By
//	hone.job.duration              histogram  s
//	hone.sql.statements            sum        {statement}
//	hone.sql.rows                  sum        {row}
//	hone.sql.time                  sum        s
//	hone.sql.wait                  sum        s
//	hone.external_call.duration    histogram  s
//
// What belongs to requests has the attributes http.route, http.request.method
// and hone.status_class; what belongs to jobs hone.job and hone.status_class;
// calls have hone.external_call. It is safe for concurrent use. Collecting
// costs one [measure.Recorder.Snapshot].
//
// [metric.WithProducer]: https://pkg.go.dev/go.opentelemetry.io/otel/sdk/metric#WithProducer
type Producer struct {
	rec        *measure.Recorder
	attributes []attribute.KeyValue
}

// New returns a Producer of rec. It fails if rec is nil.
func New(rec *measure.Recorder, cfg Config) (*Producer, error) {
	if rec == nil {
		return nil, errors.New("measureotel: the recorder is nil")
	}
	return &Producer{rec: rec, attributes: slices.Clone(cfg.Attributes)}, nil
}

// Produce returns what was measured until now. It never fails.
func (p *Producer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	s := p.rec.Snapshot()
	e := export{snapshot: s}
	none := p.set()
	e.active = append(e.active, point(s, none, s.InFlight))
	for _, x := range s.Series {
		t := x.Total
		var set attribute.Set
		if x.Method == measure.MethodJob {
			set = p.set(attribute.String("hone.job", x.Route), attribute.String("hone.status_class", x.Class))
			e.job = append(e.job, e.histogram(set, t.Histogram))
		} else {
			set = p.set(
				attribute.String("http.route", x.Route),
				attribute.String("http.request.method", methodName(x.Method)),
				attribute.String("hone.status_class", x.Class),
			)
			e.duration = append(e.duration, e.histogram(set, t.Histogram))
			e.bytes = append(e.bytes, point(s, set, t.Bytes))
		}
		if t.Queue != nil {
			e.queue = append(e.queue, e.histogram(set, t.Queue.Histogram))
		}
		e.statements = append(e.statements, point(s, set, t.Statements))
		e.rows = append(e.rows, point(s, set, t.Rows))
		e.sqlTime = append(e.sqlTime, point(s, set, t.SQLTime.Seconds()))
		e.sqlWait = append(e.sqlWait, point(s, set, t.SQLWait.Seconds()))
	}
	for _, x := range s.Spans {
		set := p.set(attribute.String("hone.external_call", x.Name))
		e.call = append(e.call, e.histogram(set, x.Total.Histogram))
	}
	return []metricdata.ScopeMetrics{{
		Scope:   instrumentation.Scope{Name: Scope},
		Metrics: e.metrics(),
	}}, nil
}

func (p *Producer) set(own ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(slices.Concat(p.attributes, own)...) // the last of a key wins
}

// methodName returns the method as the semantic conventions have it.
func methodName(method string) string {
	if method == measure.MethodOther {
		return "_OTHER"
	}
	return method
}
