package dbpool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

var errURL = errors.New("dbpool: the URL of the database cannot be read: write it as postgres://role@host:5432/database")

// Open returns a pool for the database at a postgres:// URL or in a keyword
// string, as [Configure] sets it up. Unless cfg.Pooler says what is there, it
// connects first to find out, and fails if it cannot. The caller closes the
// pool, which is safe for concurrent use.
func Open(ctx context.Context, url string, cfg Config) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errURL // pgx's own error quotes the text, which may hold a password
	}
	return OpenConfig(ctx, pc, cfg)
}

// OpenConfig is [Open] for a configuration of pgxpool's that has more than a
// URL, such as a tracer or hooks. It must come from [pgxpool.ParseConfig] and
// is not changed.
func OpenConfig(ctx context.Context, pc *pgxpool.Config, cfg Config) (*pgxpool.Pool, error) {
	if err := cfg.withDefaults().validate(); err != nil {
		return nil, err // before anything is asked of the server
	}
	if cfg.Pooler.Mode == "" {
		pooler, err := detectAs(ctx, pc)
		if err != nil {
			return nil, err
		}
		cfg.Pooler = pooler
	}
	pc, err := Configure(pc, cfg)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("dbpool: %w", err)
	}
	if cfg.Fit != nil {
		plan := *cfg.Fit
		plan.Size, plan.Overflow = cfg.Size, cfg.Overflow
		if err := Check(ctx, pool, plan); err != nil {
			pool.Close()
			return nil, err
		}
	}
	return pool, nil
}

// detectAs is [Detect] with what the pool's own hook puts in for each
// connection, such as a password that does not last.
func detectAs(ctx context.Context, pc *pgxpool.Config) (Pooler, error) {
	cc := pc.ConnConfig
	if pc.BeforeConnect != nil {
		cc = cc.Copy()
		if err := pc.BeforeConnect(ctx, cc); err != nil {
			return Pooler{}, fmt.Errorf("dbpool: BeforeConnect: %w", err)
		}
	}
	return Detect(ctx, cc)
}

// OpenDB is database/sql over a pool of [Open]'s: its bound on the wait, its
// order (first come, first served; database/sql's own is random), its check of
// idle connections, and the wait of each request in that request's account.
// database/sql's own pool is passed through and its limits must be left alone.
// The caller closes both, the DB first.
//
// To see the statements too, put sqltrace/pgxtrace's tracer into the
// configuration given to [OpenConfig].
func OpenDB(pool *pgxpool.Pool) *sql.DB { return stdlib.OpenDBFromPool(pool) }

// Configure returns a copy of pc with the bounds of cfg, the settings that
// cfg.Pooler needs, and a tracer around the one that is there, which bounds
// and accounts for the wait. The error joins all that is wrong with cfg. It
// does no I/O: with a zero cfg.Pooler nothing is set for one. The copy is for
// one pool.
//
// A tracer that counts the wait as well, as sqltrace/pgxtrace does, may be
// there: a request has its wait once. Cost: about a microsecond and six small
// allocations for each acquisition, most of them for the deadline.
func Configure(pc *pgxpool.Config, cfg Config) (*pgxpool.Config, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	pc = pc.Copy()
	pc.MaxConns = int32(cfg.Size + cfg.Overflow)
	pc.MinConns = 0
	pc.MinIdleConns = int32(cfg.MinIdle)
	pc.MaxConnLifetime = orOff(cfg.Recycle)
	if cfg.Recycle < 0 {
		// pgxpool adds the lifetime to the time of day: off would wrap round.
		pc.MaxConnLifetime = 100 * 365 * 24 * time.Hour
	}
	pc.MaxConnLifetimeJitter = max(0, cfg.RecycleJitter)
	pc.MaxConnIdleTime = orOff(cfg.IdleTimeout)
	pc.PingTimeout = pingTimeout(cfg.AcquireTimeout)
	pc.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool {
		return p.IdleDuration > orOff(cfg.PrePing)
	}
	cfg.Pooler.Apply(pc.ConnConfig)
	tracer := newAcquireTracer(pc.ConnConfig.Tracer, cfg)
	pc.ConnConfig.Tracer = tracer
	if cfg.Overflow > 0 {
		closeOverflow(pc, tracer, int32(cfg.Size))
	}
	return pc, nil
}

// pingTimeout leaves the greater part of the wait for a fresh connection when
// the idle one turns out to be dead. Without a bound on the wait it is 5 s: a
// server that has not answered an empty statement by then is not there.
func pingTimeout(acquire time.Duration) time.Duration {
	if acquire < 0 {
		return 5 * time.Second
	}
	return acquire / 3
}

// closeOverflow makes the pool close a returned connection when size of them
// are idle already. Two that return at the same moment may both stay: the idle
// timeout ends the one too many.
func closeOverflow(pc *pgxpool.Config, t *acquireTracer, size int32) {
	before := pc.AfterRelease
	pc.AfterRelease = func(conn *pgx.Conn) bool {
		if pool := t.pool.Load(); pool != nil && pool.Stat().IdleConns() >= size {
			return false
		}
		return before == nil || before(conn)
	}
}

// Limit sets the bounds of cfg on any database/sql pool, such as one for MySQL
// or SQLite: Size and Overflow, Recycle with its jitter, IdleTimeout. What
// database/sql has no place for stays undone: AcquireTimeout (give each call a
// context with a deadline), PrePing, MinIdle, and one jitter per connection:
// it is drawn once for the pool. A request's own wait cannot be known either;
// [sql.DB.Stats] has the sum. For PostgreSQL, [OpenDB] has them all.
func Limit(db *sql.DB, cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	db.SetMaxOpenConns(cfg.Size + cfg.Overflow)
	db.SetMaxIdleConns(cfg.Size) // the default of 2 closes most of what comes back
	db.SetConnMaxLifetime(recycleAfter(cfg.Recycle, cfg.RecycleJitter, rand.Float64()))
	db.SetConnMaxIdleTime(max(0, cfg.IdleTimeout)) // 0 is off
	return nil
}

// recycleAfter returns the age at which to replace connections, random being
// in [0, 1); 0 is never.
func recycleAfter(recycle, jitter time.Duration, random float64) time.Duration {
	if recycle < 0 {
		return 0
	}
	return recycle + time.Duration(random*float64(max(0, jitter)))
}
