package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
)

func TestBudget(t *testing.T) {
	tests := []struct {
		golden string
		args   []string
		code   int
		errs   string
	}{
		{
			"budget_fits",
			[]string{"--pool", "10", "--tasks", "3", "--surge", "0.25", "--reserved", "5"},
			exitDone, "",
		},
		{
			"budget_over",
			[]string{"--pool", "5", "--overflow", "5", "--processes", "8", "--tasks", "4"},
			exitFailed, "hone: the pools need 640 connections and 97 are left\n",
		},
		{
			"budget_hopeless",
			[]string{"--pool", "1", "--processes", "32", "--tasks", "4", "--surge", "0"},
			exitFailed, "hone: the pools need 128 connections and 97 are left\n",
		},
		{
			"budget_json",
			[]string{"--pool", "5", "--overflow", "5", "--processes", "8", "--tasks", "4", "--json"},
			exitFailed, "hone: the pools need 640 connections and 97 are left\n",
		},
		{
			"budget_pgbouncer",
			[]string{"--pool", "10", "--processes", "8", "--tasks", "4", "--pgbouncer"},
			exitDone, "",
		},
	}
	for _, tt := range tests {
		code, out, errs := hone(t.Context(), append([]string{"budget", "--max-connections", "100"}, tt.args...)...)
		if code != tt.code || errs != tt.errs {
			t.Errorf("hone budget %q = %d, stderr %q, want %d, %q", tt.args, code, errs, tt.code, tt.errs)
		}
		golden(t, tt.golden, out)
	}
}

// With all three limits, the others that use them, and a note.
func TestBudgetReport(t *testing.T) {
	a, err := dbpool.Budget(dbpool.Plan{Size: 8, Reserved: 2}, dbpool.Server{
		MaxConnections: 200, SuperuserReserved: 3, Reserved: 5, Others: 40,
		RoleLimit: 30, RoleOthers: 12, DatabaseLimit: 50, DatabaseOthers: 20,
		Unknown: []string{"this role cannot tell parallel workers of other roles from their connections, and counts both"},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "budget_limits", budgetReport{answer: a, where: "PostgreSQL at db:5432"}.text())
}

func TestBudgetUsage(t *testing.T) {
	const server = "--max-connections=100"
	tests := []struct {
		args []string
		want string
	}{
		{nil, `nothing to fit into: add --database postgres://… or --max-connections`},
		{[]string{server, "x"}, `hone budget takes no arguments: see hone budget --help for its flags`},
		{[]string{server, "--database", "postgres://db/shop"}, `--max-connections is read from --database: leave one out`},
		{[]string{"--max-connections", "-1"}, `--max-connections -1: give a number from 1 to 100000`},
		{[]string{server, "--pool", "0"}, `--pool 0: give a number from 1 to 100000`},
		{[]string{server, "--overflow", "-1"}, `--overflow -1: give a number from 0 to 100000`},
		{[]string{server, "--processes", "100001"}, `--processes 100001: give a number from 1 to 100000`},
		{[]string{server, "--tasks", "0"}, `--tasks 0: give a number from 1 to 100000`},
		{[]string{server, "--reserved", "-1"}, `--reserved -1: give a number from 0 to 100000`},
		{[]string{server, "--surge", "-0.1"}, `--surge -0.1: give a share from 0 to 10; 1 doubles the tasks`},
		{[]string{server, "--surge", "NaN"}, `--surge NaN: give a share from 0 to 10; 1 doubles the tasks`},
		{[]string{server, "--json", "--pgbouncer"}, `--json and --pgbouncer: choose one`},
		{[]string{"--database", "postgres://shop:hush%zz@db/shop"}, `--database: this is no URL of a PostgreSQL: write it as postgres://role@host:5432/database`},
		{[]string{"--database", "mysql://shop:hush@db/shop"}, `--database: this is no URL of a PostgreSQL: write it as postgres://role@host:5432/database`},
	}
	for _, tt := range tests {
		code, out, errs := hone(t.Context(), append([]string{"budget"}, tt.args...)...)
		if code != exitUsage || out != "" || errs != "hone: "+tt.want+"\n" {
			t.Errorf("hone budget %q = %d, stdout %q, stderr %q, want 2, none, %q", tt.args, code, out, errs, "hone: "+tt.want+"\n")
		}
	}
}

// limitedRole makes a role with a connection limit of 3 and returns the URL of a
// fresh database with it.
func limitedRole(t *testing.T) string {
	t.Helper()
	database := testserver.Postgres(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name := "r" + u.Path[1:]
	admin := func(statement string) {
		conn, err := pgx.Connect(context.Background(), database)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	admin("CREATE ROLE " + name + " LOGIN PASSWORD 'hush1hush' CONNECTION LIMIT 3")
	t.Cleanup(func() { admin("DROP ROLE " + name) })
	u.User = url.UserPassword(name, "hush1hush")
	return u.String()
}

func TestBudgetOfAServer(t *testing.T) {
	database := limitedRole(t)
	for _, tt := range []struct {
		pool string
		code int
		fits bool
	}{{"3", exitDone, true}, {"4", exitFailed, false}} {
		code, out, errs := hone(t.Context(), "budget", "--database", database, "--pool", tt.pool, "--surge", "0", "--json")
		var got budgetJSON
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("hone budget printed %q, %q: %v", out, errs, err)
		}
		if code != tt.code || got.Fits != tt.fits || got.Available != 3 || len(got.Limits) != 2 {
			t.Errorf("hone budget --pool %s = %d, %+v, want %d, fits %v, of 3", tt.pool, code, got, tt.code, tt.fits)
		}
	}
	code, out, _ := hone(t.Context(), "budget", "--database", database, "--pool", "2", "--pgbouncer")
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("%[1]s = host=%[2]s port=%[3]s dbname=%[1]s\n", u.Path[1:], u.Hostname(), u.Port())
	if code != exitDone || !strings.Contains(out, line) || !strings.Contains(out, "default_pool_size = 3\n") || strings.Contains(out, "hush") {
		t.Errorf("hone budget --pgbouncer = %d, %q, want 0, %q and a pool of 3, and no password", code, out, line)
	}
}

func TestBudgetOfNoServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := closed.Addr().String()
	closed.Close()
	database := testserver.Postgres(t)
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	nobody := *at
	nobody.User = url.UserPassword("nobody_there", "hush1hush")
	tests := []struct{ database, want string }{
		{
			"postgres://shop:hush1hush@" + addr + "/shop",
			"cannot read the limits of PostgreSQL at " + addr + ": connect: connection refused: check host and port, and that the server runs",
		},
		{
			nobody.String(),
			"cannot read the limits of PostgreSQL at " + at.Host + `: role "nobody_there" does not exist: check them in the URL`,
		},
	}
	for _, tt := range tests {
		code, out, errs := hone(t.Context(), "budget", "--database", tt.database)
		if code != exitFailed || out != "" || errs != "hone: "+tt.want+"\n" {
			t.Errorf("hone budget = %d, stdout %q, stderr %q, want 1, none, %q", code, out, errs, "hone: "+tt.want+"\n")
		}
	}
	code, _, errs := hone(t.Context(), "budget", "--database", testserver.PgBouncer(t))
	if code != exitFailed || !strings.HasPrefix(errs, "hone: --database goes through PgBouncer ") || !strings.HasSuffix(errs, ": give the URL of PostgreSQL itself\n") {
		t.Errorf("hone budget through PgBouncer = %d, %q, want 1 and to give the URL of PostgreSQL", code, errs)
	}
}
