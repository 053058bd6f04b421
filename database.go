package hone

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/sqltrace/pgxtrace"
)

// pools are those that h has opened: whether each is busy.
type pools struct {
	mu struct {
		sync.Mutex
		busy []func() bool
	}
}

func (p *pools) add(busy func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.busy = append(p.mu.busy, busy)
}

// Open is [sql.Open] with every statement seen by [Hone.SQL]. Use it, or
// [Hone.Connector], for database/sql and whatever is built on it; for pgxpool,
// use [Hone.OpenPool].
//
// With pgx's driver, what is between the service and PostgreSQL is found out
// before the first connection is opened, as [dbpool.Connector] does it: the
// statements go as a pooler can carry them, and those that it cannot are in
// [Hone.Unpoolable]. [dbpool.Limit] sets bounds that fit.
func (h *Hone) Open(driverName, dataSourceName string) (*sql.DB, error) {
	db, err := h.tracer.Open(driverName, dataSourceName)
	if err != nil {
		return nil, err
	}
	if _, ok := db.Driver().(*stdlib.Driver); ok {
		// A name that pgx has been told of is no URL: pgx alone knows it.
		if cfg, err := pgx.ParseConfig(dataSourceName); err == nil {
			if err := db.Close(); err != nil {
				return nil, err
			}
			db = sql.OpenDB(h.tracer.Connector(dbpool.Connector(cfg, &h.watch)))
		}
	}
	h.pools.add(dbpool.BusyDB(db))
	return db, nil
}

// OpenPool is [dbpool.Open] with every statement seen by [Hone.SQL], and those
// that a pooler in between cannot carry in [Hone.Unpoolable]; cfg.Watch takes
// the place of the latter if it is set. The caller closes the pool.
// [dbpool.OpenDB] puts database/sql on top of it, with the same account.
func (h *Hone) OpenPool(ctx context.Context, url string, cfg dbpool.Config) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("hone: the URL of the database cannot be read: write it as postgres://role@host:5432/database")
	}
	pc.ConnConfig.Tracer = pgxtrace.New(h.tracer)
	if cfg.Watch == nil {
		cfg.Watch = &h.watch
	}
	pool, err := dbpool.OpenConfig(ctx, pc, cfg)
	if err != nil {
		return nil, err
	}
	h.pools.add(dbpool.Busy(pool))
	return pool, nil
}

// Unpoolable returns the statements sent through a pooler that cannot carry
// them, such as SET or LISTEN through PgBouncer in transaction mode, each with
// what to do instead, the most frequent first. They are those of [Hone.Open]
// with pgx's driver and of [Hone.OpenPool].
func (h *Hone) Unpoolable() []dbpool.Finding { return h.watch.Findings() }

// Busy reports whether one of the pools that h opened has 70 % of its
// connections in use. Give it to sqltrace/explain's Config.Busy, so that index
// advice waits until the requests leave room. h remembers its pools, closed
// ones too: open them at start-up, not for each request.
func (h *Hone) Busy() bool {
	h.pools.mu.Lock()
	busy := h.pools.mu.busy // only ever appended to
	h.pools.mu.Unlock()
	for _, b := range busy {
		if b() {
			return true
		}
	}
	return false
}
