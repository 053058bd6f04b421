package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/cmd/hone/internal/demo"
	"github.com/hone-go/hone/cmd/hone/internal/load"
)

const demoHelp = `Run the whole discipline on an example service: measure it as found, name its
worst mistake with the source line and the rewritten SQL, switch that route to
its fix and measure again at the same rate; then add the missing indexes, give
the catalog pages, bound the pool, cache what seldom changes, keep whole answers,
send them encoded and only to who has them not yet, have a client guess passwords
and hold it by limits, and measure each.
At the end it shows before and after of each change.

It needs nothing: the database is an embedded SQLite in a temporary folder. A
PostgreSQL gets a schema of the demo's own, or tables of its own if a pooler is
in between, dropped at the end. What a demo that was killed has left, the next
one drops, a minute later. A Redis gets a namespace of the demo's own, of which
nothing stays but entries that expire within an hour. Every figure is measured
in the run.`

const demoExample = `  hone demo --once
  hone demo --database postgres://me@127.0.0.1/test --store redis://127.0.0.1
  hone demo --once --json | jq .findings`

func demoCommand(io *streams) *cobra.Command {
	var cfg demo.Config
	cmd := &cobra.Command{
		Use:     "demo [flags]",
		Short:   "Measure an example service, fix its worst mistake, prove the gain",
		Long:    demoHelp,
		Example: demoExample,
		Args:    noArgs("see hone demo --help for its flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), io, cfg)
		},
		DisableFlagsInUseLine: true,
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&cfg.Database, "database", "", "`where` the shop's data goes: an SQLite file or a postgres:// URL")
	fs.StringVar(&cfg.Store, "store", "memory://", "`where` cache and limits live, memory:// or redis://…")
	fs.StringVar(&cfg.Addr, "addr", "127.0.0.1:0", "`host:port` to serve on; port 0 is a free one")
	// Not more by default: as found, the shop must keep up on two cores. Not
	// shorter: the p99 of the main route rests on seven of 700 requests.
	fs.Float64Var(&cfg.Rate, "rate", 100, "requests due per second")
	fs.DurationVar(&cfg.For, "for", 10*time.Second, "how long to load each stage")
	fs.IntVar(&cfg.Orders, "orders", 100_000, "how many orders the shop has")
	fs.BoolVar(&cfg.Once, "once", false, "exit when done, instead of serving until Ctrl-C")
	fs.BoolVar(&cfg.JSON, "json", false, "print one JSON object")
	return cmd
}

func runDemo(ctx context.Context, io *streams, cfg demo.Config) error {
	err := demo.Run(ctx, cfg, loadInAnotherProcess, demo.Output{
		Result: io.out,
		Step:   func(name string) demo.Progress { return demoStep{newProgress(io, name)} },
		Warn:   func(line string) { fmt.Fprintln(io.err, "hone:", line) },
	})
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ") // all that is wrong, in one line
	switch {
	case errors.Is(err, demo.ErrUsage):
		return usagef("%s", strings.TrimPrefix(text, demo.ErrUsage.Error()+": "))
	case errors.Is(err, demo.ErrLeft):
		return errors.New(text)
	case ctx.Err() != nil:
		return errors.New("interrupted: nothing was left behind")
	}
	return err
}

// A demoStep is a progress as the demo wants it.
type demoStep struct{ *progress }

func (s demoStep) Rows(done, total int) { s.rows(done, total) }
func (s demoStep) Time(done, total time.Duration) {
	s.update(load.Progress{Elapsed: done, Planned: total})
}
func (s demoStep) Done() { s.done() }

// loadInAnotherProcess runs this program as hone load.
func loadInAnotherProcess(ctx context.Context, args ...string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program to run it as hone load: %w", err)
	}
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, self, append([]string{"load"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second // then it is killed
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(errOut.String()), "\n")
		return out.Bytes(), fmt.Errorf("hone load: %s (%w)", strings.TrimPrefix(lines[len(lines)-1], "hone: "), err)
	}
	return out.Bytes(), nil
}
