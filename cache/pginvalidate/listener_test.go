package pginvalidate_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver"
)

var shop = pginvalidate.Setup{Rules: []pginvalidate.Rule{products}}

func TestNewRefusesBadConfigs(t *testing.T) {
	conn, err := pgx.ParseConfig("postgres://x@127.0.0.1:1/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cfg  pginvalidate.Config
		want string
	}{
		{pginvalidate.Config{}, "Rules is empty"},
		{pginvalidate.Config{Setup: shop, Gather: time.Minute}, "Gather is 1m0s"},
		{pginvalidate.Config{Setup: shop, Heartbeat: -1}, "Heartbeat is -1ns"},
		{pginvalidate.Config{Setup: shop, Timeout: time.Millisecond}, "Timeout is 1ms"},
	} {
		if _, err := pginvalidate.New(conn, new(recorder), tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%+v) = %v, want an error with %q", tt.cfg, err, tt.want)
		}
	}
	if _, err := pginvalidate.New(nil, new(recorder), pginvalidate.Config{Setup: shop}); err == nil {
		t.Error("New without a connection = nil, want an error")
	}
	if _, err := pginvalidate.New(conn, nil, pginvalidate.Config{Setup: shop}); err == nil {
		t.Error("New without an Invalidator = nil, want an error")
	}
}

