//go:build unix

package dbpool_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

// fill opens connections besides the ones that are open until the server
// refuses one, and returns how many it gave, and its error.
func fill(t *testing.T, url string) (int, error) {
	t.Helper()
	for n := 0; ; n++ {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return n, err
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
	}
}

// budget probes with conn and returns what is left for a service, conn
// included.
func budget(t *testing.T, conn *pgx.Conn) dbpool.Answer {
	t.Helper()
	s, err := dbpool.Probe(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	a, err := dbpool.Budget(dbpool.Plan{}, s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBudgetAgreesWithAServerThatRefuses(t *testing.T) {
	installed(t, "postgres")
	p, admin, err := server.Postgres(t.Context(), serverDir(t), "max_connections=12", "superuser_reserved_connections=2", "max_wal_senders=0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	root := connect(t, admin) // stays, as another's connection
	exec(t, root, "CREATE ROLE shop LOGIN")
	service := strings.Replace(admin, "postgres@", "shop@", 1)
	testserver.Eventually(t, "the connection that saw the server start has left", func() bool {
		var clients int
		err := root.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").Scan(&clients)
		return err == nil && clients == 1
	})
	conn := connect(t, service)
	a := budget(t, conn)
	if a.Tight.Limit != dbpool.ByServer || a.Tight.Available != 9 || a.Tight.Kept != 2 || a.Tight.Others != 1 {
		t.Errorf("Budget = %+v, want 12 − 2 − 1 = 9 by max_connections", a.Tight)
	}
	got, err := fill(t, service)
	if got+1 != a.Tight.Available {
		t.Errorf("the server gave %d connections, Budget said %d", got+1, a.Tight.Available)
	}
	wants(t, err, dbpool.ReservedSlotsLeft)
	if s, err := dbpool.Probe(t.Context(), conn); err != nil || s.Own != got+1 || s.Others != 1 {
		t.Errorf("Probe of the full server = %+v, %v, want own %d and 1 other", s, err, got+1)
	}
	_, err = fill(t, admin)
	wants(t, err, dbpool.TooManyClients)
}

func TestBudgetAgreesWithARoleThatIsRefused(t *testing.T) {
	service, _ := role(t, testserver.Postgres(t), "CONNECTION LIMIT 3")
	conn := connect(t, service)
	a := budget(t, conn)
	if a.Tight.Limit != dbpool.ByRole || a.Tight.Available != 3 {
		t.Errorf("Budget = %+v, want 3 by the role's limit", a.Tight)
	}
	if len(a.Server.Unknown) != 1 || a.Server.Superuser {
		t.Errorf("Probe = %+v, want an ordinary role, and what it cannot know", a.Server)
	}
	got, err := fill(t, service)
	if got+1 != 3 {
		t.Errorf("the server gave %d connections, Budget said 3", got+1)
	}
	wants(t, err, dbpool.RoleLimit)
}

func TestBudgetAgreesWithADatabaseThatIsRefused(t *testing.T) {
	database := testserver.Postgres(t)
	service, name := role(t, database, "IN ROLE pg_read_all_stats")
	admin := connect(t, database) // counts: it is in the database
	exec(t, admin, "ALTER DATABASE "+name[1:]+" CONNECTION LIMIT 4")
	conn := connect(t, service)
	var others int
	if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND usename <> $1`, name).Scan(&others); err != nil {
		t.Fatal(err)
	}
	a := budget(t, conn)
	if a.Tight.Limit != dbpool.ByDatabase || a.Tight.Available != 4-others {
		t.Errorf("Budget = %+v, want %d by the database's limit", a.Tight, 4-others)
	}
	if len(a.Server.Unknown) != 0 {
		t.Errorf("Unknown = %q for a role that may read all, want none", a.Server.Unknown)
	}
	got, err := fill(t, service)
	if got+1 != a.Tight.Available {
		t.Errorf("the server gave %d connections, Budget said %d", got+1, a.Tight.Available)
	}
	wants(t, err, dbpool.DatabaseLimit)
}

func TestCheck(t *testing.T) {
	service, _ := role(t, testserver.Postgres(t), "CONNECTION LIMIT 6")
	pool := open(t, service, direct(dbpool.Config{Size: 1}))
	if err := dbpool.Check(t.Context(), pool, dbpool.Plan{Size: 2, Overflow: 1}); err != nil {
		t.Errorf("Check of (2 + 1) × 2 on 6 = %v, want none", err)
	}
	err := dbpool.Check(t.Context(), pool, dbpool.Plan{Size: 2, Overflow: 2})
	var over *dbpool.OverBudgetError
	if !errors.Is(err, dbpool.ErrOverBudget) || !errors.As(err, &over) {
		t.Fatalf("Check of (2 + 2) × 2 on 6 = %v, want ErrOverBudget", err)
	}
	want := "dbpool: the pools do not fit the server: they need 8 of the 6 connections that the connection limit of the role leaves: set size 2 and overflow 1"
	if err.Error() != want {
		t.Errorf("the error = %v, want %s", err, want)
	}
	if err := dbpool.Check(t.Context(), pool, dbpool.Plan{Size: -1}); err == nil || errors.Is(err, dbpool.ErrOverBudget) {
		t.Errorf("Check of a bad plan = %v, want another error", err)
	}
	pool.Close()
	if err := dbpool.Check(t.Context(), pool, dbpool.Plan{}); err == nil || errors.Is(err, dbpool.ErrOverBudget) {
		t.Errorf("Check of a closed pool = %v, want another error", err)
	}
}

// TestOpenRefusesWhatDoesNotFit: Config.Fit makes Open check before the service
// starts.
func TestOpenRefusesWhatDoesNotFit(t *testing.T) {
	service, _ := role(t, testserver.Postgres(t), "CONNECTION LIMIT 6")
	for _, tt := range []struct {
		overflow int
		over     bool
	}{{1, false}, {2, true}} {
		pool, err := dbpool.Open(t.Context(), service, direct(dbpool.Config{Size: 2, Overflow: tt.overflow, Fit: &dbpool.Plan{Size: 99}}))
		if got := errors.Is(err, dbpool.ErrOverBudget); got != tt.over || (pool == nil) != tt.over {
			t.Errorf("Open of (2 + %d) × 2 on 6 = %v, %v, want refused: %v", tt.overflow, pool, err, tt.over)
		}
		if pool != nil {
			pool.Close()
		}
	}
}

func TestCheckThroughPgBouncer(t *testing.T) {
	pool := open(t, testserver.PgBouncer(t), dbpool.Config{})
	if err := dbpool.Check(t.Context(), pool, dbpool.Plan{Size: 1}); err != nil {
		t.Errorf("Check through PgBouncer = %v, want none", err)
	}
}
