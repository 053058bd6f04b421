package pgxtrace_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace"
)

// newPool returns a traced pool and the name of a schema of its own.
func newPool(t *testing.T, tracer pgx.QueryTracer) (*pgxpool.Pool, string) {
	t.Helper()
	ctx := context.Background()
	cfg, err := pgxpool.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = 4
	cfg.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	schema := "pool_" + strings.ToLower(t.Name())
	exec := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(ctx, strings.ReplaceAll(sql, "$schema", schema)); err != nil {
			t.Fatal(err)
		}
	}
	exec("DROP SCHEMA IF EXISTS $schema CASCADE")
	exec("CREATE SCHEMA $schema")
	t.Cleanup(func() { exec("DROP SCHEMA $schema CASCADE") })
	exec("CREATE TABLE $schema.lines AS SELECT i % 20 AS order_id, 'p' || i AS product FROM generate_series(0, 59) AS i")
	exec("CREATE TABLE $schema.categories AS SELECT i AS id, i - 1 AS parent_id FROM generate_series(1, 20) AS i")
	return pool, schema
}

// below returns the place that many lines below its call.
func below(lines int) string {
	_, _, line, _ := runtime.Caller(1)
	return fmt.Sprintf("sqltrace/pgxtrace/pool_test.go:%d", line+lines)
}

func TestLoopOverAPoolIsFoundAtItsLine(t *testing.T) {
	tr, p := newTracers(t)
	pool, schema := newPool(t, p)
	load := func(ctx context.Context, id int) (products []string, where string, err error) {
		where = below(1)
		rows, err := pool.Query(ctx, "SELECT product FROM "+schema+".lines WHERE order_id = $1", id)
		if err != nil {
			return nil, where, err
		}
		products, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return products, where, err
	}
	var where, caller string
	got := request(t, func(ctx context.Context) error {
		for id := range 20 {
			var err error
			caller = below(1)
			if _, where, err = load(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if got.Statements != 20 || got.Rows != 60 {
		t.Errorf("SQL of the request = %+v, want 20 statements with 60 rows", got)
	}
	found := tr.Findings()
	if len(found) != 1 {
		t.Fatalf("Findings() = %+v, want one", found)
	}
	f := found[0]
	if f.Rule != sqltrace.RuleNPlusOne || f.CountPerRequest != 20 || f.Where != where || f.Caller != caller || f.Call != "pgxpool.(*Pool).Query" {
		t.Errorf("finding = %s of %v at %s in %s by %s, want an n+1 of 20 at %s in %s by pgxpool.(*Pool).Query",
			f.Rule, f.CountPerRequest, f.Where, f.Caller, f.Call, where, caller)
	}
}

// Rows are not seen here: the statement's form and its rows' number must do.
func TestWalkOverAPoolIsFound(t *testing.T) {
	tr, p := newTracers(t)
	pool, schema := newPool(t, p)
	var where string
	request(t, func(ctx context.Context) error {
		for id := 12; id != 0; {
			where = below(1)
			err := pool.QueryRow(ctx, "SELECT parent_id FROM "+schema+".categories WHERE id = $1", id).Scan(&id)
			if err != nil {
				return err
			}
		}
		return nil
	})
	found := tr.Findings()
	if len(found) != 1 || found[0].Rule != sqltrace.RuleWalk || found[0].Confidence != sqltrace.Possible || found[0].Where != where {
		t.Fatalf("Findings() = %+v, want a possible walk at %s", found, where)
	}
	from, to := strings.Index(found[0].Fix, "WITH RECURSIVE"), strings.Index(found[0].Fix, "\n\nWhere rows")
	if from < 0 || to < from {
		t.Fatalf("Fix = %s, want a WITH RECURSIVE", found[0].Fix)
	}
	var n int
	if err := pool.QueryRow(context.Background(), "SELECT count(*) FROM ("+found[0].Fix[from:to]+") AS w", 12).Scan(&n); err != nil || n != 12 {
		t.Errorf("%s\nreturned %d rows, %v, want 12", found[0].Fix[from:to], n, err)
	}
}

func TestWholeTableOverAPoolHasItsLineAtOnce(t *testing.T) {
	tr, p := newTracers(t)
	pool, schema := newPool(t, p)
	var where string
	request(t, func(ctx context.Context) error {
		where = below(1)
		rows, err := pool.Query(ctx, "SELECT product FROM "+schema+".lines, generate_series(1, 100)")
		if err != nil {
			return err
		}
		_, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	found := tr.Findings()
	if len(found) != 1 || found[0].Rule != sqltrace.RuleWholeTable || found[0].Rows != 6000 || found[0].Where != where {
		t.Errorf("Findings() = %+v, want a whole table of 6000 rows at %s", found, where)
	}
}
