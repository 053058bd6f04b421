// Package dbpool opens database pools that are right by default, and says
// whether all of a service's pools together fit the server.
//
// [Open] makes a pgxpool whose wait for a connection is bounded
// ([ErrAcquireTimeout]) and written to the account of the request that waits;
// [OpenDB] puts database/sql on top of one, so that it gets the same. Behind
// PgBouncer the pool sends what the pooler's mode can carry: see [Detect].
// [Limit] sets the bounds of any other database/sql pool, [Connector] does for
// one on pgx's driver what its pooler needs, and [Busy] says when a pool has
// nothing to spare.
//
// [Budget] is the arithmetic that people forget: every process of every task
// has its own pool, and during a deployment the old tasks and the new ones run
// together. [Probe] reads the server's side of it; [Check] does both and
// refuses a service that would not fit.
//
// A [Watch] gathers the statements really sent that a transaction pooler cannot
// carry, or that pin an RDS Proxy, by the rules of [Pooler.Lint];
// [LintStartup] does the same for connection parameters, and [Explain] turns
// an error of the pool, the pooler or the server into what is wrong and what
// to do.
//
// The package changes nothing on the server, logs nothing, and never prints a
// password.
package dbpool
