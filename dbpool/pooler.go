package dbpool

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Mode is how long one client keeps one server connection.
type Mode string

// What is between a pool and PostgreSQL.
const (
	Direct      Mode = "direct"      // nothing
	Session     Mode = "session"     // a pooler; for as long as the client is connected
	Transaction Mode = "transaction" // a pooler; until the transaction ends
	Statement   Mode = "statement"   // a pooler; until the statement ends

	// Pinning is Amazon RDS Proxy: until the transaction ends or, once a
	// statement has left something behind, until the client disconnects. Then
	// the proxy shares nothing any more, so such statements are to be avoided.
	Pinning Mode = "pinning"
)

func (m Mode) valid() bool {
	return m == Direct || m == Session || m.shared()
}

// shared reports whether two statements of one client may meet two servers.
func (m Mode) shared() bool { return m == Transaction || m == Statement || m == Pinning }

// Pooler is what is known of the pooler between a service and PostgreSQL. The
// zero value means nothing is known.
type Pooler struct {
	Mode Mode

	// Prepared says that the pooler carries the protocol's prepared statements
	// from one server connection to the next, as PgBouncer does from 1.21 on
	// if max_prepared_statements is not 0.
	Prepared bool

	// The rest is for display, and known only where PgBouncer shows its own
	// figures to the user, who must be in its stats_users or admin_users.

	Version     string // such as "1.18.0"; "" is not known
	MaxPrepared int    // max_prepared_statements; 0 is not known, or none
	PoolSize    int    // default_pool_size; 0 is not known
	MaxClients  int    // max_client_conn; 0 is not known
}

// assumedPrepared is how many statements a pooler is taken to keep when it
// does not say. Not more: it is half of PgBouncer's default, and what its
// documentation advises to begin with. Not less: a service's common statements
// should fit. A pgx cache larger than the pooler's makes it prepare again and
// again behind the scenes.
const assumedPrepared = 100

// CacheCapacity returns how many prepared statements each connection of pgx
// should keep: at most what is set now, nor more than the pooler keeps.
func (p Pooler) CacheCapacity(now int) int {
	switch {
	case !p.Mode.shared():
		return now
	case !p.Prepared:
		return 0
	case p.MaxPrepared > 0:
		return min(now, p.MaxPrepared)
	default:
		return min(now, assumedPrepared)
	}
}

// ExecMode returns how pgx should execute statements, given how it does now.
// Where prepared statements would be lost between servers it is
// [pgx.QueryExecModeExec]: one round trip, arguments still apart from the
// text, their PostgreSQL types taken from their Go types. The two other modes
// that use one round trip per statement at most are left as they are.
func (p Pooler) ExecMode(now pgx.QueryExecMode) pgx.QueryExecMode {
	if !p.Mode.shared() {
		return now
	}
	switch {
	case now == pgx.QueryExecModeDescribeExec: // two round trips, perhaps to two servers
		return pgx.QueryExecModeExec
	case now == pgx.QueryExecModeCacheStatement && !p.Prepared:
		return pgx.QueryExecModeExec
	}
	return now
}

// Apply sets on c what the pooler needs. Nothing changes for a direct
// connection or one for each session, nor for the zero Pooler.
func (p Pooler) Apply(c *pgx.ConnConfig) {
	c.DefaultQueryExecMode = p.ExecMode(c.DefaultQueryExecMode)
	c.StatementCacheCapacity = p.CacheCapacity(c.StatementCacheCapacity)
}

// String says what is known, in a line.
func (p Pooler) String() string {
	switch p.Mode {
	case "":
		return "not known"
	case Direct:
		return "none: connections go to PostgreSQL itself"
	case Pinning:
		return "RDS Proxy, one server connection for each transaction until something pins it"
	}
	var b strings.Builder
	if p.Version != "" {
		b.WriteString("PgBouncer " + p.Version)
	} else {
		b.WriteString("a pooler")
	}
	b.WriteString(", one server connection for each " + string(p.Mode))
	if p.Mode.shared() {
		if p.Prepared {
			b.WriteString(", prepared statements carried")
		} else {
			b.WriteString(", prepared statements lost")
		}
	}
	if p.PoolSize > 0 {
		b.WriteString(", " + strconv.Itoa(p.PoolSize) + " server connections")
	}
	return b.String()
}
