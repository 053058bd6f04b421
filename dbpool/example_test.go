package dbpool_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hone-go/hone/dbpool"
)

// A pool whose wait is bounded, behind a pooler that is known. Leave Pooler out
// to have it found.
func ExampleOpen() {
	pool, err := dbpool.Open(context.Background(), "postgres://shop@127.0.0.1:6432/shop", dbpool.Config{
		Size:           5,               // SQLAlchemy's pool_size
		Overflow:       5,               // max_overflow
		AcquireTimeout: 2 * time.Second, // pool_timeout
		Recycle:        time.Hour,       // pool_recycle
		Pooler:         dbpool.Pooler{Mode: dbpool.Transaction},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(pool.Config().MaxConns, pool.Config().ConnConfig.DefaultQueryExecMode)
	// Output: 10 exec
}

// The same pool for what speaks database/sql: sqlx, GORM, sqlc, bun.
func ExampleOpenDB() {
	pool, err := dbpool.Open(context.Background(), "postgres://shop@127.0.0.1/shop", dbpool.Config{
		Pooler: dbpool.Pooler{Mode: dbpool.Direct}, // connects later
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	db := dbpool.OpenDB(pool)
	defer db.Close()
	fmt.Println(db.Stats().OpenConnections, "connections so far")
	// Output: 0 connections so far
}

// A busy pool is the service's overload, not a fault of the request.
func ExampleExplain() {
	answer := func(err error) int {
		if errors.Is(err, dbpool.ErrAcquireTimeout) {
			return http.StatusServiceUnavailable
		}
		return http.StatusInternalServerError
	}
	err := fmt.Errorf("orders: %w", dbpool.ErrAcquireTimeout)
	fault, ok := dbpool.Explain(err)
	fmt.Println(answer(err), ok, fault.Kind)
	// Output: 503 true pool exhausted
}

func ExampleBudget() {
	answer, err := dbpool.Budget(
		dbpool.Plan{Size: 5, Overflow: 5, Processes: 8, Tasks: 4},
		dbpool.Server{MaxConnections: 100, SuperuserReserved: 3},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("need", answer.Need, "of", answer.Tight.Available)
	fmt.Println("fits:", answer.Fits, "- set size", answer.Size, "and overflow", answer.Overflow)
	// Output:
	// need 640 of 97
	// fits: false - set size 1 and overflow 0
}

func ExampleAnswer_Bouncer() {
	answer, err := dbpool.Budget(
		dbpool.Plan{Size: 5, Overflow: 5, Processes: 8, Tasks: 4},
		dbpool.Server{MaxConnections: 100, SuperuserReserved: 3},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	bouncer, err := answer.Bouncer()
	fmt.Println(bouncer.PoolSize, "server connections for", bouncer.MaxClients, "clients", err)
	// Output: 20 server connections for 704 clients <nil>
}

func ExampleLint() {
	for _, sql := range []string{
		"SET LOCAL statement_timeout = '1s'",
		"SET statement_timeout = '1s'",
		"SELECT pg_advisory_lock($1)",
	} {
		for _, hazard := range dbpool.Lint(sql) {
			fmt.Printf("%s: %s\n", hazard.Feature, hazard.Remedy)
		}
	}
	// Output:
	// SET: SET LOCAL or set_config(name, value, true) inside the transaction; ALTER ROLE … SET for what always holds
	// session advisory lock: pg_advisory_xact_lock or pg_try_advisory_xact_lock inside the transaction
}
