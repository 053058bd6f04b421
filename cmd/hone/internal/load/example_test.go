package load_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

func ExampleRun() {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "oak")
	}))
	defer shop.Close()
	orders, err := load.ParseTarget("3*GET "+shop.URL+"/api/orders/{1..1000}", os.ReadFile)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := load.Run(context.Background(), load.Config{
		Targets: []load.Target{orders},
		Rate:    200,
		For:     500 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Routes[0].Name, result.Total.Count, result.Total.Failed)
	// Output: GET /api/orders/{1..1000} 100 0
}

// A service that fails every request meets no objective at any rate.
func ExampleFindMax() {
	shop := httptest.NewServer(http.NotFoundHandler())
	defer shop.Close()
	found, err := load.FindMax(context.Background(), load.SearchConfig{
		Load:      load.Config{Targets: []load.Target{{Method: "GET", URL: shop.URL}}, Rate: 200, For: 50 * time.Millisecond},
		Objective: load.Objective{Percentile: 95, Limit: 100 * time.Millisecond},
	})
	fmt.Println(errors.Is(err, load.ErrNotMet), found.Steps[0].Verdict.Reason)
	// Output: true 100 % of requests failed, mostly: 4xx
}

func TestRunRefusesBadConfig(t *testing.T) {
	_, err := load.Run(t.Context(), load.Config{
		Rate: -1, Warmup: -1, Timeout: -1, Connections: -1, MaxWorkers: -1,
		Header: http.Header{"A B": {"c"}, "C": {"d\n"}},
	})
	want := `load: Config.Targets is empty, want at least one
load: Config.Rate is -1, want above 0 and at most 1000000 requests per second
load: Config.For is 0s, want > 0
load: Config.Warmup is -1ns, want ≥ 0
load: Config.Timeout is -1ns, want > 0
load: Config.Connections is -1, want ≥ 0
load: Config.MaxWorkers is -1, want > 0
`
	if err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
		t.Errorf("Run = %v, want first %s", err, want)
	}
}

func TestUnreachable(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, err := load.Run(t.Context(), load.Config{
		Targets: []load.Target{get(closed.URL)}, Rate: 1, For: time.Second,
	})
	var unreachable *load.UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Address != closed.Listener.Addr().String() {
		t.Errorf("Run = %v, want an UnreachableError for %s", err, closed.Listener.Addr())
	}
}

// No goroutine outlives a run, nor does a connection: an open one would keep two
// of the server's.
func TestNothingIsLeftRunning(t *testing.T) {
	for range 3 { // the first round starts what the standard library keeps
		shop := httptest.NewServer(http.NotFoundHandler())
		before := runtime.NumGoroutine()
		for range 3 {
			if _, err := load.Run(t.Context(), load.Config{
				Targets: []load.Target{get(shop.URL)}, Rate: 500, For: 100 * time.Millisecond,
			}); err != nil {
				t.Fatal(err)
			}
		}
		settled := false
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline) && !settled; {
			settled = runtime.NumGoroutine() <= before
			runtime.Gosched()
		}
		if !settled {
			t.Errorf("goroutines = %d, want at most %d as before the runs", runtime.NumGoroutine(), before)
		}
		shop.Close()
	}
}
