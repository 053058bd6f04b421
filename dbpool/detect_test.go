//go:build unix

package dbpool_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// installed skips the test, or fails it where servers are required, if a
// program that it starts is not there.
func installed(t *testing.T, program string) {
	t.Helper()
	if server.Find(program) != "" {
		return
	}
	if os.Getenv(testserver.EnvRequire) == "1" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
}

// serverDir returns a temporary folder that other users may pass through,
// unlike t.TempDir's: as root, the servers run as one.
func serverDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hone-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// bouncer starts a PgBouncer with settings of its own and returns the URL of a
// fresh database behind it.
func bouncer(t *testing.T, settings ...string) string {
	t.Helper()
	installed(t, "pgbouncer")
	database := testserver.Postgres(t)
	p, url, err := server.PgBouncer(t.Context(), serverDir(t), database, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return url
}

func detect(t *testing.T, url string) dbpool.Pooler {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	p, err := dbpool.Detect(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDetect(t *testing.T) {
	if got := detect(t, testserver.Postgres(t)); got.Mode != dbpool.Direct {
		t.Errorf("Detect of PostgreSQL itself = %+v, want direct", got)
	}
	const noConsole = "stats_users ="
	tests := []struct {
		name     string
		settings []string
		want     dbpool.Mode
		console  bool
	}{
		{"transaction", nil, dbpool.Transaction, true},
		{"transaction, no console", []string{noConsole}, dbpool.Transaction, false},
		{"transaction, last used first", []string{noConsole, "server_round_robin = 0"}, dbpool.Transaction, false},
		{"session", []string{"pool_mode = session"}, dbpool.Session, true},
		{"session, no console", []string{noConsole, "pool_mode = session"}, dbpool.Session, false},
		{"statement", []string{"pool_mode = statement"}, dbpool.Statement, true},
		{"statement, no console", []string{noConsole, "pool_mode = statement"}, dbpool.Statement, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := detect(t, bouncer(t, tt.settings...))
			if got.Mode != tt.want {
				t.Errorf("Detect = %+v, want mode %s", got, tt.want)
			}
			if (got.Version != "") != tt.console || (got.PoolSize == server.BouncerPoolSize) != tt.console || (got.MaxClients == server.BouncerMaxClients) != tt.console {
				t.Errorf("Detect = %+v, want figures of the console: %v", got, tt.console)
			}
			if tt.want != dbpool.Transaction || !tt.console {
				return
			}
			// max_prepared_statements is there from 1.21 on, and on from 1.24 on.
			if carries := minor(t, got.Version) >= 24; got.Prepared != carries || (got.MaxPrepared > 0) != carries {
				t.Errorf("Detect = %+v, want prepared statements carried: %v", got, carries)
			}
			if minor(t, got.Version) < 21 {
				return
			}
			for _, most := range []int{0, 50} {
				got := detect(t, bouncer(t, append(tt.settings, fmt.Sprint("max_prepared_statements = ", most))...))
				if got.Prepared != (most > 0) || got.CacheCapacity(512) != most {
					t.Errorf("Detect with max_prepared_statements %d = %+v, want it to be seen", most, got)
				}
			}
		})
	}
}

// minor returns the 18 of a PgBouncer 1.18.0.
func minor(t *testing.T, version string) int {
	t.Helper()
	parts := strings.Split(version, ".")
	if len(parts) < 2 || parts[0] != "1" {
		t.Fatalf("PgBouncer %s: want 1.minor", version)
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		t.Fatalf("PgBouncer %s: %v", version, err)
	}
	return n
}

// Open looks with the credentials that the pool's hook brings.
func TestOpenDetectsAsThePoolConnects(t *testing.T) {
	pc, err := pgxpool.ParseConfig(testserver.PgBouncer(t))
	if err != nil {
		t.Fatal(err)
	}
	user := pc.ConnConfig.User
	pc.ConnConfig.User = "nobody_there"
	pc.BeforeConnect = func(_ context.Context, cc *pgx.ConnConfig) error {
		cc.User = user
		return nil
	}
	pool, err := dbpool.OpenConfig(t.Context(), pc, dbpool.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), "SELECT $1::int", 1); err != nil {
		t.Error(err)
	}

	refuse := errors.New("no token")
	pc.BeforeConnect = func(context.Context, *pgx.ConnConfig) error { return refuse }
	if _, err := dbpool.OpenConfig(t.Context(), pc, dbpool.Config{}); !errors.Is(err, refuse) {
		t.Errorf("OpenConfig with a hook that fails = %v, want %v", err, refuse)
	}
}

// The mode of one database or one user goes before the mode for all, and what
// the console says agrees with what the server processes show without it.
func TestDetectOwnMode(t *testing.T) {
	tests := []struct {
		name  string
		lines func(user, database, address string) []string
		want  dbpool.Mode
	}{
		{"a database's session", func(_, database, address string) []string {
			return []string{"pool_mode = transaction", "[databases]", database + " = " + address + " pool_mode=session pool_size=3"}
		}, dbpool.Session},
		{"a database's transaction", func(_, database, address string) []string {
			return []string{"pool_mode = session", "[databases]", database + " = " + address + " pool_mode=transaction pool_size=3"}
		}, dbpool.Transaction},
		{"a user's session", func(user, database, address string) []string {
			return []string{"[databases]", database + " = " + address + " pool_mode=transaction pool_size=3", "[users]", user + " = pool_mode=session"}
		}, dbpool.Session},
	}
	installed(t, "pgbouncer")
	for _, tt := range tests {
		for _, console := range []bool{true, false} {
			database := testserver.Postgres(t)
			u, err := url.Parse(database)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			if !console {
				lines = append(lines, "stats_users =")
			}
			lines = append(lines, tt.lines(u.User.Username(), u.Path[1:], "host="+u.Hostname()+" port="+u.Port())...)
			p, through, err := server.PgBouncer(t.Context(), serverDir(t), database, lines...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Stop)
			got := detect(t, through)
			if got.Mode != tt.want || console && got.PoolSize != 3 {
				t.Errorf("%s, console %v: Detect = %+v, want mode %s and 3 servers", tt.name, console, got, tt.want)
			}
		}
	}
}

// Detect takes a connection that is open, and leaves it open.
func TestDetectConn(t *testing.T) {
	for _, tt := range []struct {
		database string
		want     dbpool.Mode
	}{{testserver.Postgres(t), dbpool.Direct}, {testserver.PgBouncer(t), dbpool.Transaction}} {
		cfg, err := pgx.ParseConfig(tt.database)
		if err != nil {
			t.Fatal(err)
		}
		dials := 0
		dial := cfg.DialFunc
		cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return dial(ctx, network, addr)
		}
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		got, err := dbpool.DetectConn(t.Context(), conn)
		if err != nil || got.Mode != tt.want {
			t.Errorf("DetectConn = %+v, %v, want mode %s", got, err, tt.want)
		}
		if tt.want == dbpool.Direct && dials != 1 {
			t.Errorf("DetectConn of a direct connection opened %d others, want none", dials-1)
		}
		if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
			t.Errorf("the connection after DetectConn: %v", err)
		}
		if _, err := dbpool.DetectConn(t.Context(), conn); err == nil {
			t.Error("DetectConn inside a transaction = nil, want an error")
		}
	}
}

