package shop

import (
	"context"
	"log/slog"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/tuned"
)

// Watch puts triggers on the shop's tables that tell of every change, whoever
// makes it, and returns what has c forget what was changed: the caller calls
// Run. Several processes may do so, one for all of them is enough. The error
// matches [data.ErrNoTriggers] on SQLite and behind a pooler, where only changes
// that come through the shop are seen at once, and others when the lives of what
// was kept are over: give the address of PostgreSQL itself to see all.
func Watch(ctx context.Context, db *data.DB, c *cache.Cache, log *slog.Logger) (*pginvalidate.Listener, error) {
	conn, err := db.Listening()
	if err != nil {
		return nil, err
	}
	cfg := pginvalidate.Config{OnError: func(ctx context.Context, err error) {
		log.WarnContext(ctx, "watching the database", "error", err)
	}}
	err = db.Install(ctx, func(schema string) (string, error) {
		cfg.Setup = tuned.Triggers(schema)
		return pginvalidate.Migration(cfg.Setup)
	})
	if err != nil {
		return nil, err
	}
	return pginvalidate.New(conn, c, cfg)
}
