package data_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/jackc/pgx/v5"
)

func TestOpenKind(t *testing.T) {
	shoptest.Each(t, func(t *testing.T, on shoptest.System) {
		db := open(t, on)
		if got, want := db.Kind(), kindOf(on); got != want {
			t.Errorf("Kind() = %s, want %s", got, want)
		}
		if seeded(t, db) {
			t.Error("Seeded() of a new database = true")
		}
		seed(t, db, small)
		if !seeded(t, db) {
			t.Error("Seeded() after Seed = false")
		}
		if err := db.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if seeded(t, db) {
			t.Error("Seeded() after Drop = true")
		}
		if err := db.Drop(t.Context()); err != nil {
			t.Errorf("second Drop() = %v", err)
		}
	})
}

func TestOpenTemporaryFileIsRemoved(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	db, err := data.Open(t.Context(), "", data.Config{})
	if err != nil {
		t.Fatal(err)
	}
	seed(t, db, small)
	if len(entries(t, folder)) == 0 {
		t.Error("the temporary database is not in TMPDIR")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, folder); len(left) > 0 {
		t.Errorf("Close left %v behind", left)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close() = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := data.Open(ctx, "", data.Config{}); err == nil {
		t.Error("Open with a cancelled context succeeded")
	}
	if left := entries(t, folder); len(left) > 0 {
		t.Errorf("a failed Open left %v behind", left)
	}
}

func entries(t *testing.T, folder string) []string {
	t.Helper()
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name())
	}
	return names
}

func TestOpenFileLasts(t *testing.T) {
	folder := t.TempDir()
	for i, scheme := range []string{"", "sqlite:", "sqlite://"} {
		// What means something in a URL means nothing in a path.
		path := filepath.Join(folder, fmt.Sprintf("shop %d 100%%41?#&.db", i))
		db := openURL(t, scheme+path, data.Config{})
		seed(t, db, small)
		if _, err := os.Stat(path); err != nil {
			t.Errorf("Open(%q): %v", scheme+path, err)
		}
		if again := openURL(t, scheme+path, data.Config{}); !seeded(t, again) {
			t.Errorf("Open(%q) again: the rows are gone", scheme+path)
		}
	}
}

func TestOpenSQLiteErrors(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := filepath.Join(folder, "good.db")
	db, err := data.Open(t.Context(), good, data.Config{})
	if err != nil {
		t.Fatal(err)
	}
	seed(t, db, small)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	scribbled := append([]byte(nil), sound...)
	for i := 4096; i < len(scribbled); i++ {
		scribbled[i] ^= 0x5a
	}
	foreign := filepath.Join(folder, "foreign.db")
	other, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(t.Context(), `CREATE TABLE orders (mine TEXT)`); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct{ name, url, want string }{
		{"text", write("notes.txt", []byte(strings.Repeat("not a database\n", 100))), "is not an SQLite database"},
		{"truncated", write("short.db", sound[:len(sound)/2]), "is damaged: delete it"},
		{"scribbled over", write("bad.db", scribbled), "is damaged: delete it"},
		{"another application's", foreign, "holds another application's tables: give a new path"},
		{"folder missing", filepath.Join(folder, "no", "shop.db"), "check that its folder exists"},
		{"a folder", folder, "that it is a file"},
		{"memory", ":memory:", "leave the path empty"},
		{"other system", "mysql://root:secret@localhost/shop", "does not run on mysql"},
	} {
		t.Run(test.name, func(t *testing.T) { openFails(t, test.url, data.Config{}, test.want) })
	}
	after, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(before) {
		t.Error("another application's file was changed")
	}
}

// openFails checks that Open fails with one line that has the wanted words and
// no password.
func openFails(t *testing.T, url string, cfg data.Config, want string) {
	t.Helper()
	db, err := data.Open(t.Context(), url, cfg)
	if err == nil {
		db.Close()
		t.Fatalf("Open(%q) succeeded", url)
	}
	text := err.Error()
	if !strings.Contains(text, want) || strings.Contains(text, "\n") || !strings.HasPrefix(text, "data: ") {
		t.Errorf("Open(%q) = %q, want one line with %q", url, text, want)
	}
	if strings.Contains(text, "secret") || strings.Contains(text, "s%65cret") {
		t.Errorf("Open(%q) = %q, which has the password", url, text)
	}
}

