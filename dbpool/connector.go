package dbpool

import (
	"context"
	"database/sql/driver"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/stdlib"
)

// Connector returns what [database/sql.OpenDB] needs for a pool of its own,
// with each connection set up for the pooler that is found before the first
// one is opened, and with its statements seen by w, which may be nil. It does
// what pgx's driver does otherwise; cfg must come from [pgx.ParseConfig] and is
// copied. The bounds are for [Limit] to set.
//
// [OpenDB] does more: use it where a pgxpool is at hand.
//
// Cost: that of [Detect], once. Where it fails, the connection is tried all the
// same, so that its error is the one that the caller sees.
func Connector(cfg *pgx.ConnConfig, w *Watch) driver.Connector {
	var known atomic.Pointer[Pooler]
	// Connections opened at once may each look: the answer is the same.
	return stdlib.GetConnector(*cfg.Copy(), stdlib.OptionBeforeConnect(func(ctx context.Context, cc *pgx.ConnConfig) error {
		p := known.Load()
		if p == nil {
			found, err := Detect(ctx, cc)
			if err != nil {
				return nil // connecting says what is wrong
			}
			p = &found
			known.Store(p)
		}
		p.Apply(cc)
		if watchers := w.watchers(*p); watchers != nil {
			if cc.Tracer != nil {
				watchers = append(watchers, cc.Tracer)
			}
			cc.Tracer = multitracer.New(watchers...)
		}
		return nil
	}))
}
