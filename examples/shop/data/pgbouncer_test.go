package data_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/jackc/pgx/v5"
)

// direct connects to the database of a PgBouncer URL past PgBouncer, and
// executes statements.
func direct(t *testing.T, database string, statements ...string) *pgx.Conn {
	t.Helper()
	return connect(t, testserver.Direct(t, database), statements...)
}

// connect connects to a database for the length of the test and executes
// statements.
func connect(t *testing.T, database string, statements ...string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return conn
}

// relations lists what people have made in the database: tables, indexes and
// sequences, as schema.name.
func relations(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var names string
	err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(relnamespace::regnamespace || '.' || relname, ' ' ORDER BY 1), '')
		FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace`).Scan(&names)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Through a pooler the shop is in the schema where the database makes new
// tables, beside the user's, and leaves it as it was.
func TestPgBouncerKeepsToItsTables(t *testing.T) {
	url := testserver.PgBouncer(t)
	conn := direct(t, url,
		`CREATE SCHEMA app`,
		`ALTER DATABASE `+databaseName(t, url)+` SET search_path = app, public`,
		`CREATE TABLE app.invoices (mine text)`,
		`CREATE TABLE invoices (mine text)`)
	before := relations(t, conn)
	db := openURL(t, url, data.Config{Schema: "shop_a"})
	seed(t, db, small)
	if err := db.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := relations(t, conn); !strings.Contains(got, "app.order_lines_product_id") || strings.Contains(got, "shop_a.") {
		t.Errorf("relations after Seed = %s, want the shop's in app", got)
	}
	if !seeded(t, openURL(t, url, data.Config{Schema: "shop_a"})) {
		t.Error("Seeded() of the same shop opened again = false")
	}
	openFails(t, url, data.Config{Schema: "shop_b"}, "the table customers exists and is not this shop's")
	if err := db.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := relations(t, conn); got != before {
		t.Errorf("relations after Drop = %s, want %s", got, before)
	}
}

// A table of the user's under one of the shop's names is not touched, even if
// it came later than the shop.
func TestPgBouncerRefusesOthersTables(t *testing.T) {
	url := testserver.PgBouncer(t)
	db := openURL(t, url, data.Config{})
	conn := direct(t, url,
		`CREATE SCHEMA app`,
		`CREATE TABLE orders (mine text)`,
		`INSERT INTO orders VALUES ('precious')`)
	const want = "the table orders exists and is not this shop's"
	_, seededErr := db.Seeded(t.Context())
	for what, err := range map[string]error{
		"Seed":   data.Seed(t.Context(), db, small, nil),
		"Seeded": seededErr,
		"Index":  db.Index(t.Context()),
		"Drop":   db.Drop(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s() = %v, want %q", what, err, want)
		}
	}
	openFails(t, url, data.Config{}, want)

	var mine string
	if err := conn.QueryRow(t.Context(), `SELECT mine FROM public.orders`).Scan(&mine); err != nil || mine != "precious" {
		t.Errorf("public.orders = %q, %v, want it untouched", mine, err)
	}
}

// Nor is one hidden that comes later in the search path.
func TestPgBouncerHidesNoTable(t *testing.T) {
	url := testserver.PgBouncer(t)
	direct(t, url,
		`CREATE SCHEMA app`,
		`ALTER DATABASE `+databaseName(t, url)+` SET search_path = app, public`,
		`CREATE TABLE staff (mine text)`)
	openFails(t, url, data.Config{}, "the table staff exists and is not this shop's")
}

// Drop does not take along what the user has built on the shop's tables.
func TestPgBouncerDropSparesDependents(t *testing.T) {
	url := testserver.PgBouncer(t)
	db := openURL(t, url, data.Config{})
	seed(t, db, small)
	direct(t, url, `CREATE VIEW late AS SELECT id FROM orders`)
	err := db.Drop(t.Context())
	if err == nil || !strings.Contains(err.Error(), "other objects depend on them: drop those first") || strings.Contains(err.Error(), "\n") {
		t.Errorf("Drop() = %v, want one line that says what is in the way", err)
	}
	if !seeded(t, db) {
		t.Error("a refused Drop took rows")
	}
}

func TestPgBouncerRefusesParameters(t *testing.T) {
	url := testserver.PgBouncer(t)
	openFails(t, withParameter(t, url, "statement_timeout"), data.Config{}, "leave it out of the URL")
	openURL(t, withParameter(t, url, "search_path"), data.Config{}) // the shop never takes it from there
}

func withParameter(t *testing.T, database, name string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set(name, "1")
	u.RawQuery = query.Encode()
	return u.String()
}

func databaseName(t *testing.T, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}
