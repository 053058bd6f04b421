package shop_test

import (
	"testing"

	"github.com/hone-go/hone/internal/testserver"
)

// system is where a test has its database.
type system string

// The systems that the shop runs on, and the way there.
const (
	onSQLite    system = "sqlite"
	onPostgres  system = "postgres"
	onPgBouncer system = "pgbouncer" // PostgreSQL through it, in transaction mode
)

var systems = []system{onSQLite, onPostgres, onPgBouncer}

// url returns where to find an empty database, gone after the test.
func (s system) url(t testing.TB) string {
	t.Helper()
	switch s {
	case onPostgres:
		return testserver.Postgres(t)
	case onPgBouncer:
		return testserver.PgBouncer(t)
	default:
		return ""
	}
}

// maxConns is how many connections the shop may open there; 0 is the default.
// Through PgBouncer, which has five for it, they are fifty.
func (s system) maxConns() int {
	if s == onPgBouncer {
		return 50
	}
	return 0
}
