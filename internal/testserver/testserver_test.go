package testserver_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/hone-go/hone/internal/testserver"
)

func TestPostgresIsAFreshDatabase(t *testing.T) {
	ctx := t.Context()
	var dropped string
	t.Run("use", func(t *testing.T) {
		for range 2 { // the second must not see the first one's table
			dropped = testserver.Postgres(t)
			conn, err := pgx.Connect(ctx, dropped)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			if _, err := conn.Exec(ctx, "CREATE TABLE t (i int)"); err != nil {
				t.Error(err)
			}
		}
	})
	if dropped == "" {
		t.Skip("no server") // address has said why, or failed
	}
	if conn, err := pgx.Connect(ctx, dropped); err == nil {
		conn.Close(ctx)
		t.Error("the test's database still exists after the test")
	}
}

func TestMySQLIsAFreshDatabase(t *testing.T) {
	var dropped string
	t.Run("use", func(t *testing.T) {
		for range 2 { // the second must not see the first one's table
			dropped = testserver.MySQL(t)
			db, err := sql.Open("mysql", dropped)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec("CREATE TABLE t (at DATETIME(6) DEFAULT current_timestamp(6), b TEXT DEFAULT 'a')"); err != nil {
				t.Error(err)
			}
			if _, err := db.Exec("INSERT INTO t () VALUES ()"); err != nil {
				t.Error(err)
			}
			var at time.Time
			var same bool
			if err := db.QueryRow("SELECT at, b = 'A' FROM t").Scan(&at, &same); err != nil || at.IsZero() || !same {
				t.Errorf("at, b = 'A' = %v, %v, %v, want a time and true", at, same, err)
			}
		}
	})
	if dropped == "" {
		t.Skip("no server") // address has said why, or failed
	}
	db, err := sql.Open("mysql", dropped)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if db.Ping() == nil {
		t.Error("the test's database still exists after the test")
	}
}

func TestPgBouncerReachesTheSameDatabase(t *testing.T) {
	ctx := t.Context()
	pooled := testserver.PgBouncer(t)
	direct := testserver.Direct(t, pooled)
	var names, ports [2]string
	for i, u := range []string{pooled, direct} {
		cfg, err := pgx.ParseConfig(u)
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = fmt.Sprint(cfg.Port)
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if err := conn.QueryRow(ctx, "SELECT current_database()").Scan(&names[i]); err != nil {
			t.Fatal(err)
		}
	}
	if names[0] != names[1] || !strings.HasPrefix(names[0], "hone_test_") {
		t.Errorf("databases through PgBouncer and directly = %q, want the same one, of the test's own", names)
	}
	if ports[0] == ports[1] {
		t.Errorf("both are on port %s, want PgBouncer on one and PostgreSQL on the other", ports[0])
	}
}

func TestHypoPGIsThere(t *testing.T) {
	database := testserver.Postgres(t)
	testserver.HypoPG(t, database)
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "SELECT * FROM hypopg_list_indexes"); err != nil {
		t.Error(err)
	}
}

func TestRedisAnswers(t *testing.T) {
	opt, err := rueidis.ParseURL(testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client, err := rueidis.NewClient(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	key := testserver.Prefix() + "k"
	if err := client.Do(ctx, client.B().Set().Key(key).Value("v").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	defer client.Do(ctx, client.B().Del().Key(key).Build())
	if got, err := client.Do(ctx, client.B().Get().Key(key).Build()).ToString(); got != "v" || err != nil {
		t.Errorf("GET = %q, %v, want v", got, err)
	}
}
