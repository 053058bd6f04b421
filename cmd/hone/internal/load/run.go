package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/hone-go/hone/measure"
)

// progressEvery is the time between two calls of Config.OnProgress. Not
// longer: a progress bar would stutter. Not shorter: nobody sees it.
const progressEvery = 100 * time.Millisecond

// minLate is how late the last request may start however short the run. Not
// smaller: a busy machine keeps a process waiting for tens of milliseconds now
// and then. Not larger: in a run of one second it is already 5 % of the rate.
const minLate = 50 * time.Millisecond

// Run sends the load that c describes and returns what it measured. It first
// opens one connection to each host and returns an [UnreachableError] if that
// fails. It returns when every request has been answered, has failed or was
// given up: at most two Timeouts after the end of the plan. Failed requests are
// part of the result, not an error.
//
// If ctx ends, requests under way are broken off and Run returns what was
// measured so far together with an error that matches [context.Canceled] or
// [context.DeadlineExceeded]. Nothing is left running after it returns.
//
// Redirects are not followed and bodies are not decompressed: each counts as
// what the service sent. A proxy in the environment is not used.
func Run(ctx context.Context, c Config) (Result, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return Result{}, err
	}
	recipes, names, err := compileAll(c.Targets)
	if err != nil {
		return Result{}, err
	}
	if err := probe(ctx, c, recipes); err != nil {
		return Result{}, err
	}
	base := c.transport()
	defer base.CloseIdleConnections()
	var sender http.RoundTripper = base
	if c.Revalidate {
		sender = newRevalidator(base)
	}
	r := &run{
		config:    c,
		mix:       newMix(recipes, c.Header, c.Seed),
		exchanges: newExchanges(sender, c.Timeout),
		total:     newRow("total"),
	}
	for _, name := range names {
		r.rows = append(r.rows, newRow(name))
	}
	return r.do(ctx)
}

func (c Config) transport() *http.Transport {
	return &http.Transport{
		DialContext:         c.Dial,
		MaxConnsPerHost:     c.Connections,
		MaxIdleConnsPerHost: c.MaxWorkers, // so that no connection is closed between two bursts
		DisableKeepAlives:   c.CloseConnections,
		DisableCompression:  true, // ask for what the user asked for and count the bytes sent
		ForceAttemptHTTP2:   true, // as browsers do; a custom DialContext switches it off otherwise
	}
}

// A run is one attack and the figures collected from it. Only the goroutine
// that called Run uses it, mix and exchanges excepted.
type run struct {
	config    Config
	mix       *mix
	exchanges *exchanges
	schedule  *schedule

	rows       []*row
	total      *row
	lag        measure.Histogram
	started    uint64    // requests sent, warm-up included
	measured   int       // requests sent, warm-up excluded
	lastStart  time.Time // of the requests measured
	lastEnd    time.Time
	answered   int // for Progress, warm-up included
	failed     int
	unfinished int
}

func (r *run) do(ctx context.Context) (Result, error) {
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{
			Transport:     r.exchanges,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		vegeta.MaxWorkers(uint64(r.config.MaxWorkers)),
		vegeta.MaxBody(0), // bodies are counted by exchanges and kept nowhere
	)
	targeter := func(t *vegeta.Target) error {
		r.mix.next(t)
		return nil
	}
	r.schedule = newSchedule(r.config, time.Now(), ctx.Done())
	// No duration: vegeta would drop the requests that are due but unsent at
	// its end, which are the slowest. The schedule ends the attack.
	results := attacker.Attack(targeter, r.schedule, 0, "")

	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	giveUp := time.NewTimer(r.config.Warmup + r.config.For + r.config.Timeout)
	defer giveUp.Stop()
	interrupted := ctx.Done()
	for {
		select {
		case res, ok := <-results:
			if !ok {
				return r.result(ctx)
			}
			if err := r.add(res); err != nil {
				attacker.Stop()
				r.exchanges.interrupt()
				for range results { // until every worker is gone
				}
				return Result{}, err
			}
		case <-tick.C:
			r.progress()
		case <-giveUp.C:
			attacker.Stop()
		case <-interrupted:
			interrupted = nil
			attacker.Stop()
			r.exchanges.interrupt()
		}
	}
}

