package redis_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

func TestAFrozenServerIsNotGreetedByCalls(t *testing.T) {
	n := node(t)
	s := ready(t, url(n), redis.Config{DialTimeout: time.Minute, Heartbeat: time.Hour})
	command(t, raw(t, n.Address()), "CLIENT", "KILL", "TYPE", "normal") // the next call needs a connection
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	quickest := time.Minute
	for i := range 4 {
		began := time.Now()
		_, err := s.Get(context.WithoutCancel(t.Context()), "k")
		wantUnavailable(t, "Get", err)
		if i > 0 { // the first may only see the end of what began before
			quickest = min(quickest, time.Since(began))
		}
	}
	if quickest > 300*time.Millisecond { // a greeting over a silent connection takes longer
		t.Errorf("Get without a deadline took %v at the least", quickest)
	}
}

func TestASlowConnectionIsMadeInTheBackground(t *testing.T) {
	const greeting = 300 * time.Millisecond // longer than a call waits
	address := relay(t, testserver.Redis(t), greeting, nil)
	s := open(t, "redis://"+address, redis.Config{})
	_, err := s.Get(t.Context(), "k")
	wantUnavailable(t, "the first Get", err)
	testserver.Eventually(t, "the store answers", func() bool {
		_, err := s.Get(t.Context(), "k")
		return err == nil
	})
}

// TestCloseAsAServerAnswers: the end of an attempt and its being told to end
// meet.
func TestCloseAsAServerAnswers(t *testing.T) {
	server, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for range 500 { // what races is short
		d := redis.NewDialer(time.Minute)
		d.Begin(server.Addr().String())
		conn, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var answered sync.WaitGroup
		answered.Go(func() { _, _ = io.WriteString(conn, "+PONG\r\n") })
		d.Close()
		answered.Wait()
		_ = conn.Close()
	}
}

// TestOpenMakesTheConnections: a burst finds them made. Each is made after the
// one before, so that the fourth would take longer than calls wait.
func TestOpenMakesTheConnections(t *testing.T) {
	const connections = 4 // of a client on four cores or more
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(connections))
	address := relay(t, testserver.Redis(t), 30*time.Millisecond, nil)
	s := open(t, "redis://"+address, redis.Config{Heartbeat: time.Hour})
	testserver.Eventually(t, "all connections are made", func() bool { return s.Made() == connections })
	wantBurst(t, s)
}

// TestOpenMakesTheConnectionsLater: when the server is there.
func TestOpenMakesTheConnectionsLater(t *testing.T) {
	const connections = 4
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(connections))
	n := node(t)
	n.Kill()
	began := time.Now()
	s := open(t, url(n), redis.Config{})
	if took := time.Since(began); took > time.Second {
		t.Errorf("Open without a server took %v", took)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, "all connections are made", func() bool { return s.Made() >= connections })
	wantBurst(t, s)
}

// wantBurst makes many calls at once, none of which may fail.
func wantBurst(t *testing.T, s *redis.Store) {
	t.Helper()
	var calls sync.WaitGroup
	for i := range 200 {
		calls.Go(func() {
			if _, err := s.Get(t.Context(), decimal(int64(i))); err != nil {
				t.Errorf("Get in a burst after Open = %v", err)
			}
		})
	}
	calls.Wait()
}

// TestAServerThatIsTooOldForACommand is before Redis 7.0, which does not take
// NX and GET together: here, it is told something else that it does not take.
func TestAServerThatIsTooOldForACommand(t *testing.T) {
	address := relay(t, testserver.Redis(t), 0, func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte("\r\nNX\r\n"), []byte("\r\nZZ\r\n"))
	})
	s := ready(t, "redis://"+address, redis.Config{})
	key := testserver.Prefix() + "k"
	wantState(t, "Claim", claim(t, s, key, token(), false), cache.Granted)
	if !s.Scripted() {
		t.Error("the store has not gone over to scripts")
	}
	wantState(t, "another's Claim", claim(t, s, key, token(), false), cache.Held)
}

// relay returns an address that leads to the server at a URL, after a wait,
// and with what is sent there edited.
func relay(t *testing.T, url string, wait time.Duration, edit func([]byte) []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	join := func(c net.Conn) {
		defer c.Close()
		<-time.After(wait)
		server, err := net.Dial("tcp", strings.TrimPrefix(url, "redis://"))
		if err != nil {
			return
		}
		defer server.Close()
		go func() { _, _ = io.Copy(editor{server, edit}, c) }()
		_, _ = io.Copy(c, server)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go join(c)
		}
	}()
	return l.Addr().String()
}

// editor edits what is written. It sees what is sent at once at once.
type editor struct {
	to   io.Writer
	edit func([]byte) []byte
}

func (e editor) Write(b []byte) (int, error) {
	out := b
	if e.edit != nil {
		out = e.edit(b)
	}
	_, err := e.to.Write(out)
	return len(b), err
}

// TestMoreCallsThanAConnectionHasRoomFor: those that have no room wait no
// longer than their context either.
func TestMoreCallsThanAConnectionHasRoomFor(t *testing.T) {
	n := node(t)
	s := connected(t, url(n), redis.Config{})
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	var late atomic.Int64
	for range 3 * redis.GateCalls {
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := s.Get(ctx, "k")
			wantUnavailable(t, "Get from a frozen server", err)
			if time.Since(began) > 800*time.Millisecond {
				late.Add(1)
			}
		})
	}
	calls.Wait()
	// The silent connection is closed after a second, which would end them too:
	// without a gate, more than a thousand. A busy machine makes some late.
	if n := late.Load(); n > 500 {
		t.Errorf("%d calls did not end by their context", n)
	}
	if err := n.Thaw(); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, "the store answers", func() bool { return s.Ping(t.Context()) == nil })
}

func TestACallThatEndsEarlyKeepsItsConnection(t *testing.T) {
	n := node(t)
	s := connected(t, url(n), redis.Config{})
	c := raw(t, n.Address())
	connections := func() string {
		text, err := command(t, c, "INFO", "stats").ToString()
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(text, "total_connections_received:")
		made, _, _ := strings.Cut(after, "\r\n")
		return made
	}
	// Contexts with a deadline, as a cache's calls have.
	write := func(value string, within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return s.Set(ctx, []cache.Entry{entry("n:k", value)})
	}
	if err := write("v", patience); err != nil {
		t.Fatal(err)
	}
	before := connections()
	command(t, c, "CLIENT", "PAUSE", "200", "WRITE")
	for range 10 {
		wantUnavailable(t, "Set while the server pauses", write("w", 10*time.Millisecond))
	}
	if err := write("v", patience); err != nil {
		t.Error(err)
	}
	if after := connections(); after != before {
		t.Errorf("the server has had %s connections, %s before calls ended early", after, before)
	}
}
