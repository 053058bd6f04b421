package bench_test

import (
	"database/sql"
	"testing"

	"github.com/XSAM/otelsql"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// BenchmarkStatement measures hone beside otelsql, which records its metrics
// with a real meter provider; "otelsql-spans" also makes spans.
func BenchmarkStatement(b *testing.B) {
	requests(b, func(tb testing.TB) map[string]*sql.DB {
		meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
		peers := map[string]*sql.DB{
			"otelsql": otelsql.OpenDB(fakeConnector{}, otelsql.WithMeterProvider(meters)),
			"otelsql-spans": otelsql.OpenDB(fakeConnector{}, otelsql.WithMeterProvider(meters),
				otelsql.WithTracerProvider(sdktrace.NewTracerProvider())),
		}
		all := fakeDatabases(tb)
		for name, db := range peers {
			tb.Cleanup(func() { _ = db.Close() })
			all[name] = db
		}
		return all
	})
}
