// Package batch asks a database once for what a loop would ask it N times.
//
// Where the parents are in hand as a slice, [AttachOne] and [AttachMany] fetch
// what belongs to them: 1 + N statements become 1 + ⌈keys / chunk⌉. A
// [Relation] is the query and the key of its rows; its query takes the keys and
// returns rows in any order, which is what sqlc generates, and what [Any] and
// [In] make easy by hand.
//
// Where many goroutines each need a row, as in resolvers, a [Loader] collects
// the keys that they ask for. It has no window of time: a [Group] knows its
// goroutines, and when none of them can ask for more, because each waits for a
// load or has ended, all batches are sent at once. Only a goroutine that does
// neither is waited for, and no longer than [GroupConfig.Patience].
//
// # What is missing
//
// A key without a row is never a silent zero. AttachOne returns the keys as
// [Missing]; a Loader returns [ErrMissing]. A row that belongs to no key, and a
// second row where there can be one, are errors: [ErrForeign], [ErrDuplicate].
//
// # Failures
//
// Errors and panics of a batch reach those who wait for that batch and nobody
// else. A caller that gives up takes nobody with it: the fetch runs on the
// group's context and ends early only when all who wait for it have gone.
//
// No key and no value is put into the text of an error. What a query's own
// error or panic says is passed on as it is.
package batch
