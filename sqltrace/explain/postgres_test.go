package explain_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/sqltrace/explain"
)

// items is a table of 20,000 rows with as many indexes as a test adds.
var items = []string{
	`CREATE TABLE owner (id bigint PRIMARY KEY, name varchar(40) NOT NULL)`,
	`CREATE TABLE item (id bigint PRIMARY KEY, owner_id bigint NOT NULL REFERENCES owner (id), kind text NOT NULL, made timestamptz NOT NULL, note varchar(40), extra json)`,
	`INSERT INTO owner SELECT i, 'owner ' || i FROM generate_series(1, 2000) i`,
	`INSERT INTO item SELECT i, 1 + i % 2000, 'kind ' || i % 5, timestamptz '2026-01-01' + i * interval '1 minute', 'note ' || i, '{}' FROM generate_series(1, 20000) i`,
	`ANALYZE`,
}

// events is a table of 20,000 rows in partitions, one of them divided again.
var events = []string{
	`CREATE TABLE event (id bigint, at timestamptz, note text) PARTITION BY RANGE (id)`,
	`CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10000)`,
	`CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10000) TO (50000) PARTITION BY RANGE (id)`,
	`CREATE TABLE event_2_a PARTITION OF event_2 FOR VALUES FROM (10000) TO (50000)`,
	`INSERT INTO event SELECT i, timestamptz '2026-01-01' + i * interval '1 minute', 'note ' || i FROM generate_series(1, 20000) i`,
	`CREATE INDEX ON event (note)`,
}

// TestEveryExecMode: the parameters of a statement are those of its EXPLAIN,
// in each way that pgx has to send them.
func TestEveryExecMode(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			in := &database{db.DB, db.driver, with(t, db.dsn, "default_query_exec_mode", mode)}
			r := in.advise(t, explain.Config{},
				query{`SELECT id FROM item WHERE owner_id = $1 AND made > $2`, []any{int64(7), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
				query{`SELECT id FROM item WHERE note = $1`, []any{"note 7"}},
			)
			got := summary(r)
			for _, want := range []string{"ON public.item (owner_id) [true]", "ON public.item (note) [true]"} {
				if !strings.Contains(got, want) {
					t.Errorf("report:\n%s\nwant it to contain %q", got, want)
				}
			}
			if len(r.Skipped) > 0 {
				t.Errorf("skipped: %+v, want none", r.Skipped)
			}
		})
	}
}

