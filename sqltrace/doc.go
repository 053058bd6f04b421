// Package sqltrace sees every SQL statement of a service without changes to the
// code that sends them, charges each to the request it was sent for, and finds
// the loops among them.
//
// Make one [Tracer] with [New] and let it see the databases: wrap a driver of
// database/sql with [Tracer.Connector], [Tracer.Driver] or [Tracer.Open], so
// that GORM, sqlx, sqlc, ent and bun are seen too, or give pgx the tracer of
// package pgxtrace. Statements find their request in the context they are sent
// with, where package measure has put it. Those sent without one are in
// [Tracer.Unattributed].
//
// # What counts
//
// A statement is one request to the database to execute something, and a batch
// or a copy is one too, however much it carries. Transaction control, pings
// and the preparing of statements are not statements. A request's time in SQL
// is the wall time during which at least one statement was under way.
//
// # Findings
//
// [Tracer.Findings] names the N+1s: look-ups that one line of the application
// sends again and again within a request, each time for another key. A finding
// has the line, the cost, the statement, and one that asks for all keys at
// once. A retry, a repeated question, a walk over pages and a list fetched in
// chunks are not reported.
//
// # What is kept
//
// Values never are: arguments are hashed under a key that dies with the
// process, and literals are taken out of the texts. Memory is bounded: by
// [Config.MaxFingerprints], and per request by 256 different statements.
package sqltrace
