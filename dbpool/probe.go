package dbpool

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Querier is what [Probe] reads with: a *pgx.Conn, a *pgxpool.Pool or a
// pgx.Tx.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// The own connections are those of this role in this database. pg_stat_activity
// shows every role's name and database to everyone, but the kind of process to
// its owner only: of the rest, whatever has a role and a database counts as a
// client. Walsenders and workers have slots of their own.
const probeSQL = `
SELECT current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int,
       coalesce(current_setting('reserved_connections', true), '0')::int,
       r.rolconnlimit, d.datconnlimit, r.rolsuper,
       r.rolsuper OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
       a.others, a.role_others, a.database_others, a.own
FROM pg_catalog.pg_roles r
JOIN pg_catalog.pg_database d ON d.datname = current_database()
CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE NOT same_role OR NOT same_database)::int AS others,
	       count(*) FILTER (WHERE same_role AND NOT same_database)::int AS role_others,
	       count(*) FILTER (WHERE same_database AND NOT same_role)::int AS database_others,
	       count(*) FILTER (WHERE same_database AND same_role)::int AS own
	FROM (
		SELECT usesysid = r.oid AS same_role, datid = d.oid AS same_database
		FROM pg_catalog.pg_stat_activity
		WHERE usesysid IS NOT NULL AND datid IS NOT NULL
		  AND coalesce(backend_type, 'client backend') = 'client backend'
	) clients
) a
WHERE r.rolname = current_user`

// Probe reads what the server can give to the role and database of conn. Use
// the service's own role: each has its own limits. An ordinary role may read
// all of it, with one exception, which Server.Unknown names. Through a pooler
// it reads the server behind, where the pooler's connections, not the
// service's, are the service's own.
//
// Cost: one round trip, two where the statement is not prepared yet.
func Probe(ctx context.Context, conn Querier) (Server, error) {
	var s Server
	var seesAll bool
	// QueryExecModeExec goes through every pooler.
	err := conn.QueryRow(ctx, probeSQL, pgx.QueryExecModeExec).Scan(
		&s.MaxConnections, &s.SuperuserReserved, &s.Reserved,
		&s.RoleLimit, &s.DatabaseLimit, &s.Superuser, &seesAll,
		&s.Others, &s.RoleOthers, &s.DatabaseOthers, &s.Own)
	if err != nil {
		return Server{}, fmt.Errorf("dbpool: cannot read the server's limits: %w", err)
	}
	s.RoleLimit, s.DatabaseLimit = max(0, s.RoleLimit), max(0, s.DatabaseLimit) // -1 is none
	if !seesAll {
		s.Unknown = append(s.Unknown,
			"this role cannot tell parallel workers of other roles from their connections, and counts both: grant it pg_read_all_stats")
	}
	return s, nil
}

// ErrOverBudget is matched by the error of [Check] for a plan that does not
// fit.
var ErrOverBudget = errors.New("dbpool: the pools do not fit the server")

// OverBudgetError says by how much.
type OverBudgetError struct{ Answer Answer }

// Error names the numbers, and the size to set.
func (e *OverBudgetError) Error() string {
	a := e.Answer
	advice := fmt.Sprintf("set size %d and overflow %d", a.Size, a.Overflow)
	if a.PerProcess == 0 {
		advice = "no size fits: put PgBouncer in between, or run fewer processes"
	}
	return fmt.Sprintf("%v: they need %d of the %d connections that the %s leaves: %s",
		ErrOverBudget, a.Need, a.Tight.Available, a.Tight.Limit, advice)
}

// Is makes it match [ErrOverBudget].
func (e *OverBudgetError) Is(target error) bool { return target == ErrOverBudget }

// Check refuses, with an [*OverBudgetError], a plan that does not fit the
// server. Call it at start-up, before the service says that it is ready. Any
// other error means that it could not tell.
//
// It is meant for a direct connection. Behind a transaction pooler the
// service's connections are clients of the pooler: compare Answer.Peak with
// max_client_conn.
func Check(ctx context.Context, conn Querier, plan Plan) error {
	s, err := Probe(ctx, conn)
	if err != nil {
		return err
	}
	a, err := Budget(plan, s)
	if err != nil {
		return err
	}
	if !a.Fits {
		return &OverBudgetError{a}
	}
	return nil
}
