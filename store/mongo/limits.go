package mongo

import (
	"context"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/optimistic"
)

// Limits is a [ratelimit.Store] in MongoDB, for every strategy. It is safe for
// concurrent use.
//
// # What MongoDB cannot do
//
//   - Its clock is not asked, which would take another round trip: each process
//     counts by its own, but never by an earlier time than others have left in
//     the bucket. The package's comment says what that means where clocks
//     differ.
//   - Charges on several buckets are made one after the other, since only
//     replica sets have transactions, and taken back if one of them is refused
//     by then: nothing more is admitted, but another call may be refused in
//     between, and if the server is lost in between, what was charged stays
//     charged. A Check counts by the time when the call began.
//   - A document is carried whole: a MovingWindow and Concurrency are supported
//     up to an Amount of [MaxLog].
//
// A failover can lose what was not written to a majority: at most what was
// charged in those writes is admitted again. Writes are acknowledged as the URL
// says (w=majority is MongoDB's default), reads go to the primary.
//
// # Cost
//
// A refusal and a Peek take one round trip for any number of buckets. A charge
// takes one more for each bucket, and two for each time that somebody else was
// faster. A document is some 100 bytes, and, for each entry of a log, some 10,
// or 22 for a lease.
type Limits struct {
	limits *optimistic.Limits
	docs   *documents
	owned  *mongo.Client // nil if it is the caller's
}

var _ ratelimit.Store = (*Limits)(nil)

// MaxLog bounds the Amount of a MovingWindow and of Concurrency. Not larger:
// each charge reads and writes some 100 to 200 KiB then.
const MaxLog = 10_000

// Open returns limits in the MongoDB at the URL, mongodb:// or mongodb+srv://.
// An error means that the URL or the Config is wrong, or that the names of a
// mongodb+srv:// URL cannot be resolved, and holds no password. The server need
// not be there: calls fail until it is. The caller closes the limits.
func Open(url string, cfg Config) (*Limits, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	opts := options.Client().ApplyURI(url).SetServerSelectionTimeout(cfg.Timeout).SetConnectTimeout(cfg.Timeout)
	if err := opts.Validate(); err != nil {
		return nil, hideSecrets(url, err)
	}
	if cfg.Database == "" {
		parsed, err := connstring.Parse(url)
		if err != nil {
			return nil, hideSecrets(url, err)
		}
		if cfg.Database = parsed.Database; cfg.Database == "" {
			cfg.Database = "hone"
		}
	}
	client, err := mongo.Connect(opts)
	if err != nil {
		return nil, hideSecrets(url, err)
	}
	l := newLimits(client.Database(cfg.Database), cfg)
	l.owned = client
	return l, nil
}

// hideSecrets is the error of a bad URL. The driver's may quote it, and where a
// password begins and ends is not known in a URL that cannot be read.
func hideSecrets(url string, err error) error {
	if strings.Contains(url, "@") || strings.Contains(strings.ToLower(url), "password") {
		return errURL
	}
	return fmt.Errorf("mongo: %w", err)
}

// New returns limits in a database of the caller's client, which stays the
// caller's to disconnect. No I/O.
func New(db *mongo.Database, cfg Config) (*Limits, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return newLimits(db, cfg), nil
}

func newLimits(db *mongo.Database, cfg Config) *Limits {
	primary := options.Collection().SetReadPreference(readpref.Primary()) // others are behind it
	docs := &documents{
		c:       db.Collection(cfg.Collection, primary),
		timeout: cfg.Timeout,
	}
	return &Limits{limits: optimistic.New(docs, MaxLog), docs: docs}
}

// Close disconnects what [Open] has connected. It may be called again.
func (l *Limits) Close() error {
	if l.owned == nil || l.docs.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.docs.timeout)
	defer cancel()
	if err := l.owned.Disconnect(ctx); err != nil {
		return fmt.Errorf("mongo: %w", err)
	}
	return nil
}

// Apply implements [ratelimit.Store].
func (l *Limits) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	return limitsError(l.limits.Apply(ctx, op, charges, results))
}

// Supports implements [ratelimit.Store]: everything up to [MaxLog].
func (l *Limits) Supports(limit ratelimit.Limit) error {
	return limitsError(l.limits.Supports(limit))
}

// Ping implements [ratelimit.Store].
func (l *Limits) Ping(ctx context.Context) error {
	return limitsError(l.docs.exchange(ctx, func(ctx context.Context) error {
		return l.docs.c.Database().Client().Ping(ctx, readpref.Primary())
	}))
}

func limitsError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("mongo: limits: %w", err)
}
