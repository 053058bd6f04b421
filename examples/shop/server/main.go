// Server runs the shop by itself, measured by hone:
//
//	go run ./examples/shop/server [-addr 127.0.0.1:8080] [-database shop.db] [-tuned]
//
// Without -database it makes a temporary one and removes it at the end. When
// it is stopped it prints what it has measured and found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hone-go/hone"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line says.
type options struct {
	addr, database string
	orders         int
	tuned          bool
}

// run serves until ctx ends. It returns 0 then, 1 if it cannot serve and 2 if
// it was called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2 // the flag package has said why
	}
	if err := serve(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&o.database, "database", "", "SQLite `path` or postgres:// URL (default a temporary SQLite file)")
	flags.IntVar(&o.orders, "orders", 100_000, "`number` of orders to make up for an empty database")
	flags.BoolVar(&o.tuned, "tuned", false, "serve the tuned routes, with the indexes and the pool that they want")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	switch _, _, addrErr := net.SplitHostPort(o.addr); {
	case flags.NArg() > 0:
		err = fmt.Errorf("%q is not a flag", flags.Arg(0))
	case addrErr != nil:
		err = fmt.Errorf("-addr is %q, want host:port such as 127.0.0.1:8080", o.addr)
	case o.orders < 1:
		err = fmt.Errorf("-orders is %d, want > 0", o.orders)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		flags.Usage()
	}
	return o, err
}

// serve opens and, if need be, fills the database, and answers requests until
// ctx ends.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	// The port comes first: a busy one should not be found out after seconds
	// of seeding.
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w: choose another -addr, or port 0 for any free one", err)
	}
	defer listener.Close() // again after the server has closed it, if it ran
	h, err := hone.New(hone.Config{})
	if err != nil {
		return err
	}
	db, err := data.Open(ctx, o.database, data.Config{Trace: h.SQL()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := seed(ctx, db, o.orders, stderr); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop: the database is as it was
		}
		return err
	}
	if o.tuned {
		if err := errors.Join(db.Index(ctx), db.Pool()); err != nil {
			return err
		}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	s, err := shop.New(db, shop.Config{Log: log, Tuned: o.tuned})
	if err != nil {
		return err
	}
	state := "as found"
	if o.tuned {
		state = "tuned"
	}
	fmt.Fprintf(stdout, "shop (%s, %s) on http://%s\n", db.Kind(), state, listener.Addr())
	err = answer(ctx, listener, h.Handler(s.Handler()))
	return errors.Join(err, report(stdout, h))
}

// report prints what the routes have cost, and the mistakes seen.
func report(w io.Writer, h *hone.Hone) error {
	var b strings.Builder
	b.WriteString("\n")
	if err := h.Measure().Snapshot().WriteText(&b); err != nil {
		return err
	}
	for _, f := range h.SQL().Findings() {
		fmt.Fprintf(&b, "\n%s on %s at %s: %.0f times per request\n%s", f.Rule, f.Route, f.Where, f.CountPerRequest, f.Fix)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// seed fills the database unless it is filled already.
func seed(ctx context.Context, db *data.DB, orders int, stderr io.Writer) error {
	seeded, err := db.Seeded(ctx)
	if err != nil || seeded {
		return err
	}
	tenths := 0
	return data.Seed(ctx, db, data.Sizes{Orders: orders}, func(done, total int) {
		if now := done * 10 / total; now > tenths {
			tenths = now
			fmt.Fprintf(stderr, "seeding: %3d %% of %d rows\n", now*10, total)
		}
	})
}

// shutdownTimeout is how long requests under way may take to finish: longer
// than any but an export to a slow client, and shorter than the ten seconds
// that container platforms wait before they kill.
const shutdownTimeout = 8 * time.Second

// answer serves until ctx ends, and then lets requests under way finish.
func answer(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      time.Minute, // an export over a slow line
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return errors.Join(fmt.Errorf("some requests did not finish: %w", err), server.Close())
	}
	return nil
}
