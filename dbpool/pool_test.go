package dbpool_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/sqltrace/pgxtrace"
)

func TestConfigure(t *testing.T) {
	parse := func() *pgxpool.Config {
		pc, err := pgxpool.ParseConfig("postgres://shop@db/shop")
		if err != nil {
			t.Fatal(err)
		}
		return pc
	}
	type bounds struct {
		most, minIdle                int32
		lifetime, jitter, idle, ping time.Duration
	}
	const never = time.Duration(1<<63 - 1)
	tests := []struct {
		name string
		cfg  dbpool.Config
		want bounds
	}{
		{"default", dbpool.Config{}, bounds{10, 0, 30 * time.Minute, 3 * time.Minute, 10 * time.Minute, 5 * time.Second / 3}},
		{
			"set",
			dbpool.Config{Size: 5, Overflow: 7, MinIdle: 2, AcquireTimeout: 3 * time.Second, Recycle: time.Hour, RecycleJitter: time.Minute, IdleTimeout: time.Second},
			bounds{12, 2, time.Hour, time.Minute, time.Second, time.Second},
		},
		{
			"off",
			dbpool.Config{AcquireTimeout: -1, PrePing: -1, Recycle: -1, IdleTimeout: -1},
			bounds{10, 0, 100 * 365 * 24 * time.Hour, 0, never, 5 * time.Second},
		},
		{"no jitter", dbpool.Config{RecycleJitter: -1}, bounds{10, 0, 30 * time.Minute, 0, 10 * time.Minute, 5 * time.Second / 3}},
	}
	for _, tt := range tests {
		before := parse()
		pc, err := dbpool.Configure(before, tt.cfg)
		if err != nil {
			t.Errorf("%s: Configure: %v", tt.name, err)
			continue
		}
		got := bounds{pc.MaxConns, pc.MinIdleConns, pc.MaxConnLifetime, pc.MaxConnLifetimeJitter, pc.MaxConnIdleTime, pc.PingTimeout}
		if got != tt.want {
			t.Errorf("%s: Configure = %+v, want %+v", tt.name, got, tt.want)
		}
		if before.ConnConfig.Tracer != nil || before.ShouldPing != nil {
			t.Errorf("%s: Configure changed its argument", tt.name)
		}
	}
}

// By default a connection is checked after a second without use.
func TestConfigurePrePing(t *testing.T) {
	for _, tt := range []struct {
		prePing, idle time.Duration
		want          bool
	}{
		{0, time.Second, false},
		{0, time.Second + 1, true},
		{time.Minute, time.Minute, false},
		{time.Minute, time.Minute + 1, true},
		{-1, 1000 * time.Hour, false},
	} {
		pc, err := pgxpool.ParseConfig("postgres://shop@db/shop")
		if err != nil {
			t.Fatal(err)
		}
		pc, err = dbpool.Configure(pc, dbpool.Config{PrePing: tt.prePing})
		if err != nil {
			t.Fatal(err)
		}
		if got := pc.ShouldPing(t.Context(), pgxpool.ShouldPingParams{IdleDuration: tt.idle}); got != tt.want {
			t.Errorf("with PrePing %v, a check after %v = %v, want %v", tt.prePing, tt.idle, got, tt.want)
		}
	}
}

func TestConfigNamesEveryMistake(t *testing.T) {
	cfg := dbpool.Config{
		Size: -1, Overflow: -1, MinIdle: 200_000, Recycle: -1, RecycleJitter: time.Millisecond,
		Pooler: dbpool.Pooler{Mode: "odd"},
	}
	_, err := dbpool.Open(t.Context(), "postgres://db/shop", cfg)
	limitErr := dbpool.Limit(new(sql.DB), cfg)
	if err == nil || limitErr == nil {
		t.Fatalf("Open, Limit = %v, %v, want errors", err, limitErr)
	}
	for _, field := range []string{"Size is -1", "Overflow is -1", "MinIdle is 200000", "RecycleJitter is 1ms, want", "RecycleJitter is 1ms without", `Mode is "odd"`} {
		if !strings.Contains(err.Error(), field) || !strings.Contains(limitErr.Error(), field) {
			t.Errorf("the errors do not say %q: %v", field, err)
		}
	}
}

