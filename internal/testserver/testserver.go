// Package testserver gives tests the real servers they need. The addresses
// come from the environment; the command in testserver/run starts throw-away
// servers, sets it, and runs the tests.
//
//	HONE_TEST_POSTGRES  a PostgreSQL URL whose user may create databases
//	HONE_TEST_REDIS     a Redis URL
//	HONE_TEST_REQUIRE   1: a missing server fails the test instead of skipping it
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
	EnvPostgres = "HONE_TEST_POSTGRES"
	EnvRedis    = "HONE_TEST_REDIS"
	EnvRequire  = "HONE_TEST_REQUIRE"
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
