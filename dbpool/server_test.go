package dbpool_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/ledger"
)

// direct is a configuration for a pool on PostgreSQL itself.
func direct(cfg dbpool.Config) dbpool.Config {
	cfg.Pooler = dbpool.Pooler{Mode: dbpool.Direct}
	return cfg
}

// open returns a pool that is closed at the end of the test.
func open(t *testing.T, url string, cfg dbpool.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := dbpool.Open(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// connect returns a connection that is closed at the end of the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// hush is the password of the roles, which must appear nowhere.
const hush = "hush1hush"

// role makes an ordinary role that may connect to the database at the URL, and
// returns that URL with the role in it and the role's name.
func role(t *testing.T, database, options string) (string, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name := "r" + u.Path[1:]
	admin := connect(t, database)
	exec(t, admin, "CREATE ROLE "+name+" LOGIN PASSWORD '"+hush+"' "+options)
	t.Cleanup(func() {
		// The database, and with it the role's connections, is still there:
		// its own clean-up was registered before this one.
		conn, err := pgx.Connect(context.Background(), database)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), "DROP ROLE "+name); err != nil {
			t.Error(err)
		}
	})
	u.User = url.UserPassword(name, hush)
	return u.String(), name
}

// request returns a context with an account, and how to read the account.
func request(t *testing.T) (context.Context, func() ledger.SQL) {
	t.Helper()
	l := new(ledger.Ledger)
	l.Open(t.Context(), time.Now())
	return l, func() ledger.SQL { return l.SQL(time.Now()) }
}