func TestBadURLKeepsThePassword(t *testing.T) {
	for _, url := range []string{
		"postgres://shop:" + hush + "%zz@db/shop",
		"postgres://shop:" + hush + "@db:port/shop",
		"host=db password=" + hush + " port=port",
		"postgres://shop:" + hush + "@db/shop?sslmode=odd",
		hush + ":" + hush,
	} {
		if _, err := dbpool.Open(t.Context(), url, dbpool.Config{}); err == nil || strings.Contains(err.Error(), hush) {
			t.Errorf("Open of a bad URL = %v, want an error without the password", err)
		}
	}
}

func TestAcquireTimeout(t *testing.T) {
	const timeout = 50 * time.Millisecond
	pool := open(t, testserver.Postgres(t), direct(dbpool.Config{Size: 1, AcquireTimeout: timeout}))
	db := dbpool.OpenDB(pool)
	defer db.Close()
	var held *pgxpool.Conn
	testserver.Eventually(t, "the only connection is open and taken", func() (taken bool) {
		var err error
		held, err = pool.Acquire(t.Context()) // connecting may take longer than timeout
		return err == nil
	})
	tests := []struct {
		name string
		do   func(ctx context.Context) error
	}{
		{"Exec", func(ctx context.Context) error { _, err := pool.Exec(ctx, "SELECT 1"); return err }},
		{"Query", func(ctx context.Context) error { _, err := pool.Query(ctx, "SELECT 1"); return err }},
		{"QueryRow", func(ctx context.Context) error { var i int; return pool.QueryRow(ctx, "SELECT 1").Scan(&i) }},
		{"Begin", func(ctx context.Context) error { _, err := pool.Begin(ctx); return err }},
		{"database/sql", func(ctx context.Context) error { _, err := db.ExecContext(ctx, "SELECT 1"); return err }},
	}
	for _, tt := range tests {
		ctx, spent := request(t)
		start := time.Now()
		err := tt.do(ctx)
		elapsed := time.Since(start)
		if !errors.Is(err, dbpool.ErrAcquireTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s of a busy pool = %v, want ErrAcquireTimeout and DeadlineExceeded", tt.name, err)
		}
		if f, ok := dbpool.Explain(err); !ok || f.Kind != dbpool.PoolExhausted {
			t.Errorf("%s: Explain = %+v, %v, want %s", tt.name, f, ok, dbpool.PoolExhausted)
		}
		if got := spent().Wait; got < timeout || got > elapsed {
			t.Errorf("%s: wait of the request = %v, want %v to %v", tt.name, got, timeout, elapsed)
		}

		canceled, cancel := context.WithTimeout(ctx, timeout/10)
		if err := tt.do(canceled); errors.Is(err, dbpool.ErrAcquireTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: when the caller's deadline is first the error = %v, want DeadlineExceeded alone", tt.name, err)
		}
		cancel()
	}
	held.Release()
	testserver.Eventually(t, "the pool works again after the connection came back", func() bool {
		return tests[0].do(t.Context()) == nil
	})
}

// The bound is on the wait: a connection once taken may be used for longer.
func TestAcquireTimeoutDoesNotBoundTheStatement(t *testing.T) {
	pool := open(t, testserver.Postgres(t), direct(dbpool.Config{Size: 1, AcquireTimeout: 200 * time.Millisecond}))
	testserver.Eventually(t, "the pool is connected", func() bool { return pool.Ping(t.Context()) == nil })
	if _, err := pool.Exec(t.Context(), "SELECT pg_sleep(0.4)"); err != nil {
		t.Errorf("a statement longer than AcquireTimeout: %v", err)
	}
}

