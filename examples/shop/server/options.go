package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// options are what the command line says.
type options struct {
	addr, database, store             string
	orders                            int
	tuned                             bool
	measure, cache, responses, encode bool // the layers

	limits          bool
	accounts, trust string
	hops            int
	admin, token    string
}

// keeps reports whether a cache is needed.
func (o options) keeps() bool { return o.cache || o.responses }

// stores are what -store takes, by scheme.
var stores = []string{"memory", "redis", "rediss", "redis+sentinel", "redis+cluster"}

// parse reads the command line. What is wrong with it, or the help, goes to
// stderr.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&o.database, "database", "", "SQLite `path` or postgres:// URL (default a temporary SQLite file)")
	flags.IntVar(&o.orders, "orders", 100_000, "`number` of orders to make up for an empty database")
	flags.BoolVar(&o.tuned, "tuned", false, "serve the tuned routes, with the indexes and the pool that they want")
	flags.BoolVar(&o.measure, "measure", true, "measure each route, and print at the end what it costs and what is wrong with it")
	flags.BoolVar(&o.cache, "cache", false, "keep the catalog and the summaries of products in the store; wants -tuned")
	flags.BoolVar(&o.responses, "responses", false, "keep whole answers that are the same for everybody in the store; does what -cache does, too")
	flags.BoolVar(&o.encode, "encode", false, "send answers in zstd, gzip or br, and nobody what it has already")
	flags.BoolVar(&o.limits, "limits", false, "limit how often a client may ask")
	flags.StringVar(&o.store, "store", "memory://", "`where` -cache and -responses keep things and -limits counts, memory:// or redis://host:port")
	flags.StringVar(&o.accounts, "accounts", "", "`file` with an API key, a customer's name and a plan (trial, trade, partner) in each line")
	flags.StringVar(&o.trust, "trust", "", "`networks` of the proxies in front, such as 10.0.0.0/8,fd00::/8")
	flags.IntVar(&o.hops, "hops", 0, "`number` of proxies in front, in place of -trust or besides it")
	flags.StringVar(&o.admin, "admin", "", "`address` on which hone limits is told of the limits")
	flags.StringVar(&o.token, "admin-token", "", "`file` with the credential for -admin, of at least 16 bytes")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	err := o.validate(flags.Args(), given["store"])
	if err != nil {
		fmt.Fprintf(stderr, "%v\nThe flags are:\n", err)
		flags.PrintDefaults()
	}
	return o, err
}

// validate returns every problem of a command line.
func (o options) validate(rest []string, storeGiven bool) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		wrong("%q is not a flag", rest[0])
	}
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		wrong("-addr is %q, want host:port such as 127.0.0.1:8080", o.addr)
	}
	if o.orders < 1 {
		wrong("-orders is %d, want > 0", o.orders)
	}
	if o.keeps() && !o.tuned {
		wrong("-cache and -responses want -tuned: the routes as found keep nothing")
	}
	if o.accounts != "" && !o.limits || o.admin != "" && !o.limits {
		wrong("-accounts and -admin are for -limits: give that too")
	}
	if (o.admin == "") != (o.token == "") {
		wrong("-admin and -admin-token belong together")
	}
	if _, err := newClients(o); err != nil {
		wrong("%w: want what -help says of -trust and -hops", err)
	}
	switch scheme, _, ok := strings.Cut(o.store, "://"); {
	case !ok || !slices.Contains(stores, scheme): // its text may hold a password
		wrong("-store names no store, want memory:// or redis://host:port")
	case storeGiven && !o.keeps() && !o.limits:
		wrong("-store is for -cache, -responses and -limits: give one of them, or leave it out")
	}
	return errors.Join(errs...)
}
