package dbpool

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// FaultKind is what kind of thing went wrong between a service and its
// database.
type FaultKind string

// What [Explain] tells apart.
const (
	PoolExhausted        FaultKind = "pool exhausted"              // no connection within Config.AcquireTimeout
	TooManyClients       FaultKind = "too many clients"            // the server's limit is reached
	ReservedSlotsLeft    FaultKind = "reserved slots left"         // only those kept for administrators are free
	RoleLimit            FaultKind = "role limit"                  // CONNECTION LIMIT of the role
	DatabaseLimit        FaultKind = "database limit"              // CONNECTION LIMIT of the database
	PoolerFull           FaultKind = "pooler full"                 // max_client_conn
	PoolerQueue          FaultKind = "pooler queue"                // query_wait_timeout
	PoolerNoServer       FaultKind = "pooler has no server"        // it cannot connect to PostgreSQL
	PoolerParameter      FaultKind = "startup parameter"           // one that the pooler refuses
	PoolerProtocol       FaultKind = "pooler protocol"             // a message that the pooler does not know
	PoolerNoTransactions FaultKind = "pooler without transactions" // pool_mode is statement
	StatementExists      FaultKind = "statement exists"            // a prepared statement of another client's
	StatementMissing     FaultKind = "statement missing"           // a prepared statement on another server
	PlanChanged          FaultKind = "plan changed"                // the table changed under a prepared statement
	StatementTimeout     FaultKind = "statement timeout"           // statement_timeout ran out
	LockTimeout          FaultKind = "lock timeout"                // lock_timeout ran out
	TransactionIdle      FaultKind = "transaction idle"            // idle_in_transaction_session_timeout
	StatementCanceled    FaultKind = "statement canceled"          // by the caller or an administrator
	ConnectionLost       FaultKind = "connection lost"             // in the middle of something
	ServerStarting       FaultKind = "server not ready"            // starting, stopping or recovering
	ServerUnreachable    FaultKind = "server unreachable"          // no connection at all
	CredentialsRefused   FaultKind = "credentials refused"         // user, password or database
)

// A Fault is an error of the pool, the pooler or the server, explained.
type Fault struct {
	Kind     FaultKind
	SQLState string // "" if the error did not come from a server
	Problem  string
	Remedy   string
}

// explanations are what is known of each kind.
var explanations = map[FaultKind]Fault{
	PoolExhausted: {
		Problem: "every connection of the pool was busy, or a new one took too long",
		Remedy:  "look for a transaction that does other work, or a query inside rows.Next(); then Config.Size, within what Budget allows",
	},
	TooManyClients: {
		Problem: "the server has as many connections as max_connections allows",
		Remedy:  "hone budget says what fits: smaller pools, fewer processes, or PgBouncer in transaction mode",
	},
	ReservedSlotsLeft: {
		Problem: "all connections are taken but those reserved for administrators",
		Remedy:  "hone budget says what fits: smaller pools, fewer processes, or PgBouncer in transaction mode",
	},
	RoleLimit: {
		Problem: "the role has as many connections as its CONNECTION LIMIT allows",
		Remedy:  "smaller pools as hone budget says, or ALTER ROLE … CONNECTION LIMIT",
	},
	DatabaseLimit: {
		Problem: "the database has as many connections as its CONNECTION LIMIT allows",
		Remedy:  "smaller pools as hone budget says, or ALTER DATABASE … CONNECTION LIMIT",
	},
	PoolerFull: {
		Problem: "PgBouncer has as many clients as max_client_conn allows",
		Remedy:  "raise max_client_conn (a client costs it some kilobytes): hone budget --pgbouncer prints one that fits",
	},
	PoolerQueue: {
		Problem: "the statement waited in PgBouncer for longer than query_wait_timeout: all its server connections were busy",
		Remedy:  "shorter transactions first; then default_pool_size, within what the server allows",
	},
	PoolerNoServer: {
		Problem: "PgBouncer cannot get a connection to PostgreSQL",
		Remedy:  "PgBouncer's log has the reason: the server is down, full, or refuses the credentials",
	},
	PoolerParameter: {
		Problem: "the URL sets a parameter that PgBouncer does not carry",
		Remedy:  "ALTER ROLE … SET it on the server and leave it out of the URL; or ignore_startup_parameters, which drops it",
	},
	PoolerProtocol: {
		Problem: "this PgBouncer is too old for what the client sends",
		Remedy:  "update PgBouncer, to 1.21 or later for prepared statements",
	},
	PoolerNoTransactions: {
		Problem: "this PgBouncer pools by statement, where there are no transactions",
		Remedy:  "pool_mode = transaction, for all or for this database",
	},
	StatementExists: {
		Problem: "the pooler handed over a server connection on which another client prepared a statement of that name",
		Remedy:  "default_query_exec_mode=exec, as Config.Pooler sets it; or PgBouncer 1.21 with max_prepared_statements",
	},
	StatementMissing: {
		Problem: "the statement was prepared on another server connection than the one that the pooler handed over",
		Remedy:  "default_query_exec_mode=exec, as Config.Pooler sets it; or PgBouncer 1.21 with max_prepared_statements",
	},
	PlanChanged: {
		Problem: "a table changed under a prepared statement whose columns were fixed",
		Remedy:  "name the columns instead of SELECT *; after a migration, RECONNECT on PgBouncer's console, or pool.Reset()",
	},
	StatementTimeout: {
		Problem: "the statement took longer than statement_timeout",
		Remedy:  "its plan first (EXPLAIN, a missing index, a lock it waited for), then the timeout",
	},
	LockTimeout: {
		Problem: "the statement waited for a lock longer than lock_timeout",
		Remedy:  "find who holds it: pg_blocking_pids(); make that transaction shorter",
	},
	TransactionIdle: {
		Problem: "a transaction was left open without a statement, and the server ended it",
		Remedy:  "do the other work, such as calls over HTTP, before or after the transaction",
	},
	StatementCanceled: {
		Problem: "the statement was canceled, by its context or an administrator",
		Remedy:  "if that happens often, set statement_timeout a little below the context's deadline: behind a pooler a cancellation may cost the server connection",
	},
	ConnectionLost: {
		Problem: "the connection ended in the middle of something: whether it was done is not known",
		Remedy:  "read before trying a write again; the pool replaces the connection by itself",
	},
	ServerStarting: {
		Problem: "the server is starting, stopping or recovering",
		Remedy:  "try again shortly",
	},
	ServerUnreachable: {
		Problem: "no connection to the server could be made",
		Remedy:  "check host and port, and that the server runs",
	},
	CredentialsRefused: {
		Problem: "the server refuses the user, the password or the database",
		Remedy:  "check them in the URL",
	},
}

