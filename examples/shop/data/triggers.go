package data

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/dbpool"
)

// ErrNoTriggers is matched by the error of [DB.Install] where triggers could
// not tell the shop anything: SQLite has no notifications, and none come
// through a pooler.
var ErrNoTriggers = errors.New("data: only PostgreSQL itself, without a pooler, tells of changes")

// Install runs SQL that makes functions in the schema of the shop, and triggers
// on its tables, all or nothing; [DB.Drop] removes them with the rest. write
// gets the schema's name.
func (db *DB) Install(ctx context.Context, write func(schema string) (sql string, err error)) error {
	e, ok := db.engine.(*postgresEngine)
	if !ok || e.between.Mode != dbpool.Direct {
		return ErrNoTriggers
	}
	own := e.ground.(ownSchema)
	sql, err := write(own.name)
	if err != nil {
		return err
	}
	// Statements that are sent as one text are one transaction. The functions
	// get the mark, without which the sweep of a killed shop would leave them.
	mark := fmt.Sprintf(`DO $shop$
		DECLARE made regprocedure;
		BEGIN
			FOR made IN SELECT oid FROM pg_proc WHERE pronamespace = '%s'::regnamespace LOOP
				EXECUTE format('COMMENT ON FUNCTION %%s IS %%L', made, '%s');
			END LOOP;
		END $shop$`, own.name, own.comment)
	return e.run(ctx, []string{sql + ";\n" + mark})
}

// Listening returns how to connect to the database of [DB.Install].
func (db *DB) Listening() (*pgx.ConnConfig, error) {
	e, ok := db.engine.(*postgresEngine)
	if !ok || e.between.Mode != dbpool.Direct {
		return nil, ErrNoTriggers
	}
	return e.config.Copy(), nil
}