// TestPoolerInTransactionModeIsRefused also has clients busy, so that the
// pooler's servers are handed around.
func TestPoolerInTransactionModeIsRefused(t *testing.T) {
	url := testserver.PgBouncer(t)
	conn, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	to := new(recorder)
	l, err := pginvalidate.New(conn, to, pginvalidate.Config{Setup: shop, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if err := l.Run(ctx); !errors.Is(err, pginvalidate.ErrPooler) {
		t.Errorf("Run through PgBouncer = %v, want ErrPooler", err)
	}
	if told := to.take(); len(told) > 0 {
		t.Errorf("Run through PgBouncer invalidated %q, want nothing", told)
	}
}

func TestRunIsRefusedTwice(t *testing.T) {
	l := start(t, testserver.Postgres(t), new(recorder), pginvalidate.Config{Setup: shop})
	if err := l.Run(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a second Run = %v, want an error at once", err)
	}
}

// TestForeignNotificationInvalidatesAll sends what no trigger of ours does.
func TestForeignNotificationInvalidatesAll(t *testing.T) {
	for _, payload := range []string{"", "x", "{}", `{"t":1,"tags":[]}`, `{"t":1,"tags":[7]}`} {
		url := testserver.Postgres(t)
		to := new(recorder)
		var reported atomic.Int64
		l := start(t, url, to, pginvalidate.Config{Setup: shop, OnError: func(context.Context, error) { reported.Add(1) }})
		to.take()
		clears := l.Stats().Clears
		if _, err := connect(t, url).Exec(t.Context(), "SELECT pg_notify('hone_invalidate', $1)", payload); err != nil {
			t.Fatal(err)
		}
		until(t, "the rules' All tags are invalidated", func() bool { return to.has("products") })
		if got := l.Stats().Clears - clears; got != 1 || reported.Load() != 1 {
			t.Errorf("the payload %q made %d clears and %d reports, want 1 and 1", payload, got, reported.Load())
		}
	}
}

// TestFailedInvalidationsAreRepeated fails until told otherwise: nothing that
// came meanwhile is lost, and Lag says so.
func TestFailedInvalidationsAreRepeated(t *testing.T) {
	url := testserver.Postgres(t)
	conn := connect(t, url)
	run(t, conn, productsTable)
	migrate(t, conn, shop)
	var failing atomic.Bool
	to := &recorder{fail: func() error {
		if failing.Load() {
			return errors.New("the store is away")
		}
		return nil
	}}
	l := start(t, url, to, pginvalidate.Config{Setup: shop, Heartbeat: 20 * time.Millisecond})
	to.take()
	failing.Store(true)
	run(t, conn, "INSERT INTO shop.products VALUES (1, 10)")
	until(t, "calls fail", func() bool { return l.Stats().Failures >= 2 })
	run(t, conn, "INSERT INTO shop.products VALUES (2, 10)")
	until(t, "the lag grows", func() bool { return l.Lag() > 200*time.Millisecond })
	failing.Store(false)
	until(t, "all is told", func() bool {
		return to.has("product:1") && to.has("product:2") && to.has("category:10")
	})
	until(t, "the lag is gone", func() bool { return l.Lag() < 100*time.Millisecond })
	if to.has("products") {
		t.Error("the whole table was invalidated, want only what changed")
	}
	if n := l.Stats().Delay.Count(); n != 2 {
		t.Errorf("delays of %d changes were recorded, want 2", n)
	}
}

// TestStoreAwayForLong has more changes than are kept.
func TestStoreAwayForLong(t *testing.T) {
	url := testserver.Postgres(t)
	conn := connect(t, url)
	s := shop
	s.MaxTags = 100_000
	run(t, conn, productsTable)
	migrate(t, conn, s)
	var failing atomic.Bool
	to := &recorder{fail: func() error {
		if failing.Load() {
			return errors.New("the store is away")
		}
		return nil
	}}
	l := start(t, url, to, pginvalidate.Config{Setup: s})
	failing.Store(true)
	to.take()
	before := l.Stats().Notifications
	run(t, conn, "INSERT INTO shop.products SELECT n, n FROM generate_series(1, 30000) n")
	// 100 of 6000 bytes hold more than the 20,000 tags that are kept.
	until(t, "they have come", func() bool { return l.Stats().Notifications-before >= 100 && l.Stats().Failures > 0 })
	failing.Store(false)
	until(t, "the whole table is invalidated", func() bool { return to.has("products") })
}

// TestKilledConnection ends the server's process of the listener: what changes
// before it listens again is invalidated then.
func TestKilledConnection(t *testing.T) {
	b := newBench(t, testserver.Postgres(t), pginvalidate.Setup{Rules: []pginvalidate.Rule{{Table: "shop.products", Tags: []string{"p:{id}"}}}}, productsTable)
	for range 5 {
		connects := b.l.Stats().Connects
		// One transaction: the listener is gone before the change is committed.
		run(t, b.conn, "BEGIN; INSERT INTO shop.products SELECT max(id) + 1 FROM (SELECT id FROM shop.products UNION ALL SELECT 0) x;"+
			" SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%hone_invalidate%' AND pid <> pg_backend_pid(); COMMIT")
		until(t, "everything is invalidated", func() bool { return b.told.has(all) && b.l.Stats().Connects > connects })
		b.told.take()
	}
}

// TestSilentConnection stops what comes over the network, without an error:
// within Heartbeat and Timeout the listener makes a new connection.
func TestSilentConnection(t *testing.T) {
	var v valve
	url := testserver.Postgres(t)
	conn := connect(t, url)
	run(t, conn, productsTable)
	migrate(t, conn, shop)
	to := new(recorder)
	cfg := pginvalidate.Config{Setup: shop, Heartbeat: 50 * time.Millisecond, Timeout: 500 * time.Millisecond}
	l := start(t, url, to, cfg, func(c *pgx.ConnConfig) { c.DialFunc = v.dial })
	until(t, "a heartbeat has come back", func() bool { return l.Lag() < cfg.Timeout })
	v.shut()
	silent := time.Now()
	to.take()
	run(t, conn, "INSERT INTO shop.products VALUES (1)")
	until(t, "it connects anew", func() bool { return l.Stats().Connects > 1 })
	if took, bound := time.Since(silent), cfg.Heartbeat+cfg.Timeout+2*time.Second; took > bound {
		t.Errorf("a silent connection was replaced after %v, want less than %v", took, bound)
	}
	until(t, "everything is invalidated", func() bool { return to.has("products") })
}

// TestDeafConnection takes the notifications alone out of what comes: the
// server answers, but no heartbeat comes back.
func TestDeafConnection(t *testing.T) {
	var deaf atomic.Bool
	url := testserver.Postgres(t)
	conn := connect(t, url)
	run(t, conn, productsTable)
	migrate(t, conn, shop)
	to := new(recorder)
	cfg := pginvalidate.Config{Setup: shop, Heartbeat: 20 * time.Millisecond, Timeout: 300 * time.Millisecond}
	var reported atomic.Value
	cfg.OnError = func(_ context.Context, err error) { reported.Store(err.Error()) }
	l := start(t, url, to, cfg, func(c *pgx.ConnConfig) {
		c.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
			return pgproto3.NewFrontend(&deafReader{from: r, deaf: &deaf}, w)
		}
	})
	to.take()
	deaf.Store(true)
	run(t, conn, "INSERT INTO shop.products VALUES (1)")
	until(t, "it is missed", func() bool { return reported.Load() != nil })
	if got := reported.Load().(string); !strings.Contains(got, "heartbeat") {
		t.Errorf("a deaf connection was lost with %q, want the heartbeat named", got)
	}
	deaf.Store(false)
	until(t, "it listens again", func() bool { return l.Stats().Connects > 1 && to.has("products") })
}

// A deafReader drops notifications while deaf is set.
type deafReader struct {
	from    io.Reader
	deaf    *atomic.Bool
	message []byte // the rest of one that has been read
}

func (r *deafReader) Read(p []byte) (int, error) {
	for len(r.message) == 0 {
		header := make([]byte, 5) // a type and a length that counts itself
		if _, err := io.ReadFull(r.from, header); err != nil {
			return 0, err
		}
		message := append(header, make([]byte, binary.BigEndian.Uint32(header[1:])-4)...)
		if _, err := io.ReadFull(r.from, message[5:]); err != nil {
			return 0, err
		}
		if header[0] != 'A' || !r.deaf.Load() {
			r.message = message
		}
	}
	n := copy(p, r.message)
	r.message = r.message[n:]
	return n, nil
}

// A valve stops what comes in over the connections made up to then.
type valve struct {
	mu    sync.Mutex
	conns []*valveConn
}

type valveConn struct {
	net.Conn
	shut atomic.Bool
}

func (v *valve) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	c := &valveConn{Conn: conn}
	v.conns = append(v.conns, c)
	return c, nil
}

func (v *valve) shut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.conns {
		c.shut.Store(true)
	}
}

// Read loses what arrives once the valve is shut, until the deadline.
func (c *valveConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.shut.Load() {
			return n, err
		}
	}
}