func TestPostgresAdvice(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	db.exec(t,
		`CREATE VIEW cheap AS SELECT id, note FROM item WHERE kind <> 'kind 1'`,
		`ALTER TABLE item ADD state varchar(9), ADD done boolean, ADD sent date`,
		`UPDATE item SET state = CASE WHEN id % 100 = 0 THEN 'open' ELSE 'done' END, done = id % 100 > 0, sent = CASE WHEN id % 100 > 0 THEN date '2026-01-01' + id::int % 999 END`,
	)
	db.exec(t, events...)
	db.exec(t,
		`CREATE TABLE mother (a bigint)`,
		`CREATE TABLE child () INHERITS (mother)`,
		`INSERT INTO child SELECT i FROM generate_series(1, 20000) i`,
		`CREATE TABLE "Odd Name" ("Select" text, "a""b" bigint)`,
		`INSERT INTO "Odd Name" SELECT 's' || i, i FROM generate_series(1, 20000) i`,
		`ANALYZE`,
	)
	tests := []struct {
		name  string
		query query
		want  string
	}{
		{"equality", query{`SELECT * FROM item WHERE note = $1`, []any{"note 5"}}, "ON public.item (note) [true]"},
		{"list", query{`SELECT * FROM item WHERE owner_id = ANY ($1)`, []any{[]int64{1, 2, 3}}}, "ON public.item (owner_id) [true]"},
		{"literal", query{`SELECT * FROM item WHERE owner_id = 5`, nil}, "ON public.item (owner_id) [true]"},
		{"range", query{`SELECT * FROM item WHERE made < $1`, []any{time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC)}}, "ON public.item (made) [true]"},
		{"order and limit", query{`SELECT * FROM item ORDER BY made DESC, id LIMIT 10`, nil}, "order: CREATE INDEX CONCURRENTLY IF NOT EXISTS item_made_id_idx ON public.item (made DESC, id) [true]"},
		{"equality, order and limit", query{`SELECT * FROM item WHERE kind = $1 ORDER BY made LIMIT 10`, []any{"kind 1"}}, "ON public.item (kind, made) [true]"},
		{"order, served", query{`SELECT * FROM item ORDER BY id DESC LIMIT 10`, nil}, ""},
		{"order of few", query{`SELECT * FROM item WHERE id = ANY ($1) ORDER BY made LIMIT 10`, []any{[]int64{1, 2}}}, ""},
		{"nulls", query{`SELECT * FROM item ORDER BY note DESC NULLS LAST LIMIT 10`, nil}, "ON public.item (note DESC NULLS LAST) [true]"},
		{"join", query{`SELECT i.id FROM owner o JOIN item i ON i.owner_id = o.id WHERE o.id = $1`, []any{int64(9)}}, "ON public.item (owner_id) [true]"},
		{"view", query{`SELECT id FROM cheap WHERE note = $1`, []any{"note 5"}}, "ON public.item (note) [true]"},
		{"names that need quotes", query{`SELECT * FROM "Odd Name" WHERE "a""b" = $1`, []any{int64(3)}}, `ON public."Odd Name" ("a""b") [true]`},
		{"expression", query{`SELECT * FROM item i WHERE lower(i.note) = $1`, []any{"x"}}, "item_lower_note_text_idx ON public.item ((lower((note)::text))) [true]"},
		{"expression with a constant", query{`SELECT * FROM item WHERE extra ->> 'key' = $1`, []any{"x"}}, "ON public.item ((extra ->> 'key'::text)) [true]"},
		{"expression with an argument", query{`SELECT * FROM item WHERE coalesce(note, $1) = $2`, []any{"secret", "x"}}, "skipped: public.item is scanned for a condition that no index on its columns serves"},
		{"expression that depends on settings", query{`SELECT * FROM item WHERE to_char(made, 'YYYY') = $1`, []any{"2026"}}, "skipped: public.item is scanned for a condition on an expression, and the planner takes no index on it"},
		{"aggregate", query{`SELECT kind FROM item GROUP BY kind HAVING max(note) = $1`, []any{"x"}}, ""},
		{"rare value", query{`SELECT * FROM item WHERE state = 'open' ORDER BY made LIMIT 10`, nil}, "item_made_where_state_open_idx ON public.item (made) WHERE state = 'open' [true]"},
		{"rare value alone", query{`SELECT * FROM item WHERE state = 'open'`, nil}, "ON public.item (state) WHERE state = 'open' [true]"},
		{"rare value as argument", query{`SELECT * FROM item WHERE state = $1 ORDER BY made LIMIT 10`, []any{"open"}}, "ON public.item (state, made) [true]"},
		{"rare truth", query{`SELECT * FROM item WHERE NOT done ORDER BY made LIMIT 10`, nil}, "item_made_where_not_done_idx ON public.item (made) WHERE NOT done [true]"},
		{"rare truth as argument", query{`SELECT * FROM item WHERE done = $1 ORDER BY made LIMIT 10`, []any{false}}, "ON public.item (done, made) [true]"},
		{"rare null", query{`SELECT * FROM item WHERE sent IS NULL ORDER BY made LIMIT 10`, nil}, "ON public.item (made) WHERE sent IS NULL [true]"},
		{"common value", query{`SELECT * FROM item WHERE state = 'done' ORDER BY made LIMIT 10`, nil}, "ON public.item (state, made) [true]"},
		{"value of a key", query{`SELECT * FROM item WHERE owner_id = 7`, nil}, "ON public.item (owner_id) [true]"},
		{"partitioned", query{`SELECT * FROM event WHERE at = $1`, []any{time.Now()}}, "index: CREATE INDEX IF NOT EXISTS event_at_idx ON ONLY public.event (at);\n" +
			"CREATE INDEX CONCURRENTLY IF NOT EXISTS event_1_at_idx ON public.event_1 (at);\n" +
			"ALTER INDEX public.event_at_idx ATTACH PARTITION public.event_1_at_idx;\n" +
			"CREATE INDEX IF NOT EXISTS event_2_at_idx ON ONLY public.event_2 (at);\n" +
			"CREATE INDEX CONCURRENTLY IF NOT EXISTS event_2_a_at_idx ON public.event_2_a (at);\n" +
			"ALTER INDEX public.event_2_at_idx ATTACH PARTITION public.event_2_a_at_idx;\n" +
			"ALTER INDEX public.event_at_idx ATTACH PARTITION public.event_2_at_idx [true]"},
		{"partitioned, order", query{`SELECT * FROM event e ORDER BY at DESC LIMIT 5`, nil}, "order: CREATE INDEX IF NOT EXISTS event_at_idx ON ONLY public.event (at DESC);"},
		{"partitioned, served", query{`SELECT * FROM event WHERE note = $1`, []any{"x"}}, ""},
		{"one partition", query{`SELECT * FROM event WHERE id = 5 AND at = $1`, []any{time.Now()}}, "ON ONLY public.event ("},
		{"inherited", query{`SELECT * FROM child WHERE a = $1`, []any{int64(5)}}, "ON public.child (a) [true]"},
		{"alternatives", query{`SELECT * FROM item WHERE note = $1 OR kind = $2`, []any{"x", "y"}}, "no index on its columns"},
		{"served", query{`SELECT * FROM item WHERE id = $1`, []any{int64(1)}}, ""},
		{"type without order", query{`SELECT * FROM item WHERE extra IS NULL`, nil}, ""},
		{"all rows", query{`SELECT * FROM item WHERE kind >= $1`, []any{"a"}}, ""},
		{"does not parse", query{`SELECT FROM FROM`, nil}, "skipped: it does not parse (SQLSTATE 42601)"},
		{"table gone", query{`SELECT * FROM gone WHERE a = $1`, []any{int64(1)}}, "skipped: a table of it is gone (SQLSTATE 42P01)"},
		{"argument of another type", query{`SELECT * FROM item WHERE owner_id = $1`, []any{"secret"}}, "skipped: the server does not explain it (SQLSTATE 22P02)"},
		{"argument of no type", query{`SELECT * FROM item WHERE owner_id = $1`, []any{[]string{"secret"}}}, "skipped: the driver does not send its arguments"},
		{"too few arguments", query{`SELECT * FROM item WHERE owner_id = $1`, nil}, "skipped: "},
		{"two statements", query{`SELECT 1; SELECT * FROM item WHERE note = 'x'`, nil}, "skipped: the text is not one whole statement"},
		{"hidden statement", query{`SELECT 'a\'; DROP TABLE item; --'`, nil}, "skipped: the text is not one whole statement"},
		{"catalogue", query{`SELECT * FROM pg_class WHERE relname = $1`, []any{"x"}}, "skipped: it reads the database's own tables"},
		{"utility", query{`VACUUM item`, nil}, "skipped: it is not a SELECT"},
		{"write in WITH", query{`WITH d AS (DELETE FROM item WHERE note = $1 RETURNING 1) SELECT * FROM d`, []any{"x"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := summary(db.advise(t, explain.Config{}, tt.query))
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("report:\n%s\nwant %q", got, tt.want)
			}
			if strings.Contains(got, "secret") {
				t.Errorf("report:\n%s\nquotes an argument", got)
			}
		})
	}
}

