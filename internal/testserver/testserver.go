// Package testserver gives tests the real servers they need. The addresses
// come from the environment; the command in testserver/run starts throw-away
// servers, sets it, and runs the tests.
//
//	HONE_TEST_POSTGRES  a PostgreSQL URL whose user may create databases
//	HONE_TEST_PGBOUNCER the URL of a PgBouncer in transaction mode before it, for all databases
//	HONE_TEST_MYSQL     the data source name of a MySQL or MariaDB whose user may create databases
//	HONE_TEST_REDIS     a Redis URL
//	HONE_TEST_MEMCACHED the address of a memcached, host:port
//	HONE_TEST_MONGO     the URL of a MongoDB whose user may create databases
//	HONE_TEST_REQUIRE   1: a missing server fails the test instead of skipping it
//
// As root on Debian, the command with -install also installs the HypoPG
// extension where Debian has it. A test that wants it asks [HypoPG].
package testserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Names of the environment variables.
const (
	EnvPostgres  = "HONE_TEST_POSTGRES"
	EnvPgBouncer = "HONE_TEST_PGBOUNCER"
	EnvMySQL     = "HONE_TEST_MYSQL"
	EnvRedis     = "HONE_TEST_REDIS"
	EnvRequire   = "HONE_TEST_REQUIRE"
)

// Postgres returns the URL of an empty database that belongs to the test
// alone and is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	admin := address(t, EnvPostgres)
	name := "hone_test_" + suffix()
	execute(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })

	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("testserver: %s is not a URL", EnvPostgres) // the text may hold a password
	}
	u.Path = "/" + name
	return u.String()
}

// PgBouncer returns the URL of such a database as reached through PgBouncer in
// transaction mode. To set up what a transaction pooler cannot do, use
// [Direct].
func PgBouncer(t testing.TB) string {
	t.Helper()
	bouncer := address(t, EnvPgBouncer)
	return onServer(t, Postgres(t), bouncer)
}

// Direct returns the URL of the database of a PgBouncer URL on the PostgreSQL
// behind it.
func Direct(t testing.TB, pgbouncer string) string {
	t.Helper()
	return onServer(t, pgbouncer, address(t, EnvPostgres))
}

// HypoPG installs the HypoPG extension in the database. Where the server does
// not have it the test is skipped, or fails if HONE_TEST_REQUIRE is 1.
func HypoPG(t testing.TB, database string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatalf("testserver: %v", err)
	}
	defer conn.Close(ctx)
	var available bool
	var major string
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hypopg'),
		(current_setting('server_version_num')::int / 10000)::text`).Scan(&available, &major)
	if err != nil {
		t.Fatalf("testserver: %v", err)
	}
	if !available {
		const missing = "this PostgreSQL has no HypoPG: install Debian's postgresql-%s-hypopg, as root `make test` does"
		if os.Getenv(EnvRequire) == "1" {
			t.Fatalf("testserver: "+missing+"; %s=1", major, EnvRequire)
		}
		t.Skipf(missing, major)
	}
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS hypopg"); err != nil {
		t.Fatalf("testserver: %v", err)
	}
}

// onServer returns the URL of database's database on the server of the other
// URL, as its user.
func onServer(t testing.TB, database, server string) string {
	t.Helper()
	d, err1 := url.Parse(database)
	s, err2 := url.Parse(server)
	if err1 != nil || err2 != nil {
		t.Fatal("testserver: the address of a server is not a URL") // the text may hold a password
	}
	s.Path = d.Path
	return s.String()
}

// Redis returns the URL of a Redis that other tests use too: a test keeps to
// keys under a prefix from [Prefix].
func Redis(t testing.TB) string {
	t.Helper()
	return address(t, EnvRedis)
}

// Prefix returns a key prefix that no other test uses.
func Prefix() string { return "hone_test_" + suffix() + ":" }

func address(t testing.TB, env string) string {
	t.Helper()
	if a := os.Getenv(env); a != "" {
		return a
	}
	if os.Getenv(EnvRequire) == "1" {
		t.Fatalf("testserver: %s is not set and %s=1: run `make test`, which starts the server", env, EnvRequire)
	}
	t.Skipf("%s is not set: `make test` starts the server and sets it", env)
	return ""
}

func execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("testserver: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("testserver: %s: %v", statement, err)
	}
}

func suffix() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
