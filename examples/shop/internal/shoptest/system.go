package shoptest

import (
	"testing"

	"github.com/hone-go/hone/internal/testserver"
)

// A System is where a test has its database.
type System string

// The systems that the shop runs on, and the way there.
const (
	SQLite    System = "sqlite"
	Postgres  System = "postgres"
	PgBouncer System = "pgbouncer" // PostgreSQL through it, in transaction mode
)

// URL returns where to find an empty database, gone after the test.
func (s System) URL(t testing.TB) string {
	t.Helper()
	switch s {
	case Postgres:
		return testserver.Postgres(t)
	case PgBouncer:
		return testserver.PgBouncer(t)
	default:
		return ""
	}
}

// MaxConns is how many connections the shop may open there; 0 is the default.
// Through PgBouncer, which has five for it, they are fifty.
func (s System) MaxConns() int {
	if s == PgBouncer {
		return 50
	}
	return 0
}

// Each runs test on every system, as a part of t named for it. One that is not
// there is skipped, or fails where it is required.
func Each[T runner[T]](t T, test func(t T, on System)) {
	for _, on := range []System{SQLite, Postgres, PgBouncer} {
		t.Run(string(on), func(t T) { test(t, on) })
	}
}

// runner is a [*testing.T] or a [*testing.B].
type runner[T any] interface {
	Run(name string, part func(T)) bool
}
