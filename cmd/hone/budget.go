package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/hone-go/hone/dbpool"
)

const budgetHelp = `Say whether a service's connection pools fit its PostgreSQL, and what size to
set if they do not.

Every process of every task has a pool of its own, and in a deployment new
tasks start before old ones end. The limits, and who else is connected, are
read from the database; use the role of the service. Without --database give
the server's --max-connections.

The exit status is 1 if the pools do not fit. With --pgbouncer it prints a
pgbouncer.ini for the service instead.`

const budgetExample = `  hone budget --database postgres://shop@db/shop --pool 5 --overflow 5 \
    --processes 8 --tasks 4

  hone budget --max-connections 100 --pool 10 --tasks 6 --surge 0.25

  hone budget --database postgres://shop@db/shop --pool 10 --tasks 20 \
    --pgbouncer > pgbouncer.ini`

// budgetTimeout bounds the questions to the server. Not shorter: name look-up,
// TLS and a busy server take seconds. Not longer: somebody waits.
const budgetTimeout = 20 * time.Second

// budgetFlags are the command line of hone budget.
type budgetFlags struct {
	plan           dbpool.Plan
	database       string
	maxConnections int
	json           bool
	pgbouncer      bool
}

func budgetCommand(io *streams) *cobra.Command {
	var f budgetFlags
	cmd := &cobra.Command{
		Use:     "budget --database postgres://… [flags]",
		Short:   "Say whether the connection pools fit the database",
		Long:    budgetHelp,
		Example: budgetExample,
		Args:    noArgs("see hone budget --help for its flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBudget(cmd.Context(), io, f)
		},
		DisableFlagsInUseLine: true,
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.database, "database", "", "`URL` of the database, with the service's role")
	fs.IntVar(&f.maxConnections, "max-connections", 0, "the server's limit, without --database")
	fs.IntVar(&f.plan.Size, "pool", 10, "size of each pool")
	fs.IntVar(&f.plan.Overflow, "overflow", 0, "connections beyond it in a peak")
	fs.IntVar(&f.plan.Processes, "processes", 1, "processes of each task")
	fs.IntVar(&f.plan.Tasks, "tasks", 1, "tasks or containers")
	fs.Float64Var(&f.plan.Surge, "surge", 1, "`share` of tasks added in a deployment")
	fs.IntVar(&f.plan.Reserved, "reserved", 0, "connections for migrations, cron jobs, people")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	fs.BoolVar(&f.pgbouncer, "pgbouncer", false, "print a pgbouncer.ini")
	return cmd
}

// parse checks the flags. An error never repeats the URL: it may hold a
// password.
func (f *budgetFlags) parse() (*pgx.ConnConfig, error) {
	for _, n := range []struct {
		flag         string
		value, least int
	}{
		{"pool", f.plan.Size, 1},
		{"overflow", f.plan.Overflow, 0},
		{"processes", f.plan.Processes, 1},
		{"tasks", f.plan.Tasks, 1},
		{"reserved", f.plan.Reserved, 0},
	} {
		if n.value < n.least || n.value > 100_000 {
			return nil, usagef("--%s %d: give a number from %d to 100000", n.flag, n.value, n.least)
		}
	}
	switch {
	case !(f.plan.Surge >= 0 && f.plan.Surge <= 10): // this way round NaN fails too
		return nil, usagef("--surge %v: give a share from 0 to 10; 1 doubles the tasks", f.plan.Surge)
	case f.plan.Surge == 0:
		f.plan.Surge = -1 // none, where 0 is the default
	case f.json && f.pgbouncer:
		return nil, usagef("--json and --pgbouncer: choose one")
	}
	switch {
	case f.database == "" && f.maxConnections == 0:
		return nil, usagef("nothing to fit into: add --database postgres://… or --max-connections")
	case f.database != "" && f.maxConnections != 0:
		return nil, usagef("--max-connections is read from --database: leave one out")
	case f.database == "" && (f.maxConnections < 1 || f.maxConnections > 100_000):
		return nil, usagef("--max-connections %d: give a number from 1 to 100000", f.maxConnections)
	case f.database == "":
		return nil, nil
	}
	cfg, err := pgx.ParseConfig(f.database)
	if err != nil {
		return nil, usagef("--database: this is no URL of a PostgreSQL: write it as postgres://role@host:5432/database")
	}
	return cfg, nil
}

// runBudget does the arithmetic and prints it.
func runBudget(ctx context.Context, io *streams, f budgetFlags) error {
	cfg, err := f.parse()
	if err != nil {
		return err
	}
	// Without a database: PostgreSQL's default of reserved connections.
	server := dbpool.Server{MaxConnections: f.maxConnections, SuperuserReserved: 3}
	if cfg != nil {
		if server, err = probe(ctx, cfg); err != nil {
			return err
		}
	}
	answer, err := dbpool.Budget(f.plan, server)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "dbpool: "))
	}
	if f.pgbouncer {
		return printBouncer(io, answer, cfg)
	}
	report := budgetReport{answer: answer, where: where(cfg)}
	if f.json {
		err = io.writeJSON(report.json())
	} else {
		_, err = io.out.Write([]byte(report.text()))
	}
	if err != nil {
		return err
	}
	return report.verdict()
}

// printBouncer writes the pgbouncer.ini.
func printBouncer(io *streams, answer dbpool.Answer, cfg *pgx.ConnConfig) error {
	b, err := answer.Bouncer()
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "dbpool: "))
	}
	b.Host, b.Port, b.Database = "127.0.0.1", 5432, "app"
	if cfg != nil {
		b.Host, b.Port, b.Database = cfg.Host, int(cfg.Port), cfg.Database
		if b.Database == "" {
			b.Database = cfg.User // as the server does
		}
	}
	ini, err := b.INI()
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "dbpool: "))
	}
	_, err = fmt.Fprint(io.out, ini)
	return err
}

// probe reads the server's limits.
func probe(ctx context.Context, cfg *pgx.ConnConfig) (dbpool.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return dbpool.Server{}, unreachable(cfg, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	pooler, err := dbpool.DetectConn(ctx, conn)
	if err != nil {
		return dbpool.Server{}, unreachable(cfg, err)
	}
	if pooler.Mode != dbpool.Direct {
		return dbpool.Server{}, fmt.Errorf("--database goes through %v: give the URL of PostgreSQL itself", pooler)
	}
	server, err := dbpool.Probe(ctx, conn)
	if err != nil {
		return dbpool.Server{}, unreachable(cfg, err)
	}
	server.Own-- // the one that asked
	return server, nil
}

// unreachable says in one line why there is no answer, and what to do.
func unreachable(cfg *pgx.ConnConfig, err error) error {
	reason := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "dbpool: ")), " ")
	var server *pgconn.PgError
	var network *net.OpError
	switch {
	case errors.As(err, &server):
		reason = server.Message
	case errors.Is(err, context.DeadlineExceeded):
		reason = "no answer in time"
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &network):
		reason = network.Err.Error()
	}
	text := fmt.Sprintf("cannot read the limits of %s: %s", where(cfg), reason)
	if fault, ok := dbpool.Explain(err); ok {
		text += ": " + fault.Remedy
	}
	return errors.New(text)
}

// where names the server without credentials.
func where(cfg *pgx.ConnConfig) string {
	if cfg == nil {
		return "PostgreSQL"
	}
	return "PostgreSQL at " + net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
}
