// Package cache keeps the results of functions, in memory and in a store that
// all processes share, so that each is computed once and read anywhere.
//
// [Memoize] makes a cached function of a function with a typed key. [NewValues]
// keeps plain values under string keys, and [NewCounters] numbers that all
// processes change together. All of them belong to a [Cache]: [New] puts one
// over a [Store], of which package store has several.
//
// # What is guaranteed
//
//   - A key is loaded once, however many ask at the same time, in however many
//     processes. A request that gives up takes no other with it.
//   - Once [Func.Delete], [Cache.Invalidate] or [Cache.Clear] has returned, no
//     Get that begins later in this process returns what was true before; in
//     another process, none that begins when the store has told it, which is
//     Near.MaxStale later at most. A load that was under way does not store its
//     result.
//   - A result is stored under its function's name and the whole key, typed:
//     two functions, or two keys, never share one. What could not be told apart
//     is refused when the function is defined.
//   - A nil, a zero and an empty value are values. That there is nothing is an
//     answer of its own ([ErrNotFound]), remembered only if FuncConfig.NotFound
//     says so.
//
// # Failures
//
// The cache never fails a request. A store that does not answer costs it at
// most Config.StoreTimeout, and after five failures in a row nothing until it
// answers a probe: the function is run, and its result is not stored. An entry
// that cannot be decoded is counted and replaced. A panic, of the function or a
// callback, is a [*PanicError]. Values and Counters have nothing to run: they
// return an error that matches [ErrUnavailable].
//
// Config.OnError is told of whatever was survived, and [Cache.Stats] counts it.
// Package cacheprom shows the counts to Prometheus; under package measure, each
// request's log says what its lookups came to.
//
// # Bytes
//
// Values are encoded by a [Codec]: [JSON], [Raw], those of the packages msgpack
// and protobuf, or a user's own.
package cache
