package load_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

func get(url string) load.Target { return load.Target{Method: "GET", URL: url} }

// A staller answers at once, one request at a time, but for one second from
// the first request that arrives 1 s or more after it was made.
type staller struct {
	from time.Time
	turn chan struct{} // holds one token; unlike a mutex it lets a bubble's time pass
	done bool
}

func newStaller() *staller {
	return &staller{from: time.Now(), turn: make(chan struct{}, 1)}
}

func (s *staller) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if !s.done && time.Since(s.from) >= time.Second {
		s.done = true
		time.Sleep(time.Second)
	}
	w.WriteHeader(http.StatusNoContent)
}

// A server stalls for the second of three seconds. Of 300 requests the 100 due
// in that second must be charged with what remained of it when they were due,
// whether they were sent at once, waited for a connection, or waited for a
// worker.
func TestRequestsDueInAStallAreChargedForIt(t *testing.T) {
	tests := []struct {
		name                 string
		workers, connections int
	}{
		{name: "unbounded"},
		{name: "one connection", connections: 1},
		{name: "one worker", workers: 1},
		{name: "four workers on two connections", workers: 4, connections: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startPipeServer(t, newStaller())
				got, err := load.Run(t.Context(), load.Config{
					Targets: []load.Target{get("http://shop/")}, Rate: 100, For: 3 * time.Second,
					MaxWorkers: tt.workers, Connections: tt.connections, Dial: s.Dial,
				})
				if err != nil {
					t.Fatal(err)
				}
				l := got.Total.Latency
				// The waits are 1000, 990, …, 10 ms, and 0 for the other 200.
				for _, c := range []struct {
					name      string
					got, want time.Duration
				}{
					{"P50", l.P50, 0},
					{"P95", l.P95, 860 * time.Millisecond},
					{"P99", l.P99, 980 * time.Millisecond},
					{"Max", l.Max, time.Second},
					{"Mean", l.Mean, 50500 * time.Millisecond / 300},
				} {
					if !near(c.got, c.want) {
						t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
					}
				}
				if got.Total.Count != 300 || got.Total.Failed != 0 {
					t.Errorf("count, failed = %d, %d, want 300, 0", got.Total.Count, got.Total.Failed)
				}
				if !got.KeptUp || math.Abs(got.Achieved-100) > 0.1 {
					t.Errorf("kept up, achieved = %v, %v, want true, 100", got.KeptUp, got.Achieved)
				}
			})
		})
	}
}

// The figure that a generator gives which counts from when a worker sends: one
// slow request in 300. It is what this package exists not to print.
func TestNaiveFigureHidesTheStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startPipeServer(t, newStaller())
		tr := &http.Transport{DialContext: s.Dial}
		defer tr.CloseIdleConnections()
		attacker := vegeta.NewAttacker(vegeta.Client(&http.Client{Transport: tr}), vegeta.MaxWorkers(1))
		targeter := vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: "http://shop/"})
		slow := 0
		for r := range attacker.Attack(targeter, vegeta.Rate{Freq: 100, Per: time.Second}, 3*time.Second, "") {
			if r.Latency > 10*time.Millisecond {
				slow++
			}
		}
		if slow != 1 {
			t.Errorf("requests that the naive figure shows above 10ms = %d, want 1", slow)
		}
	})
}

// near allows for the width of a histogram's bucket.
func near(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 0.0125*float64(want)+float64(100*time.Microsecond)
}

func TestFailuresAreCountedByKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
		mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
		mux.HandleFunc("GET /down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
		mux.HandleFunc("GET /slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		mux.HandleFunc("GET /drip", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		mux.HandleFunc("GET /cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		s := startPipeServer(t, mux)
		tests := []struct {
			path   string
			failed int
			kinds  map[load.Kind]int
			codes  map[int]int
			bytes  int64
			max    time.Duration
		}{
			{path: "/ok", codes: map[int]int{200: 10}, bytes: 10000},
			{path: "/moved", codes: map[int]int{302: 10}, bytes: 10 * int64(len("<a href=\"/ok\">Found</a>.\n\n"))},
			{path: "/none", failed: 10, kinds: map[load.Kind]int{"4xx": 10}, codes: map[int]int{404: 10}, bytes: 10 * int64(len("404 page not found\n"))},
			{path: "/down", failed: 10, kinds: map[load.Kind]int{"5xx": 10}, codes: map[int]int{503: 10}},
			{path: "/slow", failed: 10, kinds: map[load.Kind]int{load.KindTimeout: 10}, max: 2 * time.Second},
			{path: "/drip", failed: 10, kinds: map[load.Kind]int{load.KindTimeout: 10}, codes: map[int]int{200: 10}, max: 2 * time.Second},
			{path: "/cut", failed: 10, kinds: map[load.Kind]int{load.KindClosed: 10}, codes: map[int]int{200: 10}, bytes: 100},
		}
		for _, tt := range tests {
			got, err := load.Run(t.Context(), load.Config{
				Targets: []load.Target{get("http://shop" + tt.path)},
				Rate:    10, For: time.Second, Timeout: 2 * time.Second, Dial: s.Dial,
			})
			if err != nil {
				t.Fatalf("Run(%s): %v", tt.path, err)
			}
			r := got.Routes[0]
			if r.Count != 10 || r.Failed != tt.failed || !maps.Equal(r.Kinds, tt.kinds) || !maps.Equal(r.Codes, tt.codes) {
				t.Errorf("Run(%s) = %d requests, %d failed, kinds %v, codes %v, want 10, %d, %v, %v",
					tt.path, r.Count, r.Failed, r.Kinds, r.Codes, tt.failed, tt.kinds, tt.codes)
			}
			if r.Bytes != tt.bytes {
				t.Errorf("Run(%s).Bytes = %d, want %d", tt.path, r.Bytes, tt.bytes)
			}
			if !near(r.Latency.Max, tt.max) {
				t.Errorf("Run(%s).Max = %v, want %v", tt.path, r.Latency.Max, tt.max)
			}
		}
	})
}

// One worker against a service that never answers: ten requests are due, each
// times out after 1 s, and the run ends. What was never sent is a failure that
// waited as long as the run took.
func TestRequestsThatNoWorkerCouldSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startPipeServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		began := time.Now()
		got, err := load.Run(t.Context(), load.Config{
			Targets: []load.Target{get("http://shop/")}, Rate: 10, For: time.Second,
			Timeout: 1500 * time.Millisecond, MaxWorkers: 1, Dial: s.Dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("Run took %v, want at most For + 2 × Timeout = 4s", took)
		}
		r := got.Total
		if r.Count != 10 || r.Failed != 10 {
			t.Errorf("count, failed = %d, %d, want 10, 10", r.Count, r.Failed)
		}
		if r.Kinds[load.KindTimeout] != 2 || r.Kinds[load.KindNotSent] != 8 {
			t.Errorf("kinds = %v, want 2 timeouts and 8 not sent", r.Kinds)
		}
		if got.KeptUp || !got.Saturated {
			t.Errorf("kept up, saturated = %v, %v, want false, true", got.KeptUp, got.Saturated)
		}
		if r.Latency.P50 < 2*time.Second {
			t.Errorf("P50 = %v, want the wait of those not sent, above 2s", r.Latency.P50)
		}
	})
}

func TestCancelBreaksOffWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := startPipeServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if time.Since(began) >= 500*time.Millisecond {
				<-r.Context().Done()
			}
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 990*time.Millisecond)
		defer cancel()
		got, err := load.Run(ctx, load.Config{
			Targets: []load.Target{get("http://shop/")}, Rate: 100, For: time.Hour, Dial: s.Dial,
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run returned %v, want an error that is context.DeadlineExceeded", err)
		}
		if took := time.Since(began); took != 990*time.Millisecond {
			t.Errorf("Run took %v, want to end with its context after 990ms", took)
		}
		if !got.Interrupted || got.Total.Count != 50 || got.Total.Failed != 0 || got.Unfinished < 48 || got.Unfinished > 50 {
			t.Errorf("interrupted, count, failed, unfinished = %v, %d, %d, %d, want true, 50, 0, about 49",
				got.Interrupted, got.Total.Count, got.Total.Failed, got.Unfinished)
		}
	})
}

func TestCancelWhileWaitingForTheNextRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startPipeServer(t, http.NotFoundHandler())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		began := time.Now()
		_, err := load.Run(ctx, load.Config{
			Targets: []load.Target{get("http://shop/")}, Rate: 0.01, For: time.Hour, Dial: s.Dial,
		})
		if took := time.Since(began); took != 3*time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("Run took %v and returned %v, want 3s and context.Canceled", took, err)
		}
	})
}

func TestWarmupIsSentAndNotMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, served := time.Now(), 0
		var mu sync.Mutex
		s := startPipeServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			served++
			mu.Unlock()
			if time.Since(began) < time.Second {
				time.Sleep(50 * time.Millisecond) // a cold cache
			}
		}))
		var last load.Progress
		got, err := load.Run(t.Context(), load.Config{
			Targets: []load.Target{get("http://shop/")}, Rate: 20, For: 2 * time.Second, Warmup: time.Second,
			Dial: s.Dial, OnProgress: func(p load.Progress) { last = p },
		})
		if err != nil {
			t.Fatal(err)
		}
		if served != 60 || got.Total.Count != 40 {
			t.Errorf("served, counted = %d, %d, want 60, 40", served, got.Total.Count)
		}
		if got.Total.Latency.Max > time.Millisecond {
			t.Errorf("Max = %v, want 0: the slow requests were the warm-up's", got.Total.Latency.Max)
		}
		if got.Total.Latency.Reliable {
			t.Error("Reliable = true with 40 requests, want false")
		}
		want := load.Progress{Elapsed: last.Elapsed, Planned: 3 * time.Second, Answered: 60}
		if last != want {
			t.Errorf("last progress = %+v, want %+v", last, want)
		}
	})
}

// What reaches the service is what was asked for and nothing of the
// generator's own.
func TestRequestAsSent(t *testing.T) {
	tests := []struct {
		name   string
		target load.Target
		header http.Header
		want   string
	}{
		{
			name:   "plain",
			target: get("http://shop/a?b=c#d"),
			want:   "GET /a?b=c shop map[User-Agent:[hone-load]] ",
		},
		{
			name:   "JSON body",
			target: load.Target{Method: "POST", URL: "http://shop/", Body: []byte(`{"id": {7..7}}`)},
			want:   `POST / shop map[Content-Length:[9] Content-Type:[application/json] User-Agent:[hone-load]] {"id": 7}`,
		},
		{
			name:   "other body",
			target: load.Target{Method: "PUT", URL: "http://shop/", Body: []byte("a=1")},
			want:   "PUT / shop map[Content-Length:[3] User-Agent:[hone-load]] a=1",
		},
		{
			name:   "credentials in the URL",
			target: get("http://ann:secret@shop/"),
			want:   "GET / shop map[Authorization:[Basic YW5uOnNlY3JldA==] User-Agent:[hone-load]] ",
		},
		{
			name:   "headers",
			target: get("http://shop/"),
			header: http.Header{"Host": {"other"}, "User-Agent": {"mine"}, "X-A": {"1", "2"}},
			want:   "GET / other map[User-Agent:[mine] X-A:[1 2]] ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got string
				s := startPipeServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					var b strings.Builder
					_, _ = fmt.Fprint(&b, r.Method, " ", r.RequestURI, " ", r.Host, " ", r.Header, " ")
					_, _ = io.Copy(&b, r.Body)
					got = b.String()
				}))
				_, err := load.Run(t.Context(), load.Config{
					Targets: []load.Target{tt.target}, Rate: 1, For: time.Second, Header: tt.header, Dial: s.Dial,
				})
				if err != nil {
					t.Fatal(err)
				}
				if got != tt.want {
					t.Errorf("the service saw\n%s, want\n%s", got, tt.want)
				}
			})
		})
	}
}
