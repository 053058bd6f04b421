package explain_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/sqltrace/explain"
)

// TestPooler: a proxy that makes up the backend's number, as PgBouncer does,
// is refused before anything is explained.
func TestPooler(t *testing.T) {
	db := openPostgres(t)
	db.exec(t, items...)
	u, err := url.Parse(db.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = pooler(t, u.Host)
	a := (&database{db.DB, db.driver, u.String()}).adviser(t, explain.Config{})
	a.Observe(`SELECT * FROM item WHERE note = $1`, []any{"x"}, time.Second)
	if err := a.Pass(t.Context()); !errors.Is(err, explain.ErrPooler) {
		t.Errorf("Pass() = %v, want ErrPooler", err)
	}
	if err := a.Run(t.Context()); !errors.Is(err, explain.ErrPooler) {
		t.Errorf("Run() = %v, want ErrPooler: waiting does not help", err)
	}
	if r := a.Report(); r.Explained != 0 || r.Waiting != 1 {
		t.Errorf("explained, waiting = %d, %d, want 0, 1", r.Explained, r.Waiting)
	}
}

// pooler starts a proxy to a server and returns its address. It changes the
// process number in BackendKeyData:
// https://www.postgresql.org/docs/current/protocol-message-formats.html
func pooler(t *testing.T, server string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { forward(client, server) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

func forward(client net.Conn, server string) {
	defer client.Close()
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer backend.Close()
	go func() {
		_, _ = io.Copy(backend, client) // ends when either side closes
		backend.Close()
	}()
	for {
		var head [5]byte
		if _, err := io.ReadFull(backend, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(backend, body); err != nil {
			return
		}
		if head[0] == 'K' {
			binary.BigEndian.PutUint32(body, 1_000_000)
		}
		if _, err := client.Write(append(head[:], body...)); err != nil {
			return
		}
	}
}