func TestPostgresUnvalidated(t *testing.T) {
	db := openPostgres(t)
	db.exec(t, items...)
	tests := []struct {
		query query
		want  string
	}{
		{query{`SELECT * FROM item WHERE note = $1`, []any{"note 5"}}, "ON public.item (note) [false]"},
		{query{`SELECT * FROM item WHERE owner_id = $1 AND kind = $2`, []any{int64(5), "kind 2"}}, "ON public.item (owner_id) [false]"},
		{query{`SELECT * FROM item ORDER BY made LIMIT 10`, nil}, "ON public.item (made) [false]"},
		{query{`SELECT * FROM item WHERE kind = $1`, []any{"kind 2"}}, ""}, // a fifth of the table
		{query{`SELECT * FROM item WHERE id = $1`, []any{int64(5)}}, ""},
		{query{`SELECT * FROM item WHERE lower(note) = $1`, []any{"x"}}, "skipped: public.item is scanned for a condition on an expression: without hypopg"},
		{query{`SELECT * FROM event WHERE at = $1`, []any{time.Now()}}, "ALTER INDEX public.event_at_idx ATTACH PARTITION public.event_1_at_idx"},
	}
	db.exec(t, events...)
	db.exec(t, `ANALYZE`)
	for _, tt := range tests {
		r := db.advise(t, explain.Config{}, tt.query)
		got := summary(r)
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s:\n%s\nwant %q", tt.query.sql, got, tt.want)
		}
		for _, ad := range r.Advice {
			if ad.Validated || !strings.Contains(ad.Unvalidated, "hypopg") || ad.After > ad.Before/2 {
				t.Errorf("%s: Unvalidated = %q, cost %v → %v", ad.SQL, ad.Unvalidated, ad.Before, ad.After)
			}
		}
	}
}

