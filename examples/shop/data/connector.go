package data

import "database/sql/driver"

// Connector returns what makes the pool's connections, untraced, for whoever
// asks the database things that are not the shop's traffic. It works until the
// DB is closed.
func (db *DB) Connector() driver.Connector { return db.engine.connector(nil) }