// Waiting is counted once, whether or not a tracer that counts it too is there,
// and the check of an idle connection is no statement of the request.
func TestWaitIsCountedOnce(t *testing.T) {
	const held = 100 * time.Millisecond
	for _, traced := range []bool{false, true} {
		pc, err := pgxpool.ParseConfig(testserver.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		if traced {
			tracer, err := sqltrace.New(sqltrace.Config{})
			if err != nil {
				t.Fatal(err)
			}
			pc.ConnConfig.Tracer = pgxtrace.New(tracer)
		}
		pool, err := dbpool.OpenConfig(t.Context(), pc, direct(dbpool.Config{Size: 1, PrePing: 1}))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, spent := request(t)
		start := time.Now()
		time.AfterFunc(held, conn.Release)
		if _, err := pool.Exec(ctx, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		elapsed := time.Since(start)
		got := spent()
		if got.Wait < held*9/10 || got.Wait > elapsed {
			t.Errorf("traced %v: wait = %v, want %v to %v: once", traced, got.Wait, held, elapsed)
		}
		want := 0
		if traced {
			want = 1
		}
		if got.Statements != want {
			t.Errorf("traced %v: %d statements, want %d", traced, got.Statements, want)
		}
	}
}

func TestOverflowIsClosedOnReturn(t *testing.T) {
	pc, err := pgxpool.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	pc.AfterRelease = func(*pgx.Conn) bool { kept++; return true } // one release at a time
	pool, err := dbpool.OpenConfig(t.Context(), pc, direct(dbpool.Config{Size: 2, Overflow: 2}))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var conns []*pgxpool.Conn
	for range 4 {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for i, conn := range conns {
		conn.Release()
		testserver.Eventually(t, "the connection is back or closed", func() bool {
			s := pool.Stat()
			return s.AcquiredConns() == int32(3-i) && s.TotalConns() == s.AcquiredConns()+s.IdleConns()
		})
	}
	if got := pool.Stat().IdleConns(); got != 2 {
		t.Errorf("idle connections = %d, want Size, which is 2", got)
	}
	if kept != 2 {
		t.Errorf("the caller's AfterRelease saw %d connections, want the 2 that are kept", kept)
	}
}

func TestPrePing(t *testing.T) {
	database := testserver.Postgres(t)
	admin := connect(t, database)
	for _, tt := range []struct {
		name    string
		prePing time.Duration
		lost    bool
	}{{"on", 1, false}, {"off", -1, true}} {
		pool := open(t, database, direct(dbpool.Config{Size: 1, PrePing: tt.prePing}))
		var pid int
		if err := pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		var ended bool
		if err := admin.QueryRow(t.Context(), "SELECT pg_terminate_backend($1, 10000)", pid).Scan(&ended); err != nil || !ended {
			t.Fatalf("pg_terminate_backend = %v, %v", ended, err)
		}
		_, err := pool.Exec(t.Context(), "SELECT 1")
		if (err != nil) != tt.lost {
			t.Errorf("with pre-ping %s, the statement after the server ended its connection = %v, want an error: %v", tt.name, err, tt.lost)
		}
		if f, _ := dbpool.Explain(err); tt.lost && f.Kind != dbpool.ConnectionLost {
			t.Errorf("Explain(%v) = %q, want %q", err, f.Kind, dbpool.ConnectionLost)
		}
		if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
			t.Errorf("with pre-ping %s, the statement after that: %v", tt.name, err)
		}
	}
}

func TestRecycleAfter(t *testing.T) {
	tests := []struct {
		recycle, jitter time.Duration
		random          float64
		want            time.Duration
	}{
		{time.Hour, time.Minute, 0, time.Hour},
		{time.Hour, time.Minute, 0.5, time.Hour + 30*time.Second},
		{time.Hour, -1, 0.5, time.Hour},
		{-1, 0, 0.5, 0},
	}
	for _, tt := range tests {
		if got := dbpool.RecycleAfter(tt.recycle, tt.jitter, tt.random); got != tt.want {
			t.Errorf("recycleAfter(%v, %v, %v) = %v, want %v", tt.recycle, tt.jitter, tt.random, got, tt.want)
		}
	}
}

func TestLimit(t *testing.T) {
	db, err := sql.Open("pgx", testserver.Postgres(t)) // pgx/stdlib's name
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := dbpool.Limit(db, dbpool.Config{Size: 2, Overflow: 1}); err != nil {
		t.Fatal(err)
	}
	if got := db.Stats().MaxOpenConnections; got != 3 {
		t.Errorf("MaxOpenConnections = %d, want 3", got)
	}
	var conns []*sql.Conn
	for range 3 {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := db.Stats(); got.Idle != 2 || got.MaxIdleClosed != 1 {
		t.Errorf("after three came back: %d idle, %d closed, want 2 and 1", got.Idle, got.MaxIdleClosed)
	}
}

func BenchmarkAcquire(b *testing.B) {
	database := testserver.Postgres(b)
	bare, err := pgxpool.New(b.Context(), database)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	ours, err := dbpool.Open(b.Context(), database, direct(dbpool.Config{}))
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close()
	for _, bb := range []struct {
		name string
		pool *pgxpool.Pool
	}{{"pool=pgxpool", bare}, {"pool=dbpool", ours}} {
		b.Run(bb.name, func(b *testing.B) {
			l := new(ledger.Ledger)
			l.Open(b.Context(), time.Now())
			b.ReportAllocs()
			for b.Loop() {
				conn, err := bb.pool.Acquire(l)
				if err != nil {
					b.Fatal(err)
				}
				conn.Release()
			}
		})
	}
}
