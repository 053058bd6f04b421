package data

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
)

// indexes are those that the schema as found has forgotten: the foreign keys
// that the summaries search by. A bare ANALYZE would read every table of the
// user's database. The same text serves both systems.
var indexes = []string{
	`CREATE INDEX IF NOT EXISTS order_lines_product_id ON order_lines (product_id)`,
	`CREATE INDEX IF NOT EXISTS orders_customer_id ON orders (customer_id)`,
	`ANALYZE customers`,
	`ANALYZE products`,
	`ANALYZE orders`,
	`ANALYZE order_lines`,
}

// Index adds the indexes that the schema as found lacks, and brings the
// planner's statistics of the shop's tables, and no others, up to date. Indexing twice is no error. Cost: about a
// second with the default content, during which nobody can write.
func (db *DB) Index(ctx context.Context) error { return db.engine.run(ctx, indexes) }

func (e *sqliteEngine) run(ctx context.Context, statements []string) error {
	return e.with(ctx, func(conn *sql.Conn) error {
		for _, s := range statements {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *postgresEngine) run(ctx context.Context, statements []string) error {
	return e.with(ctx, func(conn *pgx.Conn) error {
		if _, err := e.ground.owned(ctx, conn); err != nil {
			return err
		}
		for _, s := range statements {
			if _, err := conn.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}
