package explain

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

// The catalogue is read in one round trip for each kind of thing, as JSON, so
// that arrays need no support from the driver.
const (
	// 'r' is a table, 'p' a partitioned one. reltuples is -1 before the first
	// ANALYZE; the count of rows written then says that there is something.
	// Nothing here takes a lock on a table, as pg_relation_size would: a
	// migration under way must not hold up all advice.
	postgresTables = `SELECT coalesce(json_agg(json_build_object(
			'id', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'divided', c.relkind = 'p',
			'rows', CASE WHEN c.reltuples < 0 THEN pg_stat_get_live_tuples(c.oid) ELSE c.reltuples::bigint END,
			'parent', coalesce((SELECT inhparent::bigint FROM pg_inherits WHERE inhrelid = c.oid LIMIT 1), 0),
			'visible', pg_table_is_visible(c.oid))), '[]')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'`

	postgresColumns = `SELECT coalesce(json_agg(json_build_object(
			'table', a.attrelid::bigint, 'name', a.attname, 'type', format_type(a.atttypid, NULL),
			'ordered', EXISTS (SELECT 1 FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
				WHERE m.amname = 'btree' AND o.opcdefault AND (o.opcintype = a.atttypid
					OR a.atttypid = 'varchar'::regtype OR y.typtype = 'e'
					OR y.typtype = 'd' AND o.opcintype = y.typbasetype
					OR y.typcategory = 'A' AND o.opcintype = 'anyarray'::regtype)),
			'distinct', coalesce(CASE WHEN s.n_distinct < 0 THEN -s.n_distinct ELSE s.n_distinct / greatest(c.reltuples, 1) END, 0))), '[]')
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_type y ON y.oid = a.atttypid
			LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
		WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
			AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'`

	// indoption: bit 0 is descending, bit 1 NULLs first. An operator class
	// other than the default, or a collation other than the column's, makes an
	// index that does not serve an ordinary comparison.
	postgresIndexes = `SELECT coalesce(json_agg(json_build_object(
			'table', i.indrelid::bigint, 'name', x.relname,
			'plain', m.amname = 'btree' AND i.indpred IS NULL AND i.indexprs IS NULL
				AND NOT EXISTS (SELECT 1 FROM generate_series(0, i.indnkeyatts - 1) k
					JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]
					JOIN pg_opclass o ON o.oid = i.indclass[k]
					WHERE NOT o.opcdefault OR i.indcollation[k] <> a.attcollation),
			'including', i.indnatts <> i.indnkeyatts,
			'unique', i.indisunique, 'valid', i.indisvalid,
			'constraint', EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) OR i.indisreplident OR i.indisclustered,
			'scans', coalesce(u.idx_scan, 0), 'size', x.relpages * current_setting('block_size')::bigint,
			'columns', (SELECT json_agg(json_build_object('name', coalesce(a.attname, ''), 'option', i.indoption[k]) ORDER BY k)
				FROM generate_series(0, i.indnkeyatts - 1) k
				LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND i.indkey[k] > 0))), '[]')
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
			JOIN pg_namespace n ON n.oid = x.relnamespace
			LEFT JOIN pg_stat_user_indexes u ON u.indexrelid = i.indexrelid
		WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'`

	// This one waits for locks.
	postgresDefinitions = `SELECT coalesce(json_agg(json_build_object(
			'table', i.indrelid::bigint, 'name', x.relname, 'definition', pg_get_indexdef(i.indexrelid))), '[]')
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
		WHERE NOT i.indisunique AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'`

	postgresKeys = `SELECT coalesce(json_agg(json_build_object(
			'table', c.conrelid::bigint, 'target', c.confrelid::regclass::text,
			'columns', (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k(attnum, n)
				JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum))), '[]')
		FROM pg_constraint c WHERE c.contype = 'f'`

	// Never reset means since the server's statistics began, which is not
	// told: its start is the part that is certain.
	postgresFacts = `SELECT
		(SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'),
		(SELECT extract(epoch FROM clock_timestamp() - coalesce(s.stats_reset, pg_postmaster_start_time()))::float8
			FROM pg_stat_database s WHERE s.datname = current_database()),
		array_to_json(current_schemas(false))::text`
)

func (p *postgres) catalog(ctx context.Context, conn *sql.Conn) (*catalog, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*p.statementTimeout)
	defer cancel()
	tx, err := p.begin(ctx, conn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after an error there is nothing to roll back
	cat := &catalog{tables: make(map[string]*table)}
	byID := make(map[int64]*table)
	for _, read := range []func(context.Context, *sql.Tx, *catalog, map[int64]*table) error{readTables, readColumns, readIndexes, readKeys, readFacts} {
		if err := read(ctx, tx, cat, byID); err != nil {
			return nil, fmt.Errorf("explain: reading the catalogue: %w", err)
		}
	}
	// Last, since what fails ends the transaction: without it an advice to
	// drop an index lacks the way back, and that is all.
	if err := readDefinitions(ctx, tx, byID); err != nil {
		if _, refused := refusal(err); !refused {
			return nil, fmt.Errorf("explain: reading the definitions of indexes: %w", err)
		}
	}
	return cat, nil
}

