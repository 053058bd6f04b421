// Package explain says which index a service lacks, from the statements that
// it ran and the plans that its database has for them.
//
// Make an [Adviser] with [Open] or [New] on a connection of its own, feed it
// with [Adviser.Observe], let [Adviser.Run] ask for plans in the background,
// and read [Adviser.Report]. An [Advice] holds the CREATE INDEX to run, what
// the statements cost before and would cost after, what the index takes in
// space and on writes, and the connections' worth of time it saves.
//
// # What it does to the database
//
// Nothing. It asks for plans with EXPLAIN, never with ANALYZE, in a read-only
// transaction that is always rolled back, under a statement and a lock
// timeout, on at most one connection, at most one statement a second and each
// at most once an hour. A role that may only read is enough. The plan is asked
// for with arguments that the service itself sent: they are held in memory,
// and appear in no report, error or log.
//
// # How an advice is checked
//
// On PostgreSQL with the extension hypopg, the candidate is made known to the
// planner alone and the plan asked for again. On SQLite, the schema and the
// statistics are copied into a database in memory, and the candidate is made
// there. Otherwise the advice is marked as not validated.
//
// # What is advised
//
// Columns compared for equality, then one range or the order, also in the
// SELECTs within a statement. An expression, such as lower(email), where the
// database takes an index on it. A part of the rows, where the statement's text
// itself names one of few values and that one is rare: a value that comes as an
// argument is another one the next time. For a partitioned table, the
// statements that index it part by part while writers go on.
//
// INCLUDE is not advised: whether a scan of the index alone then suffices
// depends on how recently the pages were vacuumed, and each column carried along
// ends the cheap updates of it. Unused indexes are not found on SQLite, which
// does not count.
//
// What cannot be advised on, such as a condition with OR, is in
// [Report.Skipped] with the reason.
package explain