func TestIsRDSProxy(t *testing.T) {
	tests := []struct {
		host string
		want bool
	}{
		{"shop.proxy-abc123.eu-central-1.rds.amazonaws.com", true},
		{"Shop.Proxy-abc123.eu-central-1.rds.amazonaws.com.", true},
		{"reads.endpoint.proxy-abc123.eu-central-1.rds.amazonaws.com", true},
		{"shop.proxy-abc123.cn-north-1.rds.amazonaws.com.cn", true},
		{"shop.cluster-abc123.eu-central-1.rds.amazonaws.com", false},
		{"proxy-shop.abc123.eu-central-1.rds.amazonaws.com", false},
		{"shop.proxy-abc123.eu-central-1.rds.amazonaws.com.example.org", false},
		{"127.0.0.1", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := dbpool.IsRDSProxy(tt.host); got != tt.want {
			t.Errorf("isRDSProxy(%q) = %v, want %v", tt.host, got, tt.want)
		}
	}
}

// A proxy by its name, which here leads to PostgreSQL itself.
func TestDetectRDSProxy(t *testing.T) {
	cfg, err := pgx.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	address := cfg.Host
	cfg.Host = "shop.proxy-abc123.eu-central-1.rds.amazonaws.com"
	cfg.Fallbacks = nil
	cfg.LookupFunc = func(context.Context, string) ([]string, error) { return []string{address}, nil }
	got, err := dbpool.Detect(t.Context(), cfg)
	if err != nil || got.Mode != dbpool.Pinning || got.Prepared {
		t.Errorf("Detect = %+v, %v, want pinning", got, err)
	}
}

func TestDetectLeavesNothingBehind(t *testing.T) {
	url := bouncer(t, "default_pool_size = 1")
	// From 1.21 on PgBouncer keeps the statement under a name of its own.
	for range 3 { // a statement left prepared would make the second fail
		if got := detect(t, url); got.Mode != dbpool.Transaction {
			t.Fatalf("Detect = %+v, want transaction", got)
		}
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var left int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_prepared_statements WHERE name NOT LIKE 'PGBOUNCER_%'").Scan(&left); err != nil || left != 0 {
		t.Errorf("prepared statements on the server = %d, %v, want 0", left, err)
	}
}
