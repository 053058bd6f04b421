package data

import (
	"database/sql/driver"

	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/pgxtrace"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// traceSQLite lets trace, if there is one, see every statement sent over base,
// by wrapping the driver.
func traceSQLite(base driver.Connector, trace *sqltrace.Tracer) driver.Connector {
	if trace == nil {
		return base
	}
	return trace.For(sqltrace.SQLite).Connector(base)
}

// tracePostgres makes connections of which trace, if there is one, sees every
// statement, through pgx's own hooks: they know more than a driver wrapper can.
func tracePostgres(config *pgx.ConnConfig, trace *sqltrace.Tracer) driver.Connector {
	config = config.Copy()
	if trace != nil {
		config.Tracer = pgxtrace.New(trace)
	}
	return stdlib.GetConnector(*config)
}
