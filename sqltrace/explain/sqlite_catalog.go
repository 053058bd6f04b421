package explain

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/sqltrace"
)

// maxCounted bounds the rows counted in a table without statistics. Not fewer:
// the estimate should tell a large table from a very large one. Not more: it is
// some milliseconds of reading.
const maxCounted = 200_000

func (l *sqlite) catalog(ctx context.Context, conn *sql.Conn) (*catalog, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*l.timeout)
	defer cancel()
	cat := &catalog{tables: make(map[string]*table)}
	rows, err := conn.QueryContext(ctx, `SELECT name FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND sql NOT LIKE 'CREATE VIRTUAL%'`)
	if err != nil {
		return nil, fmt.Errorf("explain: reading the schema: %w", err)
	}
	tableNames, err := collect(rows, func(name *string) []any { return []any{name} })
	if err != nil {
		return nil, fmt.Errorf("explain: reading the schema: %w", err)
	}
	stats, err := readStat1(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("explain: reading the statistics: %w", err)
	}
	for _, name := range tableNames {
		t := &table{name: strings.ToLower(name), columns: make(map[string]columnInfo), dialect: sqltrace.SQLite}
		for _, read := range []func(context.Context, *sql.Conn, *table) error{sqliteColumns, sqliteIndexes, sqliteKeys} {
			if err := read(ctx, conn, t); err != nil {
				return nil, fmt.Errorf("explain: reading the schema of %s: %w", name, err)
			}
		}
		if err := t.count(ctx, conn, stats); err != nil {
			return nil, fmt.Errorf("explain: counting %s: %w", name, err)
		}
		cat.tables[t.name] = t
	}
	return cat, nil
}

func sqliteColumns(ctx context.Context, conn *sql.Conn, t *table) error {
	rows, err := conn.QueryContext(ctx, `SELECT name, type, pk FROM pragma_table_info(?)`, t.name)
	if err != nil {
		return err
	}
	type info struct {
		name, typ string
		key       int
	}
	list, err := collect(rows, func(c *info) []any { return []any{&c.name, &c.typ, &c.key} })
	if err != nil {
		return err
	}
	keys := 0
	for _, c := range list {
		keys = max(keys, c.key)
	}
	for _, c := range list {
		t.columns[strings.ToLower(c.name)] = columnInfo{
			typ: c.typ, ordered: true,
			isRowid: keys == 1 && c.key == 1 && strings.EqualFold(c.typ, "INTEGER"),
		}
	}
	return nil
}

func sqliteIndexes(ctx context.Context, conn *sql.Conn, t *table) error {
	rows, err := conn.QueryContext(ctx, `SELECT l.name, l."unique", l.origin <> 'c', l.partial, coalesce(lower(x.name), ''), x."desc", x.cid,
			coalesce((SELECT sql FROM sqlite_master m WHERE m.type = 'index' AND m.name = l.name), '')
		FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x WHERE x.key = 1 ORDER BY l.seq, x.seqno`, t.name)
	if err != nil {
		return err
	}
	type part struct {
		index, definition           string
		unique, constraint, partial bool
		column                      Column
		cid                         int
	}
	list, err := collect(rows, func(p *part) []any {
		return []any{&p.index, &p.unique, &p.constraint, &p.partial, &p.column.Name, &p.column.Descending, &p.cid, &p.definition}
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		n := len(t.indexes)
		if n == 0 || t.indexes[n-1].name != p.index {
			t.indexes = append(t.indexes, &index{name: p.index, unique: p.unique, constraint: p.constraint, plain: !p.partial, valid: true, definition: p.definition})
			n++
		}
		x := t.indexes[n-1]
		x.columns = append(x.columns, p.column)
		x.plain = x.plain && p.cid >= 0 // -1 is the rowid, -2 an expression
	}
	return nil
}

func sqliteKeys(ctx context.Context, conn *sql.Conn, t *table) error {
	rows, err := conn.QueryContext(ctx, `SELECT id, "table", lower("from") FROM pragma_foreign_key_list(?) ORDER BY id, seq`, t.name)
	if err != nil {
		return err
	}
	type part struct {
		id             int
		target, column string
	}
	list, err := collect(rows, func(p *part) []any { return []any{&p.id, &p.target, &p.column} })
	if err != nil {
		return err
	}
	last := -1
	for _, p := range list {
		if p.id != last {
			t.keys = append(t.keys, foreignKey{target: p.target})
			last = p.id
		}
		k := &t.keys[len(t.keys)-1]
		k.columns = append(k.columns, p.column)
	}
	return nil
}

// count estimates the rows of the table: by the statistics, or by counting up
// to a bound.
func (t *table) count(ctx context.Context, conn *sql.Conn, stats []stat) error {
	for _, s := range stats {
		if !strings.EqualFold(s.table, t.name) {
			continue
		}
		numbers := averages(s.text.String)
		if len(numbers) == 0 {
			continue
		}
		t.rows = max(t.rows, int64(numbers[0]))
		for _, x := range t.indexes {
			if strings.EqualFold(x.name, s.index.String) || x.constraint && strings.EqualFold(s.index.String, t.name) {
				x.average = numbers[1:]
			}
		}
	}
	if t.rows > 0 {
		return nil
	}
	return conn.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+quote(t.name)+` LIMIT `+strconv.Itoa(maxCounted)+`)`).Scan(&t.rows)
}

