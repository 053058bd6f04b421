package explain_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace/explain"
)

// TestPgBouncer: through a real transaction pooler nothing is explained, in no
// way of sending statements that works through one.
func TestPgBouncer(t *testing.T) {
	dsn := testserver.PgBouncer(t)
	direct := open(t, "pgx", testserver.Direct(t, dsn))
	direct.exec(t, items...)
	for _, mode := range []string{"exec", "simple_protocol", "cache_statement"} {
		a := (&database{direct.DB, "pgx", with(t, dsn, "default_query_exec_mode", mode)}).adviser(t, explain.Config{})
		a.Observe(`SELECT * FROM item WHERE note = $1`, []any{"x"}, time.Second)
		err := a.Pass(t.Context())
		if !errors.Is(err, explain.ErrPooler) || !strings.Contains(err.Error(), "connect the adviser to the server itself") {
			t.Errorf("mode %s: Pass() = %v, want ErrPooler and what to do", mode, err)
		}
		if r := a.Report(); r.Explained != 0 || r.Waiting != 1 || len(r.Advice) != 0 {
			t.Errorf("mode %s: report = %+v, want nothing explained", mode, r)
		}
	}
}

// TestReadOnly: planning runs immutable functions, and one that is not what it
// says it is would write.
func TestReadOnly(t *testing.T) {
	db := openPostgres(t)
	db.exec(t, items...)
	db.exec(t,
		`CREATE SEQUENCE called`,
		`CREATE FUNCTION calls() RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM nextval(''called''); RETURN ''x''; END'`,
	)
	got := summary(db.advise(t, explain.Config{}, query{`SELECT * FROM item WHERE note = calls()`, nil}))
	if want := "skipped: the server does not explain it (SQLSTATE 25006)\n"; got != want {
		t.Errorf("report = %q, want %q", got, want)
	}
	if got := db.text(t, `SELECT is_called::text FROM called`); got != "false" {
		t.Errorf("is_called = %s, want that planning wrote nothing", got)
	}
}

// TestNeverRuns: a statement that would take an hour is explained at once.
func TestNeverRuns(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	db.exec(t, `CREATE FUNCTION slow() RETURNS text VOLATILE LANGUAGE sql AS 'SELECT ''x'' FROM pg_sleep(3600)'`)
	got := summary(db.advise(t, explain.Config{}, query{`SELECT slow() FROM item WHERE note = $1`, []any{"note 5"}}))
	if want := "ON public.item (note) [true]\n"; !strings.HasSuffix(got, want) {
		t.Errorf("report = %q, want %q", got, want)
	}
}

// counter is a connector that counts the connections open at one time.
type counter struct {
	driver.Connector
	open, most *atomic.Int64
}

func (c counter) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if n := c.open.Add(1); n > c.most.Load() {
		c.most.Store(n)
	}
	return &counted{conn.(*stdlib.Conn), c.open}, nil
}

type counted struct {
	*stdlib.Conn
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.Conn.Close()
}

// TestOneConnection: however many passes are asked for, one connection is
// taken, and given back at the end.
func TestOneConnection(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	cfg, err := pgx.ParseConfig(db.dsn)
	if err != nil {
		t.Fatal(err)
	}
	var now, most atomic.Int64
	a, err := explain.New(counter{stdlib.GetConnector(*cfg), &now, &most}, explain.Config{Dialect: "postgres", Pace: -1, StatementTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		for _, column := range []string{"id", "kind", "note", "owner_id"} {
			a.Observe(`SELECT `+column+` FROM item WHERE note = $1`, []any{"x"}, time.Millisecond)
		}
		wg.Go(func() {
			if err := a.Pass(t.Context()); err != nil {
				t.Errorf("Pass() = %v", err)
			}
		})
	}
	wg.Wait()
	if got := a.Report().Explained; got != 4 {
		t.Errorf("Explained = %d, want 4", got)
	}
	if got := most.Load(); got != 1 {
		t.Errorf("connections at one time = %d, want 1", got)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got := now.Load(); got != 0 {
		t.Errorf("connections after Close = %d, want 0", got)
	}
}

// TestSQLiteNeverChanges: not one byte of the file differs afterwards, other
// connections are told of no change, no file is left beside it, and one that
// may only be read is enough.
func TestSQLiteNeverChanges(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	db.SetMaxOpenConns(1) // data_version is a connection's own
	const versions = `SELECT d.data_version || ' ' || s.schema_version FROM pragma_data_version d, pragma_schema_version s`
	read := func() (content, version string, names []string) {
		t.Helper()
		text, err := os.ReadFile(db.dsn)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(filepath.Dir(db.dsn))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return string(text), db.text(t, versions), names
	}
	content, version, names := read()
	queries := []query{
		{`SELECT * FROM item WHERE note = ?`, []any{"note 5"}},
		{`SELECT * FROM item WHERE lower(note) = ?`, []any{"note 5"}},
		{`WITH x AS (SELECT * FROM item) SELECT * FROM x WHERE owner_id = 5`, nil},
		{`DELETE FROM item`, nil},
		{`REPLACE INTO item (id) VALUES (1)`, nil},
		{`SELECT * FROM item WHERE note = ? AND 1 = (SELECT count(*) FROM owner)`, []any{"x"}},
	}
	readOnly := &database{db.DB, db.driver, "file:" + db.dsn + "?mode=ro"}
	for _, d := range []*database{db, readOnly} {
		if got, want := summary(d.advise(t, explain.Config{}, queries...)), "ON item (note) [true]"; !strings.Contains(got, want) {
			t.Errorf("report:\n%s\nwant it to contain %q", got, want)
		}
		c, v, n := read()
		if c != content {
			t.Error("the file has changed")
		}
		if v != version {
			t.Errorf("data and schema version = %s, want %s as before", v, version)
		}
		if !slices.Equal(n, names) {
			t.Errorf("files = %q, want %q", n, names)
		}
	}
}
