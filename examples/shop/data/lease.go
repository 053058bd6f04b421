package data

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// leaseTable is in a temporary shop, among its tables. Its one row says when
// the shop's process was last alive, by the server's clock. A lock would say
// so at once, but no connection through a transaction pooler can hold one.
const leaseTable = "hone_shop_lease"

// leaseTerm is how long a temporary shop outlives the last sign of its
// process. Not shorter: a busy machine or a failover can silence a live one
// for half of it. Not longer: through a pooler, the next shop waits so long.
const leaseTerm = time.Minute

// leaseRenewal is the time between two signs of life, of which four may be
// missed. Not shorter: each is a connection.
const leaseRenewal = 12 * time.Second

// temporaryPrefix begins the mark of every temporary shop and of none that is
// meant to last.
const temporaryPrefix = "hone temporary shop "

// temporaryMark is the comment on what belongs to the temporary shop of that
// name: its tables, and its schema if it has one.
func temporaryMark(name string) string {
	return temporaryPrefix + name + ": may be dropped when " + leaseTable + " is a minute old"
}

// createLease makes the lease's empty table.
const createLease = `CREATE TABLE ` + leaseTable + ` (shop text PRIMARY KEY, seen timestamptz NOT NULL)`

// renewLease writes the sign of life of the shop $1.
const renewLease = `INSERT INTO ` + leaseTable + ` VALUES ($1, clock_timestamp())
	ON CONFLICT (shop) DO UPDATE SET seen = excluded.seen`

// A lease is that of a temporary shop in some schema of the database.
type lease struct{ schema, mark string }

// sweep drops the temporary shops whose processes ended without doing so. It
// touches nothing but what carries such a shop's mark, and fails if something
// else has come to depend on that.
func sweep(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT relnamespace::regnamespace::text, obj_description(oid, 'pg_class')
		FROM pg_class WHERE relname = $1 AND relkind = 'r' AND pg_has_role(relowner, 'USAGE')
			AND obj_description(oid, 'pg_class') LIKE $2 || '%'`, leaseTable, temporaryPrefix)
	if err != nil {
		return err
	}
	leases, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lease, err error) {
		return l, row.Scan(&l.schema, &l.mark)
	})
	if err != nil {
		return err
	}
	for _, l := range leases {
		if err := l.reclaim(ctx, conn); err != nil && !isGone(err) { // another sweep may be faster
			return err
		}
	}
	return nil
}

// isGone reports whether the error says that a table or schema is not there.
func isGone(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000")
}

// over reports whether the lease has run out. A table without the row, which
// its shop never leaves behind, proves nothing.
func (l lease) over(ctx context.Context, q queryer) (over bool, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(max(seen) < clock_timestamp() - make_interval(secs => $1), false)
		FROM `+l.schema+`.`+leaseTable, leaseTerm.Seconds()).Scan(&over)
	return over, err
}

// reclaim drops the shop if its lease is over. The lease is looked at once
// more under a lock that its renewal would wait for, so that a shop that comes
// back to life keeps its tables.
func (l lease) reclaim(ctx context.Context, conn *pgx.Conn) error {
	if over, err := l.over(ctx, conn); err != nil || !over {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range []string{
			`SET LOCAL lock_timeout = '5s'`,
			`LOCK TABLE ` + l.schema + `.` + leaseTable + ` IN ACCESS EXCLUSIVE MODE`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		if over, err := l.over(ctx, tx); err != nil || !over {
			return err
		}
		return l.drop(ctx, tx)
	})
}

// drop drops what carries the mark. No statement cascades.
func (l lease) drop(ctx context.Context, tx pgx.Tx) error {
	var tables, functions []string
	var wholeSchema bool
	err := tx.QueryRow(ctx, `SELECT
			array(SELECT oid::regclass::text FROM pg_class
				WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND relname = ANY ($2)
					AND obj_description(oid, 'pg_class') = $3),
			array(SELECT oid::regprocedure::text FROM pg_proc
				WHERE pronamespace = $1::regnamespace AND obj_description(oid, 'pg_proc') = $3),
			coalesce(obj_description($1::regnamespace, 'pg_namespace') = $3, false)`,
		l.schema, tableNames, l.mark).Scan(&tables, &functions, &wholeSchema)
	if err != nil {
		return err
	}
	statements := []string{`DROP TABLE ` + strings.Join(tables, `, `)}
	if len(functions) > 0 {
		statements = append(statements, `DROP FUNCTION `+strings.Join(functions, `, `))
	}
	if wholeSchema {
		statements = append(statements, `DROP SCHEMA `+l.schema)
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// A heart calls a function again and again until it is stopped.
type heart struct {
	stop context.CancelFunc
	done chan struct{}
}

// startHeart calls beat every so often, the first time after one period. Beat
// must end soon after its context.
func startHeart(every time.Duration, beat func(context.Context)) *heart {
	ctx, stop := context.WithCancel(context.Background())
	h := &heart{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				beat(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
	return h
}

// end stops the heart and waits for a beat under way. A nil heart has ended.
func (h *heart) end() {
	if h == nil {
		return
	}
	h.stop()
	<-h.done
}

// keepAlive renews the lease until [postgresEngine.letGo].
func (e *postgresEngine) keepAlive() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.temporary == "" || e.mu.heart != nil {
		return
	}
	e.mu.heart = startHeart(leaseRenewal, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, leaseRenewal)
		defer cancel()
		_ = e.renew(ctx) // the next one may reach the server
	})
}

// letGo stops the renewal of the lease.
func (e *postgresEngine) letGo() {
	e.mu.Lock()
	heart := e.mu.heart
	e.mu.heart = nil
	e.mu.Unlock()
	heart.end()
}

func (e *postgresEngine) renew(ctx context.Context) error {
	return e.with(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, renewLease, e.temporary)
		return err
	})
}

// errOtherTemporary says that a shop that may be alive is in the way.
func errOtherTemporary(table string) error {
	return &openError{text: fmt.Sprintf("the table %s belongs to another demo on this database: wait until that ends, or a minute if it was killed; or give another database, or the URL of PostgreSQL itself, where each demo has a schema of its own", table)}
}
