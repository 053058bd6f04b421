package sqltrace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
)

// Connector returns base with every connection traced, for [sql.OpenDB]. The
// resulting *sql.DB behaves as if it had been opened with base itself: the
// same values, the same errors (identical, not wrapped), the same calls to the
// driver. The one visible difference is that [sql.Conn.Raw] sees hone's
// connection: see [Unwrap].
//
// A statement is what database/sql asks the driver to execute: one Exec or
// Query, direct or prepared. It lasts from the call into the driver until that
// returns or, for a query, until its rows are closed, and so includes what the
// caller does between rows. Its rows are those read by the caller, or those
// the driver says were affected. Ping, Prepare, Begin, Commit and Rollback are
// not statements. A driver that answers [driver.ErrSkip], and is then asked to
// prepare and execute, has executed one statement, which lasts from the first
// call. Where database/sql tries again after [driver.ErrBadConn], each attempt
// is a statement, all but the last with that error: nothing in the call tells
// the driver which attempts belong together.
//
// Rows that scan columns themselves, as those of pgx and the MySQL driver do
// when built with Go 1.27, are handed out as they are: they are not counted, and
// their statement ends when the driver returns them. For pgx its own tracer
// sees more.
//
// A connection that is already traced, by the same Tracer or by its pgx
// tracer, is returned as base made it, so that nothing is counted twice. The
// connector is an [io.Closer] if and only if base is. It is safe for
// concurrent use if base is. Cost per statement over base: no allocation for
// an Exec, one for a Query, one more for a statement that is prepared for it.
func (t *Tracer) Connector(base driver.Connector) driver.Connector {
	if t.dialect == Unknown {
		t = t.For(DialectOf(base.Driver()))
	}
	c := &connector{tracer: t, base: base}
	if closer, ok := base.(io.Closer); ok {
		return &closingConnector{connector: c, Closer: closer}
	}
	return c
}

// Driver returns base with every connection traced, for [sql.Register]. See
// [Tracer.Connector] for the guarantee. [sql.DB.Driver] still returns the
// driver that base reports, not this one.
func (t *Tracer) Driver(base driver.Driver) driver.Driver {
	return &tracedDriver{tracer: t, base: base}
}

// Open is [sql.Open] for a traced database: driverName is the name under which
// the bare driver is registered. As with sql.Open, the database need not be
// reachable and the errors are those of sql.Open. The caller closes the
// returned DB. A driver that makes connectors makes two of them, the first of
// which is closed again at once: database/sql has no other way to ask for a
// driver by name.
func (t *Tracer) Open(driverName, dataSourceName string) (*sql.DB, error) {
	bare, err := sql.Open(driverName, dataSourceName)
	if err != nil {
		return nil, err
	}
	base := bare.Driver()
	if err := bare.Close(); err != nil {
		return nil, fmt.Errorf("sqltrace: closing the connector used to find driver %q: %w", driverName, err)
	}
	if base == nil {
		return nil, fmt.Errorf("sqltrace: the connectors of driver %q name no driver: use Tracer.Connector", driverName)
	}
	c, err := t.openConnector(base, dataSourceName)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// openConnector makes a traced connector of base as sql.Open makes a bare one.
func (t *Tracer) openConnector(base driver.Driver, name string) (driver.Connector, error) {
	dc, ok := base.(driver.DriverContext)
	if !ok {
		return t.Connector(nameConnector{base, name}), nil
	}
	c, err := dc.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return t.Connector(c), nil
}

// wrap traces conn unless it already is.
func (t *Tracer) wrap(conn driver.Conn) driver.Conn {
	if w, ok := conn.(wrapped); ok && w.traced().tracer.state == t.state {
		return conn
	}
	return newConn(t, conn)
}

type connector struct {
	tracer *Tracer
	base   driver.Connector
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, m := withMarker(ctx)
	conn, err := c.base.Connect(ctx)
	if err != nil || conn == nil || m.traced() {
		return conn, err
	}
	return c.tracer.wrap(conn), nil
}

// Driver returns the base driver, so that code which asks a *sql.DB for its
// kind of database gets the true answer.
func (c *connector) Driver() driver.Driver { return c.base.Driver() }

type closingConnector struct {
	*connector
	io.Closer
}

// nameConnector connects by name through a driver that makes no connectors. A
// context cannot be passed to such a driver and so, as in database/sql, it
// does not bound the connecting.
type nameConnector struct {
	driver driver.Driver
	name   string
}

func (c nameConnector) Connect(context.Context) (driver.Conn, error) {
	return c.driver.Open(c.name)
}

func (c nameConnector) Driver() driver.Driver { return c.driver }

// tracedDriver always makes connectors: for database/sql a driver that makes
// none and one whose connectors just open by name are the same.
type tracedDriver struct {
	tracer *Tracer
	base   driver.Driver
}

func (d *tracedDriver) Open(name string) (driver.Conn, error) {
	conn, err := d.base.Open(name)
	if err != nil || conn == nil {
		return conn, err
	}
	return d.tracer.wrap(conn), nil
}

func (d *tracedDriver) OpenConnector(name string) (driver.Connector, error) {
	return d.tracer.openConnector(d.base, name)
}
