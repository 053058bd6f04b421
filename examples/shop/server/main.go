// Server runs the shop by itself, measured by hone:
//
//	go run ./examples/shop/server [-addr 127.0.0.1:8080] [-database shop.db] [-tuned]
//	go run ./examples/shop/server -tuned -cache -responses -encode -limits -store redis://127.0.0.1
//
// -help says what each flag does. Without -database it makes a temporary one
// and removes it at the end. An interrupt or SIGTERM stops it: requests under
// way are finished, and it prints what it has measured and found. A second one
// ends it at once.
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
	"syscall"
	"time"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that the next signal is not caught
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends. It returns 0 then, 1 if it cannot serve and 2 if
// it was called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2 // parse has said why
	}
	switch err := serve(ctx, o, stdout, stderr); {
	case errors.Is(err, errStore), errors.Is(err, errLimits):
		fmt.Fprintln(stderr, err)
		return 2
	case err != nil:
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
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
	log := slog.New(slog.NewTextHandler(stderr, nil))
	l, err := newLayers(ctx, o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	db, err := data.Open(ctx, o.database, data.Config{Trace: l.trace()})
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
	s, err := shop.New(db, shop.Config{Log: log, Tuned: o.tuned, Cache: l.cache})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Use(l.Layers), l.limit(ctx, s, o), l.watch(ctx, db)); err != nil {
		return err
	}
	defer l.unwatch() // before the database is closed
	admin, err := l.administer(o)
	if err != nil {
		return err
	}
	state := "as found"
	if o.tuned {
		state = "tuned"
	}
	fmt.Fprintf(stdout, "shop (%s, %s) on http://%s\n", db.Kind(), state, listener.Addr())
	if admin != "" {
		fmt.Fprintf(stdout, "its limits on http://%s, for who has the credential\n", admin)
	}
	err = answer(ctx, listener, l.around(s.Handler()))
	return errors.Join(err, l.report(stdout))
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