// postgresShare asks how large a part of a table's rows one value is, or NULL
// is; 0 is unknown. A value that is not among the most common ones is not told.
const postgresShare = `SELECT
	coalesce(max(CASE WHEN $5 THEN s.null_frac ELSE
		(SELECT c.part FROM unnest(s.most_common_vals::text::text[], s.most_common_freqs) c(value, part) WHERE c.value = $4) END), 0)::float8
	FROM pg_stats s WHERE s.schemaname = $1 AND s.tablename = $2 AND s.attname = $3 AND s.inherited = $6`

// readShares asks for the shares of the values that the statement's text has.
func (p *planned) readShares(ctx context.Context, tx *sql.Tx) error {
	for _, a := range p.accesses {
		t := a.rel.table
		for i := range a.literals {
			l := &a.literals[i]
			if err := tx.QueryRowContext(ctx, postgresShare, t.schema, t.name, l.column, l.value, l.null, t.divided).Scan(&l.share); err != nil {
				return err
			}
		}
	}
	return nil
}

// readJSON runs a query of one JSON value.
func readJSON(ctx context.Context, tx *sql.Tx, query string, into any) error {
	var text []byte
	if err := tx.QueryRowContext(ctx, query).Scan(&text); err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func readTables(ctx context.Context, tx *sql.Tx, cat *catalog, byID map[int64]*table) error {
	var rows []struct {
		ID, Rows, Parent int64
		Schema, Name     string
		Divided          bool
	}
	if err := readJSON(ctx, tx, postgresTables, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		t := &table{schema: r.Schema, name: r.Name, rows: r.Rows, divided: r.Divided, columns: make(map[string]columnInfo), dialect: sqltrace.Postgres}
		cat.tables[t.title()], byID[r.ID] = t, t
	}
	for _, r := range rows {
		t := byID[r.ID]
		if t.parent = byID[r.Parent]; t.parent != nil {
			t.parent.parts = append(t.parent.parts, t)
		}
	}
	for _, t := range cat.tables {
		slices.SortFunc(t.parts, func(a, b *table) int { return cmp.Compare(a.title(), b.title()) })
	}
	for _, t := range cat.tables {
		if !t.divided {
			continue
		}
		t.rows = 0 // autovacuum counts the parts alone
		for _, part := range t.leaves() {
			t.rows += part.rows
		}
	}
	return nil
}

func readColumns(ctx context.Context, tx *sql.Tx, _ *catalog, byID map[int64]*table) error {
	var rows []struct {
		Table      int64
		Name, Type string
		Ordered    bool
		Distinct   float64
	}
	if err := readJSON(ctx, tx, postgresColumns, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		if t := byID[r.Table]; t != nil {
			t.columns[r.Name] = columnInfo{typ: r.Type, ordered: r.Ordered, distinct: r.Distinct}
		}
	}
	return nil
}

func readIndexes(ctx context.Context, tx *sql.Tx, _ *catalog, byID map[int64]*table) error {
	var rows []struct {
		Table, Scans, Size               int64
		Name                             string
		Plain, Unique, Valid, Constraint bool
		Including                        bool
		Columns                          []struct {
			Name   string
			Option int
		}
	}
	if err := readJSON(ctx, tx, postgresIndexes, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		t := byID[r.Table]
		if t == nil {
			continue
		}
		x := &index{
			name: r.Name, plain: r.Plain, unique: r.Unique, valid: r.Valid, constraint: r.Constraint,
			including: r.Including, scans: r.Scans, sizeBytes: r.Size,
		}
		for _, c := range r.Columns {
			descending, nullsFirst := c.Option&1 != 0, c.Option&2 != 0
			x.columns = append(x.columns, Column{Name: c.Name, Descending: descending, Reversed: descending != nullsFirst})
		}
		t.indexes = append(t.indexes, x)
	}
	return nil
}

func readDefinitions(ctx context.Context, tx *sql.Tx, byID map[int64]*table) error {
	var rows []struct {
		Table            int64
		Name, Definition string
	}
	if err := readJSON(ctx, tx, postgresDefinitions, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		t := byID[r.Table]
		if t == nil {
			continue
		}
		for _, x := range t.indexes {
			if x.name == r.Name {
				x.definition = r.Definition
			}
		}
	}
	return nil
}

func readKeys(ctx context.Context, tx *sql.Tx, _ *catalog, byID map[int64]*table) error {
	var rows []struct {
		Table   int64
		Target  string
		Columns []string
	}
	if err := readJSON(ctx, tx, postgresKeys, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		if t := byID[r.Table]; t != nil {
			t.keys = append(t.keys, foreignKey{columns: r.Columns, target: r.Target})
		}
	}
	return nil
}

func readFacts(ctx context.Context, tx *sql.Tx, cat *catalog, _ map[int64]*table) error {
	var schema, path sql.NullString
	var age sql.NullFloat64
	if err := tx.QueryRowContext(ctx, postgresFacts).Scan(&schema, &age, &path); err != nil {
		return err
	}
	cat.hypopg = schema.String
	cat.statistics = time.Duration(age.Float64 * float64(time.Second))
	return json.Unmarshal([]byte(path.String), &cat.path)
}