func TestOpenPostgresErrors(t *testing.T) {
	for _, test := range []struct{ name, url, want string }{
		{"no server", "postgres://shop:secret@127.0.0.1:1/shop", "cannot reach PostgreSQL at 127.0.0.1:1"},
		{"no server, two tries", "postgres://shop:secret@127.0.0.1:1,127.0.0.1:2/shop", "cannot reach PostgreSQL"},
		{"no host", "postgres://shop:secret@no-such-host.invalid/shop", "cannot reach PostgreSQL at no-such-host.invalid:5432"},
		{"no slashes", "postgres:shop:secret@localhost/shop", "does not parse"},
		{"one slash", "postgres:/shop:secret@localhost/shop", "does not parse"},
		{"key and value", "host=localhost user=shop password=secret dbname=shop", "does not parse"},
		{"bad port", "postgres://shop:secret@localhost:port/shop", "does not parse"},
		{"slash in password", "postgres://shop:se/secret@localhost/shop", "does not parse"},
		{"bad escape", "postgres://shop:%zzsecret@localhost/shop", "does not parse"},
		{"bad option", "postgres://shop:secret@localhost/shop?sslmode=perhaps", "cannot be used"},
		{"password as option", "postgres://shop@localhost/shop?password=secret&sslmode=perhaps", "cannot be used"},
		{"escaped password", "postgres://shop:s%65cret@localhost/shop?sslmode=perhaps", "cannot be used"},
	} {
		t.Run(test.name, func(t *testing.T) { openFails(t, test.url, data.Config{}, test.want) })
	}
}

func TestOpenPostgresRefused(t *testing.T) {
	server := testserver.Postgres(t)
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/no_such_database"
	openFails(t, u.String(), data.Config{}, "create the database or correct its name")
}

// The user's own tables are neither seen nor touched, even under the same
// names.
func TestPostgresKeepsToItsSchema(t *testing.T) {
	server := testserver.Postgres(t)
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{
		`CREATE TABLE orders (mine text)`,
		`INSERT INTO orders VALUES ('precious')`,
		`CREATE SCHEMA taken`,
		`CREATE TABLE taken.orders (mine text)`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	db := openURL(t, server, data.Config{Schema: "shop_a"})
	other := openURL(t, server, data.Config{Schema: "shop_b"})
	seed(t, db, small)
	if seeded(t, other) {
		t.Error("one schema's rows show in another")
	}
	seed(t, other, small)
	if err := db.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !seeded(t, other) {
		t.Error("dropping one schema emptied another")
	}
	var mine string
	if err := conn.QueryRow(t.Context(), `SELECT mine FROM public.orders`).Scan(&mine); err != nil || mine != "precious" {
		t.Errorf("public.orders = %q, %v after Seed and Drop, want it untouched", mine, err)
	}
	openFails(t, server, data.Config{Schema: "taken"}, "exists and is not the shop's")
}

func TestConfigRefusals(t *testing.T) {
	for _, test := range []struct {
		cfg  data.Config
		want string
	}{
		{data.Config{Schema: "public"}, `Config.Schema is "public"`},
		{data.Config{Schema: "pg_catalog"}, `Config.Schema is "pg_catalog"`},
		{data.Config{Schema: "information_schema"}, `Config.Schema is "information_schema"`},
		{data.Config{Schema: "a; DROP"}, `Config.Schema is "a; DROP"`},
		{data.Config{Schema: "Shop"}, `Config.Schema is "Shop"`},
		{data.Config{Schema: strings.Repeat("s", 64)}, `Config.Schema is`},
		{data.Config{MaxConns: -1}, "Config.MaxConns is -1"},
	} {
		db, err := data.Open(t.Context(), "", test.cfg)
		if err == nil {
			db.Close()
			t.Errorf("Open(%+v) succeeded", test.cfg)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%+v) = %q, want it to say %q", test.cfg, err, test.want)
		}
	}
}
