// Package policy says which limits apply to which HTTP requests, and answers
// those that are refused. A [Table] is made once, from named policies and the
// places where they apply; everything that is wrong with it is reported by
// [New]. [Table.Describe] shows all of it, and [Table.Explain] what it does with
// a request.
//
// # What applies
//
// Of the places in a [Config], each request meets these:
//
//   - Application, always, with one bucket for each client over all routes.
//   - The [Group] whose pattern fits best, and the groups around it, from the
//     outermost in. A group with Override drops those around it and Default.
//   - Default, if no policy of a group applies to the request's method, or a
//     group says WithDefault: with a bucket for each route. A request that no
//     route answers (404, 405) is counted in the bucket "unmatched", so that
//     guessing is limited too.
//
// Nothing applies in a group with Exempt, to what Config.ExemptWhen exempts,
// and, unless Config says otherwise, to CORS preflights.
//
// # What is charged
//
// All policies of a request are decided in one round trip: all are charged, or
// none. Policies with CountWhen are charged before the handler runs, and get
// it back if its response does not count: so of a hundred wrong passwords at
// once five are tried, and right ones cost nothing. A policy with a limit of
// ratelimit.Concurrency holds its place until the handler returns, however long
// that takes. Both cost a second round trip after the handler. A refusal by a
// policy with Breaches costs one more, and the one that begins a ban another.
//
// # When something fails
//
// A callback that fails or panics is a [*CallbackError] and refuses the request
// with a 500: a limit that cannot be counted is not one that is passed. A key
// that is empty does what OnEmptyKey says, and a store that is away what
// OnStoreError says; neither has a default. A policy that is tried out, with
// DryRun, never refuses, whatever fails.
package policy