func TestPostgresIndexes(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	db.exec(t,
		`CREATE INDEX item_kind ON item (kind)`,
		`CREATE INDEX item_kind_made ON item (kind, made DESC)`,
		`CREATE INDEX item_kind_note ON item (kind) INCLUDE (note)`, // carries what the other has not
		`CREATE INDEX item_part ON item (kind) WHERE made > '2026-01-02'`,
		`CREATE UNIQUE INDEX item_once ON item (note)`, // keeps the data right
		`ALTER TABLE item ADD CONSTRAINT item_alone EXCLUDE USING btree (id WITH =)`,
		`CREATE UNIQUE INDEX item_replica ON item (id)`,
		`ALTER TABLE item REPLICA IDENTITY USING INDEX item_replica`,
		`CREATE INDEX item_cluster ON item (made)`,
		`ALTER TABLE item CLUSTER ON item_cluster`,
		`ALTER TABLE item ADD second bigint REFERENCES owner (id)`,
		`CREATE INDEX item_second ON item (second)`, // a delete in owner looks there
		`CREATE TABLE used (a bigint)`,
		`INSERT INTO used SELECT generate_series(1, 20000)`,
		`CREATE INDEX used_a ON used (a)`,
		`ANALYZE used`,
		`CREATE INDEX item_broken ON item (owner_id)`,
		`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_broken'::regclass`,
	)
	// Counts are shown at the end of the session that scanned.
	used := open(t, "pgx", db.dsn)
	used.exec(t, `SELECT * FROM used WHERE a = 5`)
	if err := used.Close(); err != nil {
		t.Fatal(err)
	}
	for db.text(t, `SELECT (idx_scan > 0)::text FROM pg_stat_user_indexes WHERE indexrelname = 'used_a'`) != "true" {
		if t.Context().Err() != nil {
			t.Fatal("the scan was never counted")
		}
	}
	r := db.advise(t, explain.Config{MinStatistics: time.Nanosecond},
		query{`SELECT * FROM item WHERE owner_id = $1`, []any{int64(4)}})
	got := summary(r)
	for _, want := range []string{
		"invalid: REINDEX INDEX CONCURRENTLY public.item_broken [false]",
		"duplicate: DROP INDEX CONCURRENTLY IF EXISTS public.item_kind [false]",
		"unused: DROP INDEX CONCURRENTLY IF EXISTS public.item_kind_made [false]",
		"unused: DROP INDEX CONCURRENTLY IF EXISTS public.item_kind_note [false]",
		"unused: DROP INDEX CONCURRENTLY IF EXISTS public.item_part [false]",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("report:\n%s\nwant it to contain %q", got, want)
		}
	}
	if n := strings.Count(got, "\n"); n != 5 {
		t.Errorf("report:\n%s\nhas %d lines, want 5", got, n)
	}
	for _, ad := range r.Advice {
		if ad.Kind == explain.KindUnused && !strings.Contains(ad.Migration, "CREATE INDEX "+ad.Index) {
			t.Errorf("Migration = %q, want the way back", ad.Migration)
		}
	}

	// Statistics of some minutes prove nothing.
	r = db.advise(t, explain.Config{}, query{`SELECT 1`, nil})
	if got := summary(r); strings.Contains(got, "unused") {
		t.Errorf("report with young statistics:\n%s", got)
	}
}

