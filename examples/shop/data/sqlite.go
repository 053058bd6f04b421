package data

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/sqltrace"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed schema_sqlite.sql
var sqliteSchema string

// applicationID marks a file as the shop's in SQLite's header field of that
// name: "hone" in ASCII.
const applicationID = 0x686f6e65

// boundPerInsert limits the values in one INSERT. Fewer cost a statement per
// handful of rows; more cost the driver time that grows with the square of
// their number: 5,000 load eight times slower than 250.
const boundPerInsert = 250

type sqliteEngine struct {
	path      string
	temporary string // the folder to remove at the end, if not empty
	bare      driver.Connector
}

func openSQLite(ctx context.Context, path string) (*sqliteEngine, error) {
	if path == ":memory:" {
		return nil, &openError{text: "every connection to :memory: is a database of its own: leave the path empty for a temporary one"}
	}
	e := &sqliteEngine{path: path}
	if path == "" {
		folder, err := os.MkdirTemp("", "hone-shop-")
		if err != nil {
			return nil, &openError{"cannot make a temporary database: set TMPDIR to a folder that can be written to", err}
		}
		e.temporary, e.path = folder, filepath.Join(folder, "shop.db")
	}
	var err error
	if e.bare, err = sqlite.NewConnector(sqliteDSN(e.path)); err == nil {
		err = e.claim(ctx)
	}
	if err != nil {
		_ = e.close() // the first error is the one to tell
		return nil, err
	}
	return e, nil
}

// sqliteDSN sets, for every connection: five seconds of patience with another
// writer, foreign keys, one sync per checkpoint rather than per commit (safe
// in WAL mode), and transactions that take the write lock at once, because one
// that reads first and then writes cannot wait for the lock. Double quotes
// are for identifiers only, as on PostgreSQL.
func sqliteDSN(path string) string {
	options := url.Values{
		"_pragma": {"busy_timeout(5000)", "foreign_keys(1)", "synchronous(NORMAL)"},
		"_txlock": {"immediate"},
		"_dqs":    {"0"},
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode()
}

// claim checks that the file is the shop's or nobody's, sound and writable,
// and marks it as the shop's.
func (e *sqliteEngine) claim(ctx context.Context) error {
	return e.with(ctx, func(conn *sql.Conn) error {
		var id, tables int
		err := conn.QueryRowContext(ctx, `SELECT
			(SELECT application_id FROM pragma_application_id),
			(SELECT count(*) FROM sqlite_master)`).Scan(&id, &tables)
		if err != nil {
			return err
		}
		if tables > 0 {
			if id != applicationID {
				return &openError{text: fmt.Sprintf("%s holds another application's tables: give a new path", e.path)}
			}
			var verdict string
			if err := conn.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
				return err
			}
			if verdict != "ok" {
				return &openError{text: e.damaged()}
			}
		}
		// Readers do not block the writer in WAL mode, nor it them. The file
		// remembers the mode.
		if _, err := conn.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID))
		return err
	})
}

// with runs f on a connection outside the pool, and explains its error.
func (e *sqliteEngine) with(ctx context.Context, f func(*sql.Conn) error) error {
	db := sql.OpenDB(e.bare)
	defer db.Close() // what f wrote is committed, or not, by then
	conn, err := db.Conn(ctx)
	if err != nil {
		return e.explain(err)
	}
	defer conn.Close()
	return e.explain(f(conn))
}

func (e *sqliteEngine) kind() Kind { return SQLite }

func (e *sqliteEngine) pooler() dbpool.Pooler { return dbpool.Pooler{} }

// boundAsFound lets everyone wait for one connection, which is what people do
// about "database is locked". In WAL mode, with patience for another writer,
// readers have no need to: see sqliteDSN.
func (e *sqliteEngine) boundAsFound(pool *sql.DB, _ int) { pool.SetMaxOpenConns(1) }

