// Package ratelimit limits how often a key may act, in one process or across
// all that share a store. However many processes ask, a limit admits no more
// than its strategy says; a refusal charges nothing; all limits of a request
// are decided in one atomic step. When the store gives no answer, each rule
// does what its OnStoreError says. Start with [New].
//
// A [Limiter] decides by the buckets in a [Store]: memory.Limits of this
// process, or one that processes share, as redis.Limits. A [Rule] is a named
// list of limits, written as in "100/minute; 1000/day" (see [Parse]); a bucket
// counts one limit for one key. A request makes a [Use] of one or more rules,
// and its [Decision] says whether it may proceed, and what each limit has left.
//
// # Ways to use a rule
//
// [Limiter.Take] charges, if everything is admitted. [Limiter.Peek] says what
// Take would. [Limiter.Reserve] charges what may turn out not to count, such as
// a login that may succeed. [Limiter.Wait] is Take that waits. [Rule.Reset]
// forgets a key. Leases of a limit on what is under way at one time
// ([Concurrency]) are kept with [Limiter.Extend] and ended with
// [Limiter.Release]; one that is left by a crash ends by itself.
//
// # What it costs
//
//	Take, Peek, Reserve, Wait   one round trip for any number of limits
//	a key that is refused       none until it may be admitted
//	a cost above the limit      none
//	a rule with a Lease         few: 0.002 for each request at 100,000/minute
//	Commit                      none, or one if there is a lease to end
//	Cancel, Refund, Extend      one
//	a store of this process     no round trip; no allocation for one limit
//
// # When the store fails
//
// A call has a deadline, Config.Timeout. After five failures in a row the store
// is not called any more: it is pinged in the background, and called again with
// the first answer.
//
//	FailOpen     admits                         Source is FromPolicy
//	FailClosed   an error, ErrUnavailable       the Decision refuses
//	FailShare    counts in this process, by     Source is FromShare
//	             the limit ÷ the processes
//
// In each case Decision.Degraded says why. Of several rules, one that fails
// closed decides. Units that a process has leased are spent first. A store that
// comes back without its data begins anew: it admits a whole limit again, as
// after each loss. A failover admits again what the replica had not seen.
//
// What cannot be known errs to the side of fewer: a charge whose answer was
// lost stays charged, and so does one that cannot be given back.
//
// # Time
//
// The store's clock decides; if it steps back, buckets stand still until it has
// caught up. What a process remembers it measures by its own monotonic clock,
// from before the store was asked.
package ratelimit