func TestForeignKey(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	join := query{`SELECT o.name FROM item i JOIN owner o ON o.id = i.owner_id WHERE i.id = $1`, []any{int64(3)}}
	r := db.advise(t, explain.Config{}, join)
	if got, want := summary(r), "foreign-key: CREATE INDEX CONCURRENTLY IF NOT EXISTS item_owner_id_idx ON public.item (owner_id) [false]\n"; got != want {
		t.Errorf("report:\n%s\nwant %q", got, want)
	}
	if len(r.Advice) == 1 && r.Advice[0].Gain != 0 {
		t.Errorf("Gain = %v, want 0: the plan does not need it", r.Advice[0].Gain)
	}
	db.exec(t, `CREATE INDEX ON item (owner_id)`)
	if got := summary(db.advise(t, explain.Config{}, join)); got != "" {
		t.Errorf("report with the index:\n%s\nwant silence", got)
	}
}

// TestNeverChanges: schema and data are the same afterwards, and a role that
// may only read is enough.
func TestNeverChanges(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	role := "hone_reader_" + fmt.Sprint(time.Now().UnixNano())
	db.exec(t,
		`CREATE ROLE `+role+` LOGIN`,
		`REVOKE ALL ON SCHEMA public FROM PUBLIC`,
		`GRANT USAGE ON SCHEMA public TO `+role,
		`GRANT SELECT ON item TO `+role,
		`CREATE TABLE secret (a bigint)`,
		`INSERT INTO secret SELECT generate_series(1, 20000)`,
	)
	t.Cleanup(func() { db.exec(t, `DROP OWNED BY `+role, `DROP ROLE `+role) })
	const state = `SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
		SELECT 'c ' || oid || relname || relfilenode || relkind::text || coalesce(relacl::text, '') || pg_stat_get_analyze_count(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace
		UNION ALL SELECT 'i ' || i.indexrelid || pg_get_indexdef(i.indexrelid) || i.indisvalid FROM pg_index i
		UNION ALL SELECT 'r ' || x::text FROM item x UNION ALL SELECT 'o ' || x::text FROM owner x UNION ALL SELECT 's ' || x::text FROM secret x) s(line)`
	before := db.text(t, state)

	u, err := url.Parse(db.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	reader := &database{db.DB, db.driver, u.String()}
	queries := []query{
		{`SELECT * FROM item WHERE note = $1`, []any{"note 5"}},
		{`SELECT * FROM secret WHERE a = $1`, []any{int64(5)}},
		{`SELECT setval('nowhere', 1), id FROM item WHERE note = $1 FOR UPDATE`, []any{"note 5"}},
		{`DELETE FROM item`, nil},
		{`WITH gone AS (DELETE FROM item RETURNING 1) SELECT count(*) FROM gone`, nil},
		{`SELECT id INTO copied FROM item`, nil},
	}
	r := reader.advise(t, explain.Config{}, queries...)
	got := summary(r)
	for _, want := range []string{"ON public.item (note) [true]", "skipped: the adviser's role may not read its tables (SQLSTATE 42501)", "skipped: it has INTO"} {
		if !strings.Contains(got, want) {
			t.Errorf("report:\n%s\nwant it to contain %q", got, want)
		}
	}
	db.advise(t, explain.Config{}, queries...) // with the role that may do everything
	if after := db.text(t, state); after != before {
		t.Errorf("checksum of schema and data = %s, want %s as before", after, before)
	}
}

// TestPartitions: the statements advised for a partitioned table, run one by
// one, make an index that is valid and used, and they can be taken back.
func TestPartitions(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, events...)
	// As autovacuum does it: the table as a whole has no statistics.
	db.exec(t, `CREATE INDEX event_1_old ON event_1 (at)`, `ANALYZE event_1, event_2_a`)
	search := query{`SELECT * FROM event WHERE at = $1`, []any{time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC)}}
	r := db.advise(t, explain.Config{}, search)
	if len(r.Advice) != 1 || !r.Advice[0].Validated || r.Advice[0].Table != "public.event" || r.Advice[0].SizeBytes < 100_000 {
		t.Fatalf("advice = %+v, want one on event, validated", r.Advice)
	}
	ad := r.Advice[0]
	if !strings.Contains(ad.SQL, "ATTACH PARTITION public.event_1_old") {
		t.Errorf("SQL = %s, want the index that is there attached", ad.SQL)
	}
	db.exec(t, strings.Split(ad.SQL, ";\n")...)
	if got := db.text(t, `SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'event_at_idx'::regclass`); got != "true" {
		t.Errorf("indisvalid = %s, want the index whole", got)
	}
	if got := summary(db.advise(t, explain.Config{}, search)); got != "" {
		t.Errorf("with the index:\n%s\nwant silence", got)
	}
	_, down, _ := strings.Cut(ad.Migration, "-- down\n")
	db.exec(t, down)
	if got := db.text(t, `SELECT count(*)::text FROM pg_indexes WHERE indexdef LIKE '%(at)'`); got != "0" {
		t.Errorf("indexes left = %s, want 0", got)
	}
}

