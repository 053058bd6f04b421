package demo

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hone-go/hone/measure"
)

// A Loader runs hone load with these arguments in another process and returns
// what it wrote to its standard output, also with an error.
type Loader func(ctx context.Context, args ...string) ([]byte, error)

// loaded is what the demo reads of the JSON of hone load.
type loaded struct {
	KeptUp bool          `json:"kept_up"`
	Total  loadedRoute   `json:"total"`
	Routes []loadedRoute `json:"routes"` // in the order of the targets
}

type loadedRoute struct {
	Count    uint64  `json:"count"`
	Errors   uint64  `json:"errors"`
	P50      float64 `json:"p50_ms"`
	P95      float64 `json:"p95_ms"`
	P99      float64 `json:"p99_ms"`
	Reliable bool    `json:"reliable"`
}

// mix is what customers do all day: mostly look at orders. The heavy routes
// are rare, so that the order list is measured and not what stands in its way.
var mix = []struct {
	route  string // of the shop
	weight int
	target string // below the service's URL; {orders} is the number of orders
}{
	// A hundred pages are looked at again and again.
	{"GET /api/orders", 70, "/api/orders?before={100..199}"},
	{"GET /api/orders/{id}", 20, "/api/orders/{1..{orders}}"},
	{"GET /api/catalog", 4, "/api/catalog"},
	{"GET /search", 3, "/search?q=oak"},
	{"GET /{$}", 1, "/"},
	// Few products sell, and those are looked at again and again.
	{"GET /api/products/{id}/summary", 2, "/api/products/{1..5}/summary"},
}

// warmup is loaded before each stage and not measured: connections are opened
// and caches filled. Not longer: both are done in the first few requests.
const warmup = time.Second

// runStage loads the service and adds up what both sides saw.
func runStage(ctx context.Context, cfg Config, name string, s *service, load Loader, out Output) (Stage, error) {
	if _, err := load.send(ctx, s, cfg, min(warmup, cfg.For)); err != nil {
		return Stage{}, fmt.Errorf("demo: warming up %q: %w", name, err)
	}
	if err := s.measureAnew(); err != nil {
		return Stage{}, err
	}
	stop := showTime(ctx, out.Step("loading: "+name), cfg.For)
	cpu, before, asked := cpuTime(), poolSoFar(s.db.Stats()), s.cache.used()
	guessing, cancel := context.WithCancel(ctx)
	defer cancel()
	abuse := load.abuse(guessing, s, cfg)
	result, err := load.send(ctx, s, cfg, cfg.For)
	if err != nil {
		cancel() // nothing is to be waited for
	}
	guessed, abuseErr := abuse()
	cpu, after := cpuTime()-cpu, poolSoFar(s.db.Stats())
	stop()
	if err = cmp.Or(err, abuseErr); err != nil {
		return Stage{}, fmt.Errorf("demo: loading %q: %w", name, err)
	}
	stage := newStage(name, result, s.recorder.Snapshot(), s.hits.byRoute(), cpu)
	stage.pool, stage.Abuse = after.since(before), guessed
	if s.keeps {
		stage.cache = s.cache.used().since(asked)
		stage.storeless = s.cache.reach(ctx) != nil
	}
	return stage, nil
}

// A poolUse is what a pool of connections did in some time.
type poolUse struct {
	opened int64 // connections
	waits  int64 // for a connection, when as many as may be were in use
	waited time.Duration
}

// poolSoFar adds up what a pool has done. It has opened the connections that
// are open and those that it has closed; one that broke is not counted.
func poolSoFar(s sql.DBStats) poolUse {
	return poolUse{
		opened: int64(s.OpenConnections) + s.MaxIdleClosed + s.MaxIdleTimeClosed + s.MaxLifetimeClosed,
		waits:  s.WaitCount,
		waited: s.WaitDuration,
	}
}

func (u poolUse) since(before poolUse) poolUse {
	return poolUse{u.opened - before.opened, u.waits - before.waits, u.waited - before.waited}
}

// send sends the mix to the service.
func (l Loader) send(ctx context.Context, s *service, cfg Config, period time.Duration) (loaded, error) {
	args := []string{"--json", "--header", "Accept-Encoding: zstd, gzip, br", "--header", "X-API-Key: " + s.key, "--revalidate", "--rate", strconv.FormatFloat(cfg.Rate, 'f', -1, 64), "--for", period.String()}
	for _, m := range mix {
		target := strings.ReplaceAll(m.target, "{orders}", strconv.Itoa(cfg.Orders))
		args = append(args, "--target", fmt.Sprintf("%d*GET %s%s", m.weight, s.url, target))
	}
	var result loaded
	out, err := l(ctx, args...)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("reading the result of hone load: %w", err)
	}
	if len(result.Routes) != len(mix) {
		return result, fmt.Errorf("hone load reports %d routes, want %d", len(result.Routes), len(mix))
	}
	return result, nil
}

// showTime shows the progress of a step that takes that long.
func showTime(ctx context.Context, step Progress, total time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for began := time.Now(); ; {
			select {
			case now := <-tick.C:
				step.Time(min(now.Sub(began), total), total)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
		step.Done()
	}
}

func newStage(name string, result loaded, snapshot measure.Snapshot, hits map[string]int64, cpu time.Duration) Stage {
	total := cost{}
	byRoute := map[string]cost{}
	for _, series := range snapshot.Series {
		route := series.Method + " " + series.Route
		if !isLoaded(route) {
			continue // the abuser's
		}
		byRoute[route] = byRoute[route].plus(series.Total)
		total = total.plus(series.Total)
	}
	stage := Stage{
		Name:              name,
		Requests:          result.Total.Count,
		Errors:            result.Total.Errors,
		P50:               result.Total.P50,
		P95:               result.Total.P95,
		P99:               result.Total.P99,
		QueriesPerRequest: total.statementsPerRequest(),
		BytesPerRequest:   total.bytesPerRequest(),
		CPUPerRequest:     milliseconds(cpu) / float64(max(1, total.requests)),
		reliable:          result.Total.Reliable,
		keptUp:            result.KeptUp,
	}
	for i, r := range result.Routes { // in the order of the targets
		if r.Count == 0 {
			continue
		}
		c := byRoute[mix[i].route]
		stage.Routes = append(stage.Routes, Route{
			Route:             mix[i].route,
			Count:             r.Count,
			P50:               r.P50,
			P95:               r.P95,
			P99:               r.P99,
			QueriesPerRequest: c.statementsPerRequest(),
			BytesPerRequest:   c.bytesPerRequest(),
			HitsPerRequest:    float64(hits[mix[i].route]) / max(1, c.requests),
			rowsPerRequest:    c.rowsPerRequest(),
			reliable:          r.Reliable,
		})
	}
	return stage
}

// isLoaded reports whether a route is in the mix.
func isLoaded(route string) bool {
	for _, m := range mix {
		if m.route == route {
			return true
		}
	}
	return false
}

// A cost is what the service spent on some requests.
type cost struct {
	requests, statements, rows, bytes float64
}

func (c cost) plus(s measure.Stats) cost {
	return cost{
		c.requests + float64(s.Count), c.statements + float64(s.Statements), c.rows + float64(s.Rows), c.bytes + float64(s.Bytes),
	}
}

func (c cost) statementsPerRequest() float64 { return c.statements / max(1, c.requests) }
func (c cost) rowsPerRequest() float64       { return c.rows / max(1, c.requests) }
func (c cost) bytesPerRequest() float64      { return c.bytes / max(1, c.requests) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
