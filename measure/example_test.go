package measure_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/hone-go/hone/measure"
)

func ExampleNew() {
	_, err := measure.New(measure.Config{MaxSeries: -5})
	fmt.Println(err)
	// Output:
	// measure: Config.MaxSeries is -5, want 1 to 65536
}

func ExampleRecorder_Handler() {
	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "order "+r.PathValue("id"))
	})
	service := rec.Handler(mux)

	for _, path := range []string{"/api/orders/1", "/api/orders/2", "/favicon.ico"} {
		service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, http.NoBody))
	}
	for _, s := range rec.Snapshot().Series {
		fmt.Println(s.Method, s.Route, s.Class, s.Total.Count, "requests,", s.Total.Bytes, "bytes")
	}
	// Output:
	// GET /api/orders/{id} 2xx 2 requests, 14 bytes
	// GET unmatched 4xx 1 requests, 19 bytes
}

func ExampleRecorder_Do() {
	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = rec.Do(context.Background(), "nightly invoices", func(context.Context) error {
		return nil // the job
	})
	s := rec.Snapshot().Series[0]
	fmt.Println(s.Method, s.Route, s.Class, s.Total.Count, err)
	// Output:
	// job nightly invoices 2xx 1 <nil>
}

func ExampleRecorder_Begin() {
	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	op := rec.Begin(context.Background(), measure.Operation{Method: "POST", Route: "/rpc/checkout"})
	checkout(op.Context())
	op.End(http.StatusCreated)
	s := rec.Snapshot()
	fmt.Println(s.Series[0].Route, s.Series[0].Class, "called", s.Spans[0].Name, s.Spans[0].Total.Count, "time")
	// Output:
	// /rpc/checkout 2xx called stripe 1 time
}

func checkout(ctx context.Context) {
	defer measure.Span(ctx, "stripe").End()
	// … the call to Stripe
}

func ExampleSpan() {
	charge := func(ctx context.Context) {
		defer measure.Span(ctx, "stripe").End()
		// … the call to Stripe
	}
	charge(context.Background()) // does nothing more outside a request

	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = rec.Do(context.Background(), "renewals", func(ctx context.Context) error {
		charge(ctx)
		charge(ctx)
		return nil
	})
	for _, s := range rec.Snapshot().Spans {
		fmt.Println(s.Name, s.Total.Count)
	}
	// Output:
	// stripe 2
}

func ExampleHistogramSnapshot_Merge() {
	var one, other measure.Histogram // two processes
	for range 90 {
		one.Record(1e6) // 1 ms
	}
	for range 10 {
		other.Record(1e9) // 1 s
	}
	both := one.Snapshot().Merge(other.Snapshot())
	fmt.Println(both.Count(), both.Reliable(), both.Quantile(0.9).Milliseconds(), both.Max())
	// Output:
	// 100 true 1 1s
}

func ExampleMatched() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/orders", func(http.ResponseWriter, *http.Request) {})
	withUser := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			type user struct{}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), user{}, "ann")))
		})
	}
	rec, err := measure.New(measure.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	service := rec.Handler(withUser(measure.Matched(mux)))
	service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/orders", http.NoBody))
	fmt.Println(rec.Snapshot().Series[0].Route)
	// Output:
	// /api/orders
}
