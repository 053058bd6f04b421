package pginvalidate_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/cache/pginvalidate"
)

// deadline is how long anything may take before a test gives up.
const deadline = 20 * time.Second

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// run runs statements, each in a transaction of its own.
func run(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func migrate(t testing.TB, conn *pgx.Conn, s pginvalidate.Setup) {
	t.Helper()
	sql, err := pginvalidate.Migration(s)
	if err != nil {
		t.Fatal(err)
	}
	run(t, conn, sql)
}

// until waits for something that changed may say has come about.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.After(deadline)
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %v: %s", deadline, what)
		}
	}
}

// all is what a recorder notes for Clear.
const all = "(all)"

// A recorder is an Invalidator that notes what it is told. fail, if set, may
// refuse.
type recorder struct {
	fail func() error
	mu   struct {
		sync.Mutex
		told map[string]bool
	}
}

func (r *recorder) Invalidate(_ context.Context, tags ...string) error {
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.told == nil {
		r.mu.told = make(map[string]bool)
	}
	for _, t := range tags {
		r.mu.told[t] = true
	}
	return nil
}

func (r *recorder) Clear(ctx context.Context) error { return r.Invalidate(ctx, all) }

func (r *recorder) has(tag string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.told[tag]
}

// take returns what was told since it was last called.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := slices.Sorted(maps.Keys(r.mu.told))
	r.mu.told = nil
	return told
}

// start runs a listener until the end of the test.
func start(t testing.TB, url string, to pginvalidate.Invalidator, cfg pginvalidate.Config, change ...func(*pgx.ConnConfig)) *pginvalidate.Listener {
	t.Helper()
	conn, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(conn)
	}
	l, err := pginvalidate.New(conn, to, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("Run = %v, want context.Canceled", err)
		}
	})
	until(t, "the listener listens", func() bool { return l.Stats().Clears > 0 && l.Stats().Connected })
	return l
}

// A bench is a database with a table, triggers and a listener that notes.
type bench struct {
	url   string
	conn  *pgx.Conn
	setup pginvalidate.Setup
	told  *recorder
	l     *pginvalidate.Listener
	marks int
}

const fence = "CREATE TABLE fence (id int)"

// newBench makes tables, triggers by the rules, and a listener.
func newBench(t *testing.T, url string, s pginvalidate.Setup, tables ...string) *bench {
	t.Helper()
	b := &bench{url: url, conn: connect(t, url), told: new(recorder)}
	run(t, b.conn, append(tables, fence)...)
	s.Rules = append(slices.Clone(s.Rules), pginvalidate.Rule{Table: "fence", Tags: []string{"fence:{id}"}})
	b.setup = s
	migrate(t, b.conn, s)
	b.l = start(t, url, b.told, pginvalidate.Config{Setup: s})
	b.told.take()
	return b
}

// invalidated returns what statements, each in a transaction of its own,
// invalidated. Notifications come in the order of the commits: what came up to
// that of a later statement is all.
func (b *bench) invalidated(t *testing.T, statements ...string) string {
	t.Helper()
	b.told.take()
	run(t, b.conn, statements...)
	return b.since(t)
}

func (b *bench) since(t *testing.T) string {
	t.Helper()
	var told []string
	for seen := false; !seen; {
		b.marks++
		mark := fmt.Sprint("fence:", b.marks)
		run(t, b.conn, fmt.Sprintf("INSERT INTO fence VALUES (%d)", b.marks))
		// What is invalidated together with everything is not told by itself.
		until(t, "the fence is seen", func() bool { return b.told.has(mark) || b.told.has(all) })
		seen = b.told.has(mark)
		told = append(told, b.told.take()...)
	}
	told = slices.DeleteFunc(told, func(s string) bool { return strings.HasPrefix(s, "fence:") })
	slices.Sort(told)
	return strings.Join(slices.Compact(told), " ")
}
