package explain

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
)

// memory makes connections to a database in memory with the driver of the
// database that is advised on, so that both plan alike.
type memory struct{ driver driver.Driver }

func (m memory) Connect(context.Context) (driver.Conn, error) { return m.driver.Open(":memory:") }
func (m memory) Driver() driver.Driver                        { return m.driver }

// copySchema returns an empty database in memory with the schema and the
// statistics of the one behind conn. Virtual tables are left out: what they
// are made of is not in the schema. The caller closes it.
func copySchema(ctx context.Context, conn *sql.Conn, d driver.Driver) (*sql.DB, error) {
	db := sql.OpenDB(memory{d})
	db.SetMaxOpenConns(1) // each connection is a database of its own
	if err := fillCopy(ctx, conn, db); err != nil {
		_ = db.Close() // there is nothing in it to lose
		return nil, fmt.Errorf("explain: copying the schema: %w", err)
	}
	return db, nil
}

func fillCopy(ctx context.Context, conn *sql.Conn, db *sql.DB) error {
	// Views come last: all else is created by tables and indexes.
	rows, err := conn.QueryContext(ctx, `SELECT sql FROM sqlite_master
		WHERE type IN ('table', 'index', 'view') AND sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, rowid`)
	if err != nil {
		return err
	}
	texts, err := collect(rows, func(text *string) []any { return []any{text} })
	if err != nil {
		return err
	}
	for _, text := range texts {
		if strings.HasPrefix(strings.ToUpper(text), "CREATE VIRTUAL") {
			continue
		}
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return copyStatistics(ctx, conn, db)
}

func copyStatistics(ctx context.Context, conn *sql.Conn, db *sql.DB) error {
	stats, err := readStat1(ctx, conn)
	if err != nil || len(stats) == 0 {
		return err
	}
	if _, err := db.ExecContext(ctx, `ANALYZE`); err != nil { // makes the table
		return err
	}
	for _, s := range stats {
		if err := s.insert(ctx, db); err != nil {
			return err
		}
	}
	if err := copySamples(ctx, conn, db); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `ANALYZE sqlite_schema`) // has them read again
	return err
}

// copySamples copies what a build with SQLITE_ENABLE_STAT4 knows of single
// values: https://www.sqlite.org/fileformat2.html#stat4tab
func copySamples(ctx context.Context, conn *sql.Conn, db *sql.DB) error {
	for _, q := range []querier{conn, db} {
		rows, err := q.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE name = 'sqlite_stat4'`)
		if err != nil {
			return err
		}
		found, err := collect(rows, func(name *string) []any { return []any{name} })
		if err != nil || len(found) == 0 {
			return err
		}
	}
	rows, err := conn.QueryContext(ctx, `SELECT tbl, idx, neq, nlt, ndlt, sample FROM sqlite_stat4`)
	if err != nil {
		return err
	}
	samples, err := collect(rows, func(s *[6]any) []any { return []any{&s[0], &s[1], &s[2], &s[3], &s[4], &s[5]} })
	if err != nil {
		return err
	}
	for _, s := range samples {
		if _, err := db.ExecContext(ctx, `INSERT INTO sqlite_stat4 (tbl, idx, neq, nlt, ndlt, sample) VALUES (?, ?, ?, ?, ?, ?)`, s[:]...); err != nil {
			return err
		}
	}
	return nil
}

// stat is one row of sqlite_stat1: https://www.sqlite.org/fileformat2.html#stat1tab
type stat struct {
	table string
	index sql.NullString
	text  sql.NullString
}

func (s stat) insert(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)`, s.table, s.index, s.text)
	return err
}

// readStat1 returns the statistics, none if ANALYZE has never run.
func readStat1(ctx context.Context, conn *sql.Conn) ([]stat, error) {
	var n int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'`).Scan(&n); err != nil || n == 0 {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, `SELECT tbl, idx, stat FROM sqlite_stat1`)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(s *stat) []any { return []any{&s.table, &s.index, &s.text} })
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, into func(*T) []any) ([]T, error) {
	defer rows.Close()
	var list []T
	for rows.Next() {
		var v T
		if err := rows.Scan(into(&v)...); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
