package cache

import (
	"context"
	"time"
)

// A Store keeps bytes under keys, leases on keys, and the generations of tags.
// It is what [Cache] needs of a backend: package cachetest holds every
// implementation to it. A Store is safe for concurrent use.
//
// # Keys and lives
//
// A key is 1 to [MaxKeyLen] bytes of any value, without '{' and '}'; those of
// one namespace begin with it and a colon. A tag is at least one byte. A life is how long an entry is
// kept: at least a millisecond, or [NoExpiry]. A store may round it up, never
// down, by less than a second.
//
// # Values and leases
//
// A key has a value, or none, and apart from that a lease, or none. A lease
// belongs to a [Token] and dies with its life. While it stands, only its holder
// can fill the key, with [Store.Fill]; Set, Add that adds, Increment and Delete
// of the key void the lease. So a value that was loaded before a deletion
// never lands after it.
//
// # Errors
//
// An error matches [ErrUnavailable] if the store gave no answer: whether a
// write has happened is then unknown. It matches [ErrTooLarge], [ErrKey],
// [ErrLife] or [ErrNotNumber] if the call was wrong; nothing has happened then.
// Any other error says that what is under the key is not the cache's: Set and
// Delete repair that. A missing key is never an error.
//
// Where a call for several keys fails for some, it may return what it has with
// the error: items for the others, [Absent] for those.
type Store interface {
	// Get returns the value of a key. Cost: one round trip.
	Get(ctx context.Context, key string) (Item, error)
	// GetMany returns the values of keys, items[i] that of keys[i]. Cost: one
	// round trip, to each node that has some of them.
	GetMany(ctx context.Context, keys []string) (items []Item, err error)

	// Set stores entries, whatever was there, and voids leases on their keys.
	// It is not atomic over several. Cost: as GetMany.
	Set(ctx context.Context, entries []Entry) error
	// Add stores an entry if the key has no value, and reports whether it did.
	// Atomic.
	Add(ctx context.Context, e Entry) (added bool, err error)
	// Delete removes values and voids leases, and returns how many keys had a
	// value.
	Delete(ctx context.Context, keys []string) (deleted int, err error)
	// Increment adds delta to the decimal number under key, and returns the
	// sum. A missing one counts as 0 and gets that life; an existing one keeps
	// its own. Atomic. A value that is no number, or a sum beyond int64, is
	// [ErrNotNumber].
	Increment(ctx context.Context, key string, delta int64, life time.Duration) (int64, error)
	// Touch gives an existing value a new life, and reports whether there is one.
	Touch(ctx context.Context, key string, life time.Duration) (found bool, err error)

	// Claim reads keys, and grants the token a lease on each that has no value
	// and no lease. With c.Refresh it reads nothing and grants a lease on each
	// that has none, value or not: items are then [Granted] or [Held]. A lease
	// that the token holds already is granted again, with a new life. Atomic for
	// each key. Cost: as GetMany; for c.Refresh too.
	Claim(ctx context.Context, keys []string, c Claim) (items []Item, err error)
	// Extend gives leases of the token that still stand a new life, and
	// reports how many.
	Extend(ctx context.Context, keys []string, token Token, life time.Duration) (held int, err error)
	// Fill stores each entry on whose key the token has the lease, and ends
	// the lease. stored[i] says whether entries[i] was. Atomic for each.
	Fill(ctx context.Context, entries []Entry, token Token) (stored []bool, err error)
	// Release ends leases of the token. Others' stand.
	Release(ctx context.Context, keys []string, token Token) error

	// Generations returns the generation in which each tag of the namespace
	// was last invalidated, and the present one. A tag that never was has an
	// early one; a store that remembers tags in a filter may mistake one in a
	// thousand for invalidated. Generations are above 0, only rise, and cannot be told apart
	// before and after the loss of the store's data: after that, all tags are
	// of the then present one. Cost: one round trip for up to 1000 tags.
	Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error)
	// Invalidate starts a new generation, and puts tags into it. Without tags,
	// every tag of the namespace is. What was loaded under an earlier
	// generation (see Generations) is then dead for those tags. O(1) for each
	// tag, whatever carries it. Atomic.
	Invalidate(ctx context.Context, namespace string, tags []string) (now int64, err error)

	// Now returns the time by the store's clock, without a round trip. It is
	// the same for all processes, to within a round trip's time.
	Now() time.Time
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	// Close releases what the store holds. Later calls fail with
	// [ErrUnavailable]. It is idempotent.
	Close() error
}

