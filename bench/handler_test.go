package bench_test

import (
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/hone-go/hone/measure"
)

// discard is the cheapest response writer, so that what is measured is the
// middleware.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

var body = []byte(`{"ok":true}`)

func answer(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }

const pattern = "GET /api/orders/{id}"

// handlers returns the same one-route service bare and instrumented: duration
// and requests in flight, by route, method and status.
func handlers(tb testing.TB) map[string]http.Handler {
	mux := func(h http.Handler) http.Handler {
		m := http.NewServeMux()
		m.Handle(pattern, h)
		return m
	}
	recorder, err := measure.New(measure.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	prom := func(opts prometheus.HistogramOpts) http.Handler {
		opts.Name = "http_request_duration_seconds"
		vec := prometheus.NewHistogramVec(opts, []string{"route", "method", "code"})
		gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"})
		route := vec.MustCurryWith(prometheus.Labels{"route": "/api/orders/{id}"})
		return mux(promhttp.InstrumentHandlerInFlight(gauge,
			promhttp.InstrumentHandlerDuration(route, http.HandlerFunc(answer))))
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	return map[string]http.Handler{
		"bare":            mux(http.HandlerFunc(answer)),
		"hone":            recorder.Handler(mux(http.HandlerFunc(answer))),
		"promhttp":        prom(prometheus.HistogramOpts{}),
		"promhttp-native": prom(prometheus.HistogramOpts{NativeHistogramBucketFactor: 1.022}),
		"otelhttp":        otelhttp.NewHandler(mux(http.HandlerFunc(answer)), "server", otelhttp.WithMeterProvider(meters)),
	}
}

func BenchmarkHandler(b *testing.B) {
	r, err := http.NewRequest(http.MethodGet, "http://shop.test/api/orders/17", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("goroutines=1", func(b *testing.B) {
		for name, h := range handlers(b) {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				w := &discard{header: http.Header{}}
				for b.Loop() {
					h.ServeHTTP(w, r)
				}
			})
		}
	})
	b.Run("goroutines=16", func(b *testing.B) {
		for name, h := range handlers(b) {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(8)
				b.RunParallel(func(pb *testing.PB) {
					w := &discard{header: http.Header{}}
					own := r.Clone(r.Context()) // ServeMux writes to the request
					for pb.Next() {
						h.ServeHTTP(w, own)
					}
				})
			})
		}
	})
}
