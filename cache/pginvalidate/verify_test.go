package pginvalidate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver"
)

func TestVerifySaysWhatIsWrong(t *testing.T) {
	conn := connect(t, testserver.Postgres(t))
	setup := pginvalidate.Setup{Rules: []pginvalidate.Rule{products}}
	run(t, conn, productsTable)
	changed := products
	changed.Tags = []string{"p:{id}"}
	const prefix = `ON shop.products`
	for _, tt := range []struct{ name, sql, want string }{
		{"a missing trigger", "DROP TRIGGER hone_invalidate_delete " + prefix, "shop.products: the trigger hone_invalidate_delete is missing"},
		{"a disabled one", "ALTER TABLE shop.products DISABLE TRIGGER hone_invalidate_update", "shop.products: the trigger hone_invalidate_update is disabled"},
		{"all disabled", "ALTER TABLE shop.products DISABLE TRIGGER ALL", "hone_invalidate_truncate is disabled"},
		{"only on replicas", "ALTER TABLE shop.products ENABLE REPLICA TRIGGER hone_invalidate_insert", "hone_invalidate_insert is disabled"},
		{"a changed function", "ALTER FUNCTION hone.invalidate_shop_products_" + suffixOf(t, setup) + "() RESET search_path", "another version"},
		{
			"another trigger of the name", "DROP TRIGGER hone_invalidate_insert " + prefix + "; CREATE TRIGGER hone_invalidate_insert AFTER INSERT " + prefix +
				" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "hone_invalidate_insert is not the one",
		},
		{"other rules", mustMigrate(t, pginvalidate.Setup{Rules: []pginvalidate.Rule{changed}}), "another version"},
		{"a function of no rule", mustMigrate(t, pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: "other", Tags: []string{"o"}}, products}}), "is of no rule"},
		{"nothing at all", mustRollback(t, setup), "hone_invalidate_insert is missing"},
	} {
		migrate(t, conn, setup)
		migrate(t, conn, setup) // once more changes nothing
		if err := pginvalidate.Verify(t.Context(), conn, setup); err != nil {
			t.Fatalf("before %s: Verify = %v, want nil", tt.name, err)
		}
		if tt.name == "a function of no rule" {
			run(t, conn, "CREATE TABLE other ()")
		}
		run(t, conn, tt.sql)
		err := pginvalidate.Verify(t.Context(), conn, setup)
		var verr *pginvalidate.VerifyError
		if !errors.As(err, &verr) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("after %s: Verify = %v, want %q in a VerifyError", tt.name, err, tt.want)
			continue
		}
		run(t, conn, verr.SQL)
	}
	if err := pginvalidate.Verify(t.Context(), conn, pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: "gone", Tags: []string{"x"}}}}); err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("Verify with a table that is not there = %v, want it named", err)
	}
}

// TestMigrationNamesAColumnThatIsNotThere fails before a write would.
func TestMigrationNamesAColumnThatIsNotThere(t *testing.T) {
	conn := connect(t, testserver.Postgres(t))
	run(t, conn, productsTable)
	_, err := conn.Exec(t.Context(), mustMigrate(t, pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: "shop.products", Tags: []string{"x:{nope}"}}}}))
	if err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("the migration with an unknown column = %v, want an error that names it", err)
	}
	run(t, conn, "INSERT INTO shop.products VALUES (1)")
}

// TestWritersNeedNoRights writes as a role that may not even see the schema of
// the functions.
func TestWritersNeedNoRights(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: "own", Tags: []string{"own:{id}"}}}},
		"CREATE TABLE own (id int)")
	role := "writer_" + strings.TrimPrefix(b.conn.Config().Database, "hone_test_")
	run(t, b.conn, "CREATE ROLE "+role, "REVOKE ALL ON SCHEMA hone FROM PUBLIC", "GRANT INSERT ON own TO "+role)
	got := b.invalidated(t, "SET ROLE "+role, "INSERT INTO own VALUES (1)", "RESET ROLE")
	run(t, b.conn, "DROP OWNED BY "+role, "DROP ROLE "+role)
	if want := "own:1"; got != want {
		t.Errorf("a role without rights invalidated %q, want %q", got, want)
	}
}

func mustMigrate(t *testing.T, s pginvalidate.Setup) string {
	t.Helper()
	sql, err := pginvalidate.Migration(s)
	if err != nil {
		t.Fatal(err)
	}
	return sql
}

func mustRollback(t *testing.T, s pginvalidate.Setup) string {
	t.Helper()
	sql, err := pginvalidate.Rollback(s)
	if err != nil {
		t.Fatal(err)
	}
	return sql
}

// suffixOf returns the hash in the name of the only function.
func suffixOf(t *testing.T, s pginvalidate.Setup) string {
	t.Helper()
	_, after, _ := strings.Cut(mustMigrate(t, s), "hone.invalidate_shop_products_")
	suffix, _, _ := strings.Cut(after, "(")
	return suffix
}
