package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/http/httpguts"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

const loadHelp = `Send requests at a constant rate to a mix of routes and print what their
clients would have felt.

Requests are due on a fixed plan, whatever became of the ones before, and each
latency counts from when the request was due: a service that stalls is charged
for every request that was due in the stall. Use it on services you own.

A target is '[N*]METHOD URL [@file]'. N is its weight in the mix. Each {a..b}
after the host, or in a body, is a random integer for each request. @file is
the body. Redirects are not followed; proxies are not used.

With --find-max it searches the highest rate that meets the objective --slo,
beginning at --rate, with one run of --for per step.`

const loadExample = `  hone load --rate 200 --for 10s --target 'GET http://127.0.0.1:8080/api/orders'

  hone load --rate 200 --for 10s \
    --target '3*GET http://127.0.0.1:8080/api/orders/{1..100000}' \
    --target 'POST http://127.0.0.1:8080/api/orders @order.json'

  hone load --find-max --slo p95=100ms --target 'GET http://127.0.0.1:8080/'`

// loadFlags are the command line of hone load.
type loadFlags struct {
	config    load.Config
	targets   []string
	headers   []string
	body      string
	keepAlive bool
	json      bool
	findMax   bool
	slo       string
	maxErrors string
}

func loadCommand(io *streams) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:     "load --target 'GET http://…' [flags]",
		Short:   "Send load at a constant rate and measure the latency",
		Long:    loadHelp,
		Example: loadExample,
		Args:    noArgs("put quotes around each target, --target 'GET http://127.0.0.1:8080/'"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.findMax {
				return runSearch(cmd.Context(), io, f)
			}
			if cmd.Flags().Changed("slo") || cmd.Flags().Changed("max-errors") {
				return usagef("--slo and --max-errors belong to a search: add --find-max")
			}
			return runLoad(cmd.Context(), io, f)
		},
		DisableFlagsInUseLine: true,
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringArrayVar(&f.targets, "target", nil, "`route` to load; repeat the flag for a mix")
	fs.Float64Var(&f.config.Rate, "rate", 50, "requests due per second")
	fs.DurationVar(&f.config.For, "for", 10*time.Second, "`time` to measure")
	fs.DurationVar(&f.config.Warmup, "warmup", 0, "`time` to send before measuring")
	fs.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` to send; repeat for more")
	fs.StringVar(&f.body, "body", "", "`text` or @file for POST, PUT, PATCH without @file")
	fs.DurationVar(&f.config.Timeout, "timeout", 30*time.Second, "longest `time` of one request")
	fs.IntVar(&f.config.Connections, "connections", 0, "most connections per host, 0 for no bound")
	fs.IntVar(&f.config.MaxWorkers, "max-workers", 4096, "most requests under way at once")
	fs.BoolVar(&f.config.Revalidate, "revalidate", false, "let every second request name what it has")
	fs.BoolVar(&f.keepAlive, "keepalive", true, "use connections again")
	fs.Uint64Var(&f.config.Seed, "seed", 1, "seed of the random mix and numbers")
	fs.BoolVar(&f.findMax, "find-max", false, "search the highest rate that meets --slo")
	fs.StringVar(&f.slo, "slo", "p95=100ms", "`limit` on p50, p95 or p99")
	fs.StringVar(&f.maxErrors, "max-errors", "0.1%", "`share` that may fail in a search")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

// parse checks the flags and reads the files they name.
func (f loadFlags) parse() (load.Config, error) {
	c := f.config
	switch {
	case !(c.Rate > 0 && c.Rate <= 1e6): // this way round NaN fails too
		return c, usagef("--rate %v: give requests per second, above 0 and at most 1000000", c.Rate)
	case c.For <= 0:
		return c, usagef("--for %v: give a time above zero, such as 10s", c.For)
	case c.Warmup < 0:
		return c, usagef("--warmup %v: give zero or a time such as 2s", c.Warmup)
	case c.Timeout <= 0:
		return c, usagef("--timeout %v: give a time above zero, such as 30s", c.Timeout)
	case c.Connections < 0:
		return c, usagef("--connections %d: give 0 for no bound, or a number above it", c.Connections)
	case c.MaxWorkers <= 0:
		return c, usagef("--max-workers %d: give a number above 0", c.MaxWorkers)
	case len(f.targets) == 0:
		return c, usagef("nothing to load: add --target 'GET http://127.0.0.1:8080/'")
	}
	c.CloseConnections = !f.keepAlive
	var err error
	if c.Header, err = parseHeaders(f.headers); err != nil {
		return c, err
	}
	body, err := readBody(f.body)
	if err != nil {
		return c, err
	}
	for i, s := range f.targets {
		t, err := load.ParseTarget(s, os.ReadFile)
		if err != nil {
			return c, usagef("target %d: %w", i+1, err)
		}
		if t.Body == nil && (t.Method == "POST" || t.Method == "PUT" || t.Method == "PATCH") {
			t.Body = body
		}
		c.Targets = append(c.Targets, t)
	}
	return c, nil
}

// parseHeaders reads "Name: value". Values may be secrets: errors leave them out.
func parseHeaders(lines []string) (http.Header, error) {
	h := make(http.Header)
	for i, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		value = strings.TrimSpace(value)
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, usagef("header %d: write it as --header 'Name: value'", i+1)
		}
		h.Add(name, value)
	}
	return h, nil
}

// readBody returns the text itself, or the contents of @file.
func readBody(s string) ([]byte, error) {
	name, isFile := strings.CutPrefix(s, "@")
	if !isFile {
		return []byte(s), nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("--body: cannot read it: %w", err)
	}
	return b, nil
}

// parseShare reads "0.1%" or "0.001" as 0.001.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) { // this way round NaN fails too
		return 0, usagef("--max-errors %q: give a share such as 0.1%%", s)
	}
	return v, nil
}

// runLoad sends one load and reports on it.
func runLoad(ctx context.Context, io *streams, f loadFlags) error {
	c, err := f.parse()
	if err != nil {
		return err
	}
	bar := newProgress(io, "load")
	c.OnProgress = bar.update
	result, err := load.Run(ctx, c)
	bar.done()
	if err != nil && !result.Interrupted {
		return explain(err)
	}
	if werr := report(io, f.json, loadReport{Result: result, Seed: c.Seed, For: c.For}); werr != nil {
		return werr
	}
	switch {
	case result.Interrupted:
		return fmt.Errorf("interrupted: %s", interruption(result))
	case result.Total.AllFailed():
		return fmt.Errorf("every request failed: %s", dominant(result.Total))
	}
	return nil
}

// runSearch searches the highest rate that meets the objective and reports it.
func runSearch(ctx context.Context, io *streams, f loadFlags) error {
	c, err := f.parse()
	if err != nil {
		return err
	}
	objective, err := load.ParseObjective(f.slo)
	if err != nil {
		return usagef("--slo: %w", err)
	}
	if objective.MaxErrors, err = parseShare(f.maxErrors); err != nil {
		return err
	}
	bar := newProgress(io, "step 1")
	c.OnProgress = bar.update
	steps := 0
	found, err := load.FindMax(ctx, load.SearchConfig{
		Load: c, Objective: objective,
		OnStep: func(s load.Step) {
			steps++
			bar.next(stepLine(objective, s), fmt.Sprintf("step %d", steps+1))
		},
	})
	bar.done()
	if err != nil && len(found.Steps) == 0 {
		return explain(err)
	}
	if werr := report(io, f.json, findReport{Found: found, Objective: objective, Seed: c.Seed, For: c.For}); werr != nil {
		return werr
	}
	switch {
	case errors.Is(err, load.ErrNotMet):
		last := found.Steps[len(found.Steps)-1]
		return fmt.Errorf("no rate down to %s/s meets %v: %s", rateText(last.Rate), objective, last.Verdict.Reason)
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted before the search was done")
	case err != nil:
		return explain(err)
	}
	return nil
}

// explain drops the package's prefix: a user of the command did not call it.
func explain(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted before anything was measured")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "load: "))
}
