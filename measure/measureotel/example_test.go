package measureotel_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/measure/measureotel"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func ExampleNew() {
	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	producer, err := measureotel.New(rec, measureotel.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	// A service gives the producer to a periodic reader with an OTLP exporter.
	reader := sdk.NewManualReader(sdk.WithProducer(producer))
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	defer func() { _ = provider.Shutdown(context.Background()) }()

	rec.Begin(context.Background(), measure.Operation{Method: "GET", Route: "/"}).End(http.StatusOK)
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &rm); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rm.ScopeMetrics[0].Metrics[0].Name)
	// Output:
	// http.server.request.duration
}