// texts map what servers and poolers say in words only, or with a state that
// says less than the words, to kinds. The first that fits counts.
var texts = []struct {
	part string
	kind FaultKind
}{
	{"no more connections allowed", PoolerFull},
	{"client connections exceeded", PoolerFull}, // for one user or database
	{"query_wait_timeout", PoolerQueue},
	{"unsupported startup parameter", PoolerParameter},
	{"unsupported options startup parameter", PoolerParameter},
	{"unsupported pkt type", PoolerProtocol},
	{"transaction blocks not allowed", PoolerNoTransactions},
	{"prepared statement did not exist", StatementMissing},
	{"server login has been failing", PoolerNoServer},
	{"client_login_timeout", PoolerNoServer},
	{"cannot connect to server", PoolerNoServer},
	{"pooler is shutting down", ServerStarting},
	{"no such database", CredentialsRefused},
	{"no such user", CredentialsRefused},
	{"idle transaction timeout", TransactionIdle},
	{"query timeout", StatementTimeout},
	{"server conn crashed", ConnectionLost},
	{"too many connections for role", RoleLimit},
	{"too many connections for database", DatabaseLimit},
	{"remaining connection slots are reserved", ReservedSlotsLeft},
	{"sorry, too many clients already", TooManyClients},
	{"cached plan must not change result type", PlanChanged},
	{"due to statement timeout", StatementTimeout},
	{"due to lock timeout", LockTimeout},
}

// states map the rest, by SQLSTATE.
var states = map[string]FaultKind{
	"53300": TooManyClients,
	"42P05": StatementExists,
	"26000": StatementMissing,
	"57014": StatementCanceled,
	"55P03": LockTimeout,
	"25P03": TransactionIdle,
	"57P01": ConnectionLost,
	"57P02": ConnectionLost,
	"57P03": ServerStarting,
	"57P04": ConnectionLost,
	"57P05": ConnectionLost,
	"08003": ConnectionLost,
	"08006": ConnectionLost,
	"28000": CredentialsRefused,
	"28P01": CredentialsRefused,
	"3D000": CredentialsRefused,
}

// Explain says what an error means and what to do about it, and reports false
// for an error that is about the statement and not about the connection. It
// takes errors of this package, pgx and database/sql over it, wrapped or not.
// Servers are expected to speak English where they give no SQLSTATE that says
// enough.
func Explain(err error) (Fault, bool) {
	kind, state := classify(err)
	f, ok := explanations[kind]
	if !ok {
		return Fault{}, false
	}
	f.Kind, f.SQLState = kind, state
	return f, true
}

// classify returns the kind of an error and its SQLSTATE, "" for none.
func classify(err error) (FaultKind, string) {
	if err == nil {
		return "", ""
	}
	if errors.Is(err, ErrAcquireTimeout) {
		return PoolExhausted, ""
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		for _, t := range texts {
			if strings.Contains(server.Message, t.part) {
				return t.kind, server.Code
			}
		}
		return states[server.Code], server.Code
	}
	var refused *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &refused):
		return ServerUnreachable, ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return StatementCanceled, ""
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, pgconn.ErrConnClosed), errors.As(err, &network):
		return ConnectionLost, ""
	}
	return "", ""
}
