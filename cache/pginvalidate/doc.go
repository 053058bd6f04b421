// Package pginvalidate turns every committed change of a PostgreSQL row into
// the invalidation of its tags, whoever made the change: the service, another
// one, a migration, someone with psql.
//
// [Migration] prints triggers for the tables of a [Setup]; they send the tags
// of changed rows with NOTIFY. A [Listener] listens and tells a cache, with
// [Listener.Run] in each process or in one for all: invalidations are
// idempotent. [Verify] says whether the database has the triggers.
//
// # Guarantee
//
// Once a change is committed, its tags are invalidated, or everything is: a
// tag that does not fit, a statement with too many, a payload that cannot be
// read, a lost connection and a full queue of our own all fall back to
// Rule.All, or to clearing the namespace if there is none. A change that is
// rolled back, to a savepoint too, invalidates nothing. Failed calls of the
// cache are made again until they succeed.
//
// A lookup may find what was true before for as long as the notification
// takes while all is well: from COMMIT 3 ms in the median, Config.Gather
// included, and 5 to 20 at the 99th percentile, on two shared cores
// (BenchmarkCommitToMiss). A
// connection that dies silently is missed after Config.Heartbeat and
// Config.Timeout, four seconds by default; then, and while the database or the
// cache's store is out of reach, invalidations wait, and [Listener.Lag] says
// for how long.
//
// There is no log of changes to catch up from: a transaction may commit long
// after it has taken its place in one, so that a cursor would pass it by.
// Each new connection invalidates all instead, and so does each start: give
// every rule an All tag where other things share the namespace.
//
// # Costs
//
// A statement that changes one row takes some 0.2 ms longer, one that changes a
// thousand some 1.6 ms, beside 0.08 and 3.5 ms without triggers, on two shared
// cores with PostgreSQL 15 (BenchmarkStatement measures it).
// Transactions that notify commit one after the other, as PostgreSQL takes a
// lock on the whole server from the NOTIFY's place in the queue to the commit:
// a service that commits thousands of times a second to a table of a rule
// should measure that. A Listener needs one connection of its own.
//
// A trigger's error is the statement's. That comes about if a column that a
// rule reads is dropped or renamed, and, at the commit, if a session that
// listens has kept a transaction open until PostgreSQL's queue (8 GB) is full:
// apply the new rules' migration in the same transaction as the change of the
// table, and never LISTEN in a transaction.
//
// # What is not seen
//
//   - Changes made with session_replication_role = replica, while triggers are
//     disabled, and those that a logical subscription applies, for which
//     PostgreSQL runs no triggers of statements.
//   - Partitions, and heirs, added since the migration, where they are written
//     to by their own names: Verify names them. Those that are attached or
//     detached with rows in them.
//   - Tables on a foreign server, and tables altered rather than changed (ALTER
//     TABLE … TYPE, DROP TABLE).
//   - That a load reads from a replica which has not yet had the change: it may
//     cache what was true before, after the invalidation. What is invalidated
//     by this package has to be loaded from the primary.
//   - Entries that carry no tag, such as a remembered "not found".
package pginvalidate
