// Package pgxtrace reports what a pgx connection or pool does to a
// [sqltrace.Tracer]: every statement of Query, QueryRow and Exec, batches and
// copies, and how long a request waited for a pooled connection.
//
// Install a [Tracer] as the Tracer of a pgx configuration; to keep one that is
// there already, join the two with pgx's multitracer. Statements reach the
// account of a request through the context given to pgx.
//
// A database/sql pool over such a configuration may also be wrapped with
// [sqltrace.Tracer.Connector]: the wrapper notices and steps aside, so that
// nothing is counted twice.
package pgxtrace
