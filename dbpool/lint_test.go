package dbpool_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/dbpool"
)

func features(hazards []dbpool.Hazard) string {
	var names []string
	for _, h := range hazards {
		names = append(names, h.Feature)
	}
	return strings.Join(names, ", ")
}

func TestLint(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"", ""},
		{";;", ""},
		{"SELECT 1", ""},
		{"SET search_path = shop", "SET"},
		{"  -- why\n /* a /* nested */ one */ set SESSION x TO 1", "SET"},
		{"SET ROLE someone", "SET"},
		{"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET"},
		{"SET LOCAL search_path = shop", ""},
		{"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", ""},
		{"SET CONSTRAINTS ALL DEFERRED", ""},
		{"UPDATE t SET a = 1", ""},
		{"ALTER ROLE shop SET search_path = shop", ""},
		{"RESET ALL", "RESET"},
		{"SELECT set_config('a.b', $1, true)", ""},
		{"SELECT pg_catalog.set_config('a.b', f(1, 2), 't'::bool)", ""},
		{"SELECT set_config('a.b', $1, false)", "SET"},
		{"SELECT set_config('a.b', $1, $2)", "SET"},
		{"SELECT set_config('a.b', 'x', (true))", "SET"}, // careful, not clever
		{"SELECT set_config('a.b'", "SET"},
		{"LISTEN orders", "LISTEN"},
		{"UNLISTEN *", "LISTEN"},
		{"NOTIFY orders", ""},
		{"SELECT pg_notify('orders', '1')", ""},
		{"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "WITH HOLD cursor"},
		{"DECLARE c CURSOR FOR SELECT 1", ""},
		{"PREPARE q AS SELECT 1", "PREPARE"},
		{"EXECUTE q", "PREPARE"},
		{"DEALLOCATE q", "PREPARE"},
		{"DEALLOCATE ALL", ""},
		{"DISCARD ALL", ""},
		{"PREPARE TRANSACTION 'x'", ""},
		{"CREATE TEMP TABLE t (i int)", "temporary table"},
		{"CREATE LOCAL TEMPORARY TABLE t (i int) ON COMMIT PRESERVE ROWS", "temporary table"},
		{"CREATE OR REPLACE TEMP VIEW v AS SELECT 1", "temporary table"},
		{"CREATE TEMP TABLE t (i int) ON COMMIT DROP", ""},
		{"CREATE TABLE temp (i int)", ""},
		{"SELECT 1 AS i INTO TEMP t", "temporary table"},
		{"LOAD 'auto_explain'", "LOAD"},
		{"SELECT pg_advisory_lock(1)", "session advisory lock"},
		{"WITH l AS (SELECT pg_try_advisory_lock_shared(1, 2)) SELECT * FROM l", "session advisory lock"},
		{"SELECT pg_advisory_unlock_all()", "session advisory lock"},
		{"SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(2)", ""},
		{"SELECT pg_advisory_lock FROM t", ""}, // a column
		{"INSERT INTO t VALUES (1); SELECT currval('t_id_seq')", "currval"},
		{"SELECT lastval()", "currval"},
		{"SELECT 'SET x = 1; LISTEN a; pg_advisory_lock(1)'", ""},
		{`SELECT "pg_advisory_lock(1)", 'it''s; LISTEN a'`, ""},
		{`SELECT E'it\'s; LISTEN a'`, ""},
		{"SELECT $$a; LISTEN b$$, $x$ $$; LISTEN c $x$", ""},
		{"SELECT $1; LISTEN a", "LISTEN"},
		{"SELECT 1 -- ; LISTEN a\r\n; LISTEN b", "LISTEN"},
		{"SELECT 'never ends; LISTEN a", ""},
		{"SELECT 1 /* never ends; LISTEN a", ""},
		{"SELECT $q$ never ends; LISTEN a", ""},
		{"SET a = 1; SET b = 2; LISTEN c", "SET, LISTEN"},
		{"(SELECT pg_advisory_lock(1)) UNION SELECT pg_advisory_lock(2)", "session advisory lock"},
	}
	for _, tt := range tests {
		got := dbpool.Lint(tt.sql)
		if features(got) != tt.want {
			t.Errorf("Lint(%q) = %q, want %q", tt.sql, features(got), tt.want)
		}
		for _, h := range got {
			if h.Problem == "" || h.Remedy == "" {
				t.Errorf("Lint(%q) gives %q without problem or remedy", tt.sql, h.Feature)
			}
		}
	}
}

func TestLintStartup(t *testing.T) {
	got := dbpool.LintStartup(map[string]string{
		"application_name": "shop", "TimeZone": "UTC", "statement_timeout": "1s", "search_path": "shop",
	})
	if want := "connection parameter search_path, connection parameter statement_timeout"; features(got) != want {
		t.Errorf("LintStartup = %q, want %q", features(got), want)
	}
}

func FuzzLint(f *testing.F) {
	for _, s := range []string{"SELECT 1; SET x = 1", "E'\\", "$a$ $a$", "/*/*", "set_config((),", "\"", "$", "é$1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		found := dbpool.Lint(sql)
		// In a comment nothing is code, whatever it is.
		inert := strings.NewReplacer("*", "", "/", "").Replace(sql)
		if got := dbpool.Lint("SELECT 1 /*" + inert + "*/"); len(got) != 0 {
			t.Errorf("Lint of %q in a comment = %v, want nothing", inert, got)
		}
		// Each hazard is named once.
		for i, h := range found {
			if slices.Contains(found[i+1:], h) {
				t.Errorf("Lint(%q) names %q twice", sql, h.Feature)
			}
		}
	})
}