// averages reads the numbers at the front of a stat text, such as
// "100000 20 1 sz=40": rows, then rows for one value of the first columns.
func averages(text string) []float64 {
	var list []float64
	for f := range strings.FieldsSeq(text) {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil || n < 0 {
			break
		}
		list = append(list, float64(n))
	}
	return list
}

// sampled bounds the rows in which distinct values are counted. Not fewer: a
// column of some thousand values must show them. Not more: it is some
// milliseconds of reading.
const sampled = 10_000

// sample estimates the distinct values of the columns compared for equality,
// from the first rows of the table. If they are sorted by such a column, too
// few values are seen, and the gain is estimated too low, never too high.
func (a *access) sample(ctx context.Context, conn *sql.Conn) error {
	t := a.rel.table
	for _, name := range slices.Concat(a.equal, a.joined) {
		c := t.columns[name]
		if c.isRowid || c.distinct > 0 || t.rows == 0 {
			continue
		}
		var n, distinct float64
		err := conn.QueryRowContext(ctx, `SELECT count(*), count(DISTINCT c) FROM
			(SELECT `+t.read(name)+` AS c FROM `+quote(t.name)+` LIMIT `+strconv.Itoa(sampled)+`)`).Scan(&n, &distinct)
		if err != nil {
			return err
		}
		switch {
		case distinct == 0:
			continue
		case distinct > n/2: // mostly different: more rows hold more values
			c.distinct = distinct / n
		default:
			c.distinct = distinct / float64(t.rows)
		}
		t.columns[name] = c
	}
	for i := range a.literals {
		if err := a.literals[i].sample(ctx, conn, t); err != nil {
			return err
		}
	}
	return nil
}

// sample estimates the literal's share from the first and the last rows: a
// state such as pending is one of new rows. A table WITHOUT ROWID has no last
// rows that are known without a sort, and its shares stay unknown.
func (l *literal) sample(ctx context.Context, conn *sql.Conn, t *table) error {
	half := strconv.Itoa(sampled / 2)
	part := func(order string) string {
		return `SELECT * FROM (SELECT ` + l.text + ` AS c FROM ` + quote(t.name) + order + ` LIMIT ` + half + `)`
	}
	var n, found float64
	err := conn.QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN c THEN 1 END) FROM
		(`+part("")+` UNION ALL `+part(" ORDER BY rowid DESC")+`)`).Scan(&n, &found)
	if err != nil {
		return ctx.Err()
	}
	if n > 0 {
		l.share = max(found, 1) / n
	}
	return nil
}

// read is the column as SQL.
func (t *table) read(name string) string {
	if t.columns[name].expression {
		return name
	}
	return quote(name)
}
