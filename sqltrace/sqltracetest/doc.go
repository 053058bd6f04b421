// Package sqltracetest keeps a service's statements few, in its own tests:
// [MaxQueries] holds code to a number of statements, and [Constant] fails if
// the number grows with the data, which is what an N+1 does.
//
// Both count the statements that databases traced by a [sqltrace.Tracer] are
// sent with the context that they hand out. That context is a request's: do not
// put the code inside a measure.Recorder's Handler, which would open an account
// of its own.
package sqltracetest