// TestVariedLiterals: what one text says holds for it alone, if others with
// the same fingerprint say something else.
func TestVariedLiterals(t *testing.T) {
	db := openHypoPG(t)
	db.exec(t, items...)
	db.exec(t, `ALTER TABLE item ADD state text`, `UPDATE item SET state = CASE WHEN id % 100 = 0 THEN 'open' ELSE 'done' END`, `ANALYZE`)
	open := query{`SELECT * FROM item WHERE state = 'open' ORDER BY made LIMIT 10`, nil}
	done := query{`SELECT * FROM item WHERE state = 'done' ORDER BY made LIMIT 10`, nil}
	got := summary(db.advise(t, explain.Config{}, open, done))
	if want := "ON public.item (state, made) [true]"; !strings.Contains(got, want) {
		t.Errorf("report:\n%s\nwant %q", got, want)
	}
	// What serves all values serves the rare one too.
	got = summary(db.advise(t, explain.Config{}, open, query{`SELECT * FROM item WHERE state = $1 AND id > $2 ORDER BY made LIMIT 10`, []any{"done", int64(0)}}))
	if want := "ON public.item (state, made) [true]"; strings.Count(got, "\n") != 1 || !strings.Contains(got, want) {
		t.Errorf("report:\n%s\nwant %q alone", got, want)
	}
}

func (db *database) text(t *testing.T, query string) string {
	t.Helper()
	var s string
	if err := db.QueryRowContext(t.Context(), query).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPostgresLocked(t *testing.T) {
	db := openPostgres(t)
	db.exec(t, items...)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`LOCK TABLE item IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	got := summary(db.advise(t, explain.Config{LockTimeout: 5 * time.Millisecond}, query{`SELECT * FROM item WHERE note = $1`, []any{"x"}}))
	if want := "skipped: a table of it is locked (SQLSTATE 55P03)\n"; got != want {
		t.Errorf("report = %q, want %q", got, want)
	}
}

// TestPostgresTimeout: planning evaluates immutable functions, and so can take
// as long as they do.
func TestPostgresTimeout(t *testing.T) {
	db := openPostgres(t)
	db.exec(t, items...)
	db.exec(t, `CREATE FUNCTION slow() RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN ''x''; END'`)
	got := summary(db.advise(t, explain.Config{StatementTimeout: 500 * time.Millisecond}, query{`SELECT * FROM item WHERE note = slow()`, nil}))
	if want := "skipped: planning it takes longer than Config.StatementTimeout (SQLSTATE 57014)\n"; got != want {
		t.Errorf("report = %q, want %q", got, want)
	}
}

func TestPostgresLost(t *testing.T) {
	db := &database{driver: "pgx", dsn: "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"}
	a := db.adviser(t, explain.Config{})
	a.Observe(`SELECT * FROM item WHERE note = $1`, []any{"secret"}, time.Second)
	err := a.Pass(t.Context())
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Pass() = %v, want that there is no server", err)
	}
	if r := a.Report(); r.Waiting != 1 || r.Explained != 0 {
		t.Errorf("waiting, explained = %d, %d, want 1, 0", r.Waiting, r.Explained)
	}
}
