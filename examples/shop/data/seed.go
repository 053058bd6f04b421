package data

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotEmpty is matched by the error of [Seed] on a database that already
// holds rows. Nothing was changed; [DB.Drop] empties it.
var ErrNotEmpty = errors.New("data: the shop's tables already hold rows: drop them first or open another database")

// Seed creates the shop's tables and fills them. The same sizes give the same
// rows on every run and every system. It is all or nothing: an error, or a
// cancelled context, leaves the database as it was.
//
// progress, if not nil, is told the rows written so far and in all, about
// every thousand rows and at the end; calls do not overlap, but may come from
// another goroutine, so it must not block for long.
//
// Cost: the default sizes are about 400,000 rows in one transaction; see
// BenchmarkSeed for the time.
func Seed(ctx context.Context, db *DB, sizes Sizes, progress func(done, total int)) error {
	sizes = sizes.withDefaults()
	if err := sizes.validate(); err != nil {
		return err
	}
	err := load(ctx, db.engine, newGenerator(sizes), progress)
	if err != nil && ctx.Err() != nil {
		// The statement that the end of ctx broke may say anything.
		return fmt.Errorf("data: seeding was stopped: %w", ctx.Err())
	}
	return err
}

// load fills the tables and passes the count of rows on to progress.
func load(ctx context.Context, e engine, g *generator, progress func(done, total int)) error {
	if progress == nil {
		return e.load(ctx, g, func(int) {})
	}
	done, reported, total := 0, 0, g.total()
	err := e.load(ctx, g, func(rows int) {
		done += rows
		if done-reported >= 1_000 && done < total {
			reported = done
			progress(done, total)
		}
	})
	if err == nil {
		progress(total, total) // only now is it sure to last
	}
	return err
}