// A LifeTeller is a [Store] that can tell how long an entry will be kept.
type LifeTeller interface {
	// Life returns the rest of the life of key's value, [NoExpiry] if it does
	// not end, and whether there is a value.
	Life(ctx context.Context, key string) (left time.Duration, found bool, err error)
}

// A TagReader is a [Store] that reads values together with the generations of
// tags. It is of use to one that is no [Watcher]: whoever is not told of
// invalidations has to ask for them each time that an entry is read.
type TagReader interface {
	// GetTagged returns what GetMany does for keys, and Generations for tags of
	// the namespace. It fails if either would. Cost: as GetMany, as a rule.
	GetTagged(ctx context.Context, keys []string, namespace string, tags []string) (items []Item, of []int64, now int64, err error)
}

// A Watcher is a [Store] that tells of changes as they happen, whoever made
// them. Without it there is no near cache, and a waiter for another process's
// load has to ask again and again.
type Watcher interface {
	// Watch tells w of every change in a namespace until the [Watch] is
	// closed. It returns at once; what happens before w.Lost was first called
	// is not told.
	Watch(namespace string, w Events) (Watch, error)
}

// Events receives the changes of a namespace. The store calls one function at
// a time for each Watch. They must not block and must not call the store.
type Events struct {
	// Key says that the key was set, deleted or filled, and, when the store
	// notices, that it has expired or had to make room. Reads, and leases on a
	// key that has a value, are not told; leases on one that has none may be.
	Key func(key string)
	// Tag says that a tag was invalidated: it is of the given generation now,
	// which is now the present one. An empty tag stands for all.
	Tag func(tag string, generation int64)
	// Lost says that any change may have gone untold up to now: when the watch
	// begins, after a disconnection, after the loss of the store's data.
	Lost func()
}

// A Watch is a running watch on a namespace.
type Watch interface {
	// Told returns a time up to which every change has been told. It stands
	// still while the store is out of reach. It costs some nanoseconds.
	Told() time.Time
	// Close ends the watch. No function is called once it has returned. It
	// must not be called from one of them.
	Close()
}

// A Local is a [Store] that lives in this process: no other sees what it
// holds, and its calls need neither deadline nor breaker.
type Local interface {
	// Local reports whether the data are of this process alone.
	Local() bool
}

// State says what was found under a key.
type State uint8

const (
	Absent  State = iota // no value; of Claim only beside an error
	Found                // the value is in the Item
	Granted              // no value; the lease is the caller's now
	Held                 // no value; the lease is another's
)

// An Item is what was found under a key.
type Item struct {
	State State
	// Value is not to be changed, and stays as it is. An empty one is not nil.
	Value []byte
}

// An Entry is a value to store.
type Entry struct {
	Key string
	// Value is kept by a store in this process: the caller must not change it
	// afterwards.
	Value []byte
	Life  time.Duration // how long to keep it, or NoExpiry
}

// A Token names the holder of leases: random, so that no other has the same.
type Token [16]byte

// A Claim asks for leases.
type Claim struct {
	Token   Token
	Life    time.Duration // of the leases, unless extended
	Refresh bool          // even where there is a value
}

// NoExpiry is the life of entries that are kept until they are deleted or have
// to make room.
const NoExpiry time.Duration = -1

// MaxKeyLen is the length of the longest key in bytes. It is memcached's;
// [Cache] makes keys of some 60.
const MaxKeyLen = 250