// add counts one request. vegeta's Timestamp is when a worker took the request
// up and its Latency counts from there; their sum is the true end, and the
// latency to report is from when the request was due to that end.
func (r *run) add(res *vegeta.Result) error {
	e := r.exchanges.take(res.Seq)
	if e == nil {
		return errors.New("load: a request was not sent: " + res.Error)
	}
	due, measured := r.schedule.due(res.Seq), res.Seq >= r.schedule.warm
	r.started++
	if measured {
		r.measured++
		r.lag.Record(res.Timestamp.Sub(due))
		r.lastStart = later(r.lastStart, res.Timestamp)
	}
	if e.failed == kindInterrupted {
		r.unfinished++
		return nil
	}
	r.answered++
	if e.kind() != "" {
		r.failed++
	}
	if measured {
		r.count(e, due, res.End())
	}
	return nil
}

// count charges a request with the time from when it was due to its end.
func (r *run) count(e *exchange, due, end time.Time) {
	r.rows[e.route].add(end.Sub(due), e)
	r.total.add(end.Sub(due), e)
	r.lastEnd = later(r.lastEnd, end)
}

// countUnsent charges the requests that no worker was free to send with the
// time they have waited, the least they would have taken.
func (r *run) countUnsent(now time.Time) {
	var t vegeta.Target
	for n := r.started; n < r.schedule.total; n++ {
		e := &exchange{route: r.mix.next(&t), failed: KindNotSent}
		if n >= r.schedule.warm {
			r.count(e, r.schedule.due(n), now)
		}
	}
}

func (r *run) progress() {
	if r.config.OnProgress == nil {
		return
	}
	r.config.OnProgress(Progress{
		Elapsed:  time.Since(r.schedule.began),
		Planned:  r.config.Warmup + r.config.For,
		Answered: r.answered,
		Failed:   r.failed,
	})
}

// result sums up the run after the last worker has gone.
func (r *run) result(ctx context.Context) (Result, error) {
	now := time.Now()
	unsent := r.started < r.schedule.total
	interrupted := ctx.Err() != nil && (unsent || r.unfinished > 0)
	if unsent && !interrupted {
		r.countUnsent(now)
	}
	r.progress()

	result := Result{
		Asked:       r.config.Rate,
		Lag:         newLatency(r.lag.Snapshot()),
		KeptUp:      r.keptUp(unsent && !interrupted),
		Saturated:   int(r.exchanges.peak.Load()) >= r.config.MaxWorkers,
		Interrupted: interrupted,
		Unfinished:  r.unfinished,
		Total:       r.total.result(),
	}
	began := r.schedule.due(r.schedule.warm)
	if r.measured > 0 {
		// n requests at equal distances span n − 1 of them and own n.
		interval := time.Duration(float64(time.Second) / r.config.Rate)
		result.Achieved = float64(r.measured) / (r.lastStart.Sub(began) + interval).Seconds()
	}
	if !r.lastEnd.IsZero() {
		result.Elapsed = r.lastEnd.Sub(began)
	}
	for _, row := range r.rows {
		result.Routes = append(result.Routes, row.result())
	}
	if interrupted {
		return result, fmt.Errorf("load: %w", context.Cause(ctx))
	}
	return result, nil
}

// keptUp reports whether the last request measured was started on time.
func (r *run) keptUp(gaveUp bool) bool {
	if gaveUp {
		return false
	}
	if r.measured == 0 {
		return true
	}
	late := r.lastStart.Sub(r.schedule.due(r.started - 1))
	return late <= max(r.config.For/50, minLate)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
