package measureprom_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hone-go/hone/measure"
	"github.com/hone-go/hone/measure/measureprom"
	"github.com/prometheus/client_golang/prometheus"
)

func ExampleNew() {
	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	collector, err := measureprom.New(rec, measureprom.Config{Namespace: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector) // and serve it with promhttp

	rec.Begin(context.Background(), measure.Operation{Method: "GET", Route: "/"}).End(http.StatusOK)
	families, err := registry.Gather()
	fmt.Println(families[0].GetName(), families[0].GetMetric()[0].GetHistogram().GetSampleCount(), err)
	// Output:
	// shop_http_request_duration_seconds 1 <nil>
}
