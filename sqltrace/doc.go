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
// [Tracer.Findings] names what requests did wrong, each with the line, the
// cost, and a fix in the terms of the library that the call uses. Foremost are
// the N+1s: look-ups that one place of the application sends again and again
// within a request, each time for another key. What merely looks like one is
// told apart by its arguments, its errors, its times and its stack: the same
// question asked twice, rows written one by one, a recursive walk, a poll, and
// a walk over pages are findings of their own; a retry, a list fetched in large
// chunks, and several calls on one line are none.
//
// How sure an N+1 is comes from many requests: it is [Certain] once the number
// of look-ups grew with the rows of the statement before them, and dropped once
// it did not although the rows differed, as that is a fixed set of look-ups.
//
// Several statements that one loop sends in turn are one finding, with a fix for
// each. A walk up a tree is told by its stack, if a function calls itself, or by
// its rows: through database/sql, the key of each step stands in the row before
// it. pgx does not show its tracer any rows, and a database/sql pool that is
// traced by it neither; there, a walk is [Possible] where each step asks for one
// row by a key and selects a column that names its parent.
//
// Other findings are slow statements, whole tables read, rows left open,
// statements sent while the rows of another are read, calls to other services
// inside a transaction, and statements that lost their request's context. The
// package's [Rule] constants list them all. [Allow] exempts a call site, with a
// reason, and [Tracer.Suppressed] lists what that hides. Package sqltracetest
// keeps a service's statements few in its own tests.
//
// A call site is looked up in the second to fifth execution of a SELECT in a
// request and in the second of a write, and then ever more seldom. Where two
// places send the same statement one right after the other, executions between
// two looks may count with the wrong one: up to seven, or half of those before,
// of SELECTs; up to sixteen, or as many as before, of writes. A statement that is
// sent once in its request and proves to be a mistake, slow say, is reported at
// the line at which it ended: where its rows were closed, or the last was read.
// Its next executions are looked at from their beginning, and their line
// replaces that one. A request that shows no sign of a mistake is not looked
// through at its end.
//
// # What is kept
//
// Values never are: arguments are hashed under a key that dies with the
// process, and literals are taken out of the texts. Only [Config.Sample] and
// [Config.LogArgs], if set, are given them. Memory is bounded: by
// [Config.MaxFingerprints], and per request by 256 different statements.
package sqltrace
