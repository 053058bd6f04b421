//go:build unix

package dbpool_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// crowd opens clients connections at once and lets each run many statements,
// in transactions and alone. It returns how many server processes served them,
// and the errors.
func crowd(t *testing.T, pool *pgxpool.Pool, clients int) (int, error) {
	t.Helper()
	var (
		mu      sync.Mutex
		servers = make(map[int]bool)
		errs    []error
		ready   sync.WaitGroup
		done    sync.WaitGroup
	)
	ready.Add(clients)
	for c := range clients {
		done.Go(func() {
			conn, err := pool.Acquire(t.Context())
			ready.Done()
			if err == nil {
				defer conn.Release()
				ready.Wait() // until all are connected
				err = chat(t, conn, c, func(pid int) {
					mu.Lock()
					defer mu.Unlock()
					servers[pid] = true
				})
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	done.Wait()
	return len(servers), errors.Join(errs...)
}

// chat runs statements on one client connection.
func chat(t *testing.T, conn *pgxpool.Conn, client int, served func(pid int)) error {
	ctx := t.Context()
	for i := range 20 {
		var pid, sum int
		want := client*1000 + i
		err := conn.QueryRow(ctx, "SELECT pg_backend_pid(), $1::int + $2::int", client*1000, i).Scan(&pid, &sum)
		if err != nil {
			return err
		}
		if sum != want {
			return fmt.Errorf("client %d got %d, want %d: an answer of another client's", client, sum, want)
		}
		served(pid)
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL application_name = 'crowd'"); err != nil {
				return err
			}
			var label string
			return tx.QueryRow(ctx, "SELECT $1::text", fmt.Sprint("client ", client)).Scan(&label)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestFiftyClientsOnFiveServers(t *testing.T) {
	const clients = 50
	url := testserver.PgBouncer(t)
	pool := open(t, url, dbpool.Config{Size: clients})
	servers, err := crowd(t, pool, clients)
	if err != nil {
		t.Errorf("%d clients with the settings of Open: %v", clients, err)
	}
	if servers < 2 || servers > server.BouncerPoolSize {
		t.Errorf("%d clients were served by %d servers, want 2 to %d", clients, servers, server.BouncerPoolSize)
	}
	pool.Close()

	// The same with pgx's own settings shows that the others are needed, if
	// this PgBouncer is one that needs them.
	pooler := detect(t, url)
	bare := open(t, url, direct(dbpool.Config{Size: clients}))
	_, err = crowd(t, bare, clients)
	if (err != nil) == pooler.Prepared {
		t.Errorf("%d clients with pgx's settings through %v = %v", clients, pooler, err)
	}
	if fault, _ := dbpool.Explain(err); !pooler.Prepared && fault.Kind != dbpool.StatementExists && fault.Kind != dbpool.StatementMissing {
		t.Errorf("Explain(%v) = %q, want a lost prepared statement", err, fault.Kind)
	}
}
