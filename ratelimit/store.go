package ratelimit

import (
	"context"
	"time"
)

// A Store keeps the buckets of limits and decides on them. It is what [Limiter]
// needs of a backend: package ratelimittest holds every implementation to it,
// and [Bucket] is the meaning of every strategy. A Store is safe for concurrent
// use.
//
// # Time
//
// The store's own clock decides, in microseconds; the caller's is not asked. It
// may step back: a bucket then stands still until the clock has caught up, and
// nothing more is admitted than without the step.
//
// # Errors
//
// A refusal is a result. An error matches [ErrUnavailable] if the store gave no
// answer: whether the charges were made is then unknown. It matches
// [ErrUnsupported] if the store cannot do what was asked.
type Store interface {
	// Apply does op on all charges as one atomic step, and writes the results,
	// results[i] for charges[i]; the slices are of one length, at least 1. The
	// charges are on different buckets. With [Take], either every charge is
	// admitted and made, or none is made. The store keeps neither slice.
	// Cost: one round trip; stores that cannot be atomic over several buckets
	// say so in their documentation, and say what they do.
	Apply(ctx context.Context, op Op, charges []Charge, results []Result) error
	// Supports reports whether the store can count by a limit: nil, or an error
	// that matches [ErrUnsupported] and says why. No round trip.
	Supports(l Limit) error
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
}

// An Op is what [Store.Apply] does.
type Op uint8

const (
	// Take charges all or nothing.
	Take Op = iota
	// Peek says what Take would, and charges nothing.
	Peek
	// Refund takes back charges that were made: Charge.ID and Charge.Receipt
	// say which. What has lapsed since is not given back, so that the charges
	// that stand never exceed what the limit admits. Each charge is for itself:
	// Result.Granted is the number of units taken back.
	Refund
	// Extend gives leases of a [Concurrency] limit a whole Period again.
	// Result.Granted is 0 for a lease that had ended. Other strategies are not
	// changed.
	Extend
	// Reset forgets the buckets.
	Reset
)

// A Charge is some units of one limit, for one key.
type Charge struct {
	// Limit is valid (see [Limit.Validate]).
	Limit Limit
	// Scope and Key tell the buckets of a store apart: the namespace and the
	// name of the limit, encoded one to one, and whom it counts. Both are of
	// any length and content; a store makes a digest of them that keeps
	// ("a", "bc") and ("ab", "c") apart. It adds the Strategy, the Amount, the
	// Period and the Burst, so that a changed limit begins anew instead of
	// being misread.
	Scope, Key string
	// Cost is the number of units, 0 to MaxAmount. A cost of 0 is admitted as
	// long as the bucket is not over its amount, and charges nothing.
	Cost int64
	// Check asks without charging: Take admits the other charges only if this
	// one would be admitted too, but does not make it. Its result is Peek's.
	Check bool
	// Soft keeps this charge from stopping the others: it is made if the
	// others are and it would be admitted itself. Its Result says what was
	// found. For limits that are tried out.
	Soft bool
	// Least is how many units will do, 1 to Cost: the store then grants as
	// many as it can, up to Cost. 0 stands for Cost.
	Least int64
	// ID tells a charge from others of the same bucket, for [Concurrency] only:
	// a second Take with an ID that is held does what Extend does. Refund and
	// Extend name a charge by it.
	ID ID
	// Receipt is what Take returned for the charge, for Refund.
	Receipt Receipt
}

// An ID is random: two charges never have the same.
type ID [16]byte

// A Receipt says when a charge was made and what the bucket held. Its fields
// are the store's affair.
type Receipt struct {
	At    int64 // microseconds of the store's clock
	Level int64 // GCRA: the debt after the charge. MovingWindow: the number of the log's entry
}

// Never is the RetryAfter of a charge that will not be admitted however long
// one waits: it costs more than the limit ever lets pass.
const Never = time.Duration(-1)

// A Result is what [Store.Apply] found for one charge.
type Result struct {
	// Allowed reports whether this bucket, asked alone, would have admitted the
	// charge. Nothing is charged unless all are allowed. Only Take and Peek set
	// it, and RetryAfter.
	Allowed bool
	// Granted is the number of units charged, or taken back by Refund, or held
	// by Extend. It is 0 after Peek.
	Granted int64
	// Remaining is the largest cost that would be admitted next, after this
	// step.
	Remaining int64
	// RetryAfter is the time from now until this cost, or Least of it, would be
	// admitted if nobody else is charged: 0 if Allowed, [Never] if it never
	// will be. It is exact to the microsecond, and never too short.
	RetryAfter time.Duration
	// ResetAfter is the time from now until the bucket is as if it had never
	// been charged, after this step.
	ResetAfter time.Duration
	// Receipt is for Refund.
	Receipt Receipt
}