func (e *sqliteEngine) connector(trace *sqltrace.Tracer) driver.Connector {
	return traceSQLite(e.bare, trace)
}

func (e *sqliteEngine) filled(ctx context.Context) (filled bool, err error) {
	err = e.with(ctx, func(conn *sql.Conn) error {
		filled, err = sqliteFilled(ctx, conn)
		return err
	})
	return filled, err
}

func sqliteFilled(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (bool, error) {
	var found bool
	err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'order_lines')`).Scan(&found)
	if err != nil || !found {
		return false, err
	}
	err = q.QueryRowContext(ctx, anyRows).Scan(&found)
	return found, err
}

func (e *sqliteEngine) load(ctx context.Context, g *generator, added func(rows int)) error {
	return e.with(ctx, func(conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after a commit
		filled, err := sqliteFilled(ctx, tx)
		if err != nil {
			return err
		}
		if filled {
			return ErrNotEmpty
		}
		for _, statement := range []string{sqliteDrop, sqliteSchema} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		for _, t := range g.tables() {
			if err := sqliteInsert(ctx, tx, t, added); err != nil {
				return fmt.Errorf("data: filling %s: %w", t.name, err)
			}
		}
		return tx.Commit()
	})
}

// sqliteInsert writes t's rows, as many to a statement as boundPerInsert lets.
func sqliteInsert(ctx context.Context, tx *sql.Tx, t table, added func(rows int)) error {
	insert := func(rows int) string {
		row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(t.columns)), ",") + ")"
		return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES " +
			strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
	}
	perInsert := boundPerInsert / len(t.columns)
	full, err := tx.PrepareContext(ctx, insert(perInsert))
	if err != nil {
		return err
	}
	defer full.Close()
	values := make([]any, 0, perInsert*len(t.columns))
	for row := range t.rows {
		values = append(values, row...)
		if len(values) < cap(values) {
			continue
		}
		if _, err := full.ExecContext(ctx, values...); err != nil {
			return err
		}
		added(perInsert)
		values = values[:0]
	}
	if len(values) == 0 {
		return nil
	}
	rest := len(values) / len(t.columns)
	if _, err := tx.ExecContext(ctx, insert(rest), values...); err != nil {
		return err
	}
	added(rest)
	return nil
}

func (e *sqliteEngine) drop(ctx context.Context) error {
	return e.with(ctx, func(conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after a commit
		if _, err := tx.ExecContext(ctx, sqliteDrop); err != nil {
			return err
		}
		return tx.Commit()
	})
}

func (e *sqliteEngine) close() error {
	if e.temporary == "" {
		return nil
	}
	return os.RemoveAll(e.temporary)
}

// explain puts an error of SQLite's in terms of the file.
func (e *sqliteEngine) explain(err error) error {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return err
	}
	switch primary(lite) {
	case sqlite3.SQLITE_CANTOPEN:
		return &openError{fmt.Sprintf("cannot open %s: check that its folder exists and can be written to, and that it is a file", e.path), err}
	case sqlite3.SQLITE_NOTADB:
		return &openError{fmt.Sprintf("%s is not an SQLite database: give another path", e.path), err}
	case sqlite3.SQLITE_CORRUPT:
		return &openError{e.damaged(), err}
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return &openError{fmt.Sprintf("%s cannot be written to: make it writable or give another path", e.path), err}
	case sqlite3.SQLITE_FULL:
		return &openError{fmt.Sprintf("the disk of %s is full: make room or give another path", e.path), err}
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &openError{fmt.Sprintf("%s is locked by another process: stop it or give another path", e.path), err}
	default:
		return &openError{fmt.Sprintf("cannot use %s: %s", e.path, strings.ReplaceAll(lite.Error(), "\n", " ")), err}
	}
}

func (e *sqliteEngine) damaged() string {
	return e.path + " is damaged: delete it, and a new one will be made, or give another path"
}
