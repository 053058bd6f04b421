package dbpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/internal/testserver"
)

func TestExplain(t *testing.T) {
	server := func(code, message string) error {
		return fmt.Errorf("shop: %w", &pgconn.PgError{Code: code, Message: message})
	}
	tests := []struct {
		err  error
		want dbpool.FaultKind
	}{
		{nil, ""},
		{errors.New("something else"), ""},
		{pgx.ErrNoRows, ""},
		{server("23505", "duplicate key value violates unique constraint"), ""},
		{server("0A000", "cannot do that"), ""},
		{server("08P01", "something of the protocol"), ""},
		{server("53300", "sorry, too many clients already"), dbpool.TooManyClients},
		{server("53300", "désolé, trop de clients sont déjà connectés"), dbpool.TooManyClients},
		{server("53300", "remaining connection slots are reserved for non-replication superuser connections"), dbpool.ReservedSlotsLeft},
		{server("53300", `remaining connection slots are reserved for roles with the SUPERUSER attribute`), dbpool.ReservedSlotsLeft},
		{server("53300", `too many connections for role "shop"`), dbpool.RoleLimit},
		{server("53300", `too many connections for database "shop"`), dbpool.DatabaseLimit},
		{server("42P05", `prepared statement "lrupsc_1_0" already exists`), dbpool.StatementExists},
		{server("26000", `prepared statement "lrupsc_1_0" does not exist`), dbpool.StatementMissing},
		{server("0A000", "cached plan must not change result type"), dbpool.PlanChanged},
		{server("08P01", "unsupported startup parameter: search_path"), dbpool.PoolerParameter},
		{server("08P01", "unsupported pkt type: 80"), dbpool.PoolerProtocol},
		{server("08P01", "no more connections allowed (max_client_conn)"), dbpool.PoolerFull},
		{server("08P01", "client connections exceeded (max_db_client_connections)"), dbpool.PoolerFull},
		{server("08P01", "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed"), dbpool.PoolerParameter},
		{server("08P01", "transaction blocks not allowed in statement pooling mode"), dbpool.PoolerNoTransactions},
		{server("08P01", "prepared statement did not exist"), dbpool.StatementMissing},
		{server("08P01", "client_login_timeout (server down)"), dbpool.PoolerNoServer},
		{server("08P01", "pgbouncer cannot connect to server"), dbpool.PoolerNoServer},
		{server("08P01", "pooler is shutting down"), dbpool.ServerStarting},
		{server("08P01", "no such database: shop"), dbpool.CredentialsRefused},
		{server("08P01", "no such user: shop"), dbpool.CredentialsRefused},
		{server("08P01", "idle transaction timeout"), dbpool.TransactionIdle},
		{server("08P01", "query timeout"), dbpool.StatementTimeout},
		{server("08P01", "query_wait_timeout"), dbpool.PoolerQueue},
		{server("08P01", "server login has been failing, try again later"), dbpool.PoolerNoServer},
		{server("08P01", "server conn crashed?"), dbpool.ConnectionLost},
		{server("57014", "canceling statement due to statement timeout"), dbpool.StatementTimeout},
		{server("57014", "canceling statement due to user request"), dbpool.StatementCanceled},
		{server("55P03", "canceling statement due to lock timeout"), dbpool.LockTimeout},
		{server("25P03", "terminating connection due to idle-in-transaction timeout"), dbpool.TransactionIdle},
		{server("57P01", "terminating connection due to administrator command"), dbpool.ConnectionLost},
		{server("57P02", "terminating connection because of crash of another server process"), dbpool.ConnectionLost},
		{server("57P04", `database "shop" was dropped`), dbpool.ConnectionLost},
		{server("57P05", "terminating connection due to idle-session timeout"), dbpool.ConnectionLost},
		{server("08003", "connection does not exist"), dbpool.ConnectionLost},
		{server("08006", "connection failure"), dbpool.ConnectionLost},
		{server("28000", `no pg_hba.conf entry for host "10.0.0.1"`), dbpool.CredentialsRefused},
		{server("57P03", "the database system is starting up"), dbpool.ServerStarting},
		{server("28P01", `password authentication failed for user "shop"`), dbpool.CredentialsRefused},
		{server("3D000", `database "shop" does not exist`), dbpool.CredentialsRefused},
		{fmt.Errorf("shop: %w", io.ErrUnexpectedEOF), dbpool.ConnectionLost},
		{pgconn.ErrConnClosed, dbpool.ConnectionLost},
		{fmt.Errorf("shop: %w", dbpool.ErrAcquireTimeout), dbpool.PoolExhausted},
		{context.Canceled, dbpool.StatementCanceled},
		{context.DeadlineExceeded, dbpool.StatementCanceled},
	}
	for _, tt := range tests {
		got, ok := dbpool.Explain(tt.err)
		if got.Kind != tt.want || ok != (tt.want != "") {
			t.Errorf("Explain(%v) = %q, %v, want %q", tt.err, got.Kind, ok, tt.want)
		}
		if ok && (got.Problem == "" || got.Remedy == "") {
			t.Errorf("Explain(%v) gives no problem or no remedy", tt.err)
		}
		var pe *pgconn.PgError
		if ok && errors.As(tt.err, &pe) && got.SQLState != pe.Code {
			t.Errorf("Explain(%v).SQLState = %q, want %q", tt.err, got.SQLState, pe.Code)
		}
	}
}

// wants checks what Explain says of a real error.
func wants(t *testing.T, err error, want dbpool.FaultKind) {
	t.Helper()
	if got, ok := dbpool.Explain(err); !ok || got.Kind != want {
		t.Errorf("Explain(%v) = %q, %v, want %q", err, got.Kind, ok, want)
	}
}

func TestServerLostInTheMiddle(t *testing.T) {
	database := testserver.Postgres(t)
	pool := open(t, database, direct(dbpool.Config{Size: 1}))
	admin := connect(t, database)
	lost := make(chan error)
	go func() {
		_, err := pool.Exec(t.Context(), "SELECT pg_sleep(60)")
		lost <- err
	}()
	testserver.Eventually(t, "the statement runs and was ended", func() bool {
		var ended int
		err := admin.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND query = 'SELECT pg_sleep(60)' AND state = 'active'`).Scan(&ended)
		return err != nil || ended > 0
	})
	wants(t, <-lost, dbpool.ConnectionLost)
	if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("the statement after that: %v, want the pool to have replaced the connection", err)
	}
}

func TestTimeoutsOfTheServer(t *testing.T) {
	database := testserver.Postgres(t)
	pool := open(t, database, direct(dbpool.Config{Size: 2}))
	admin := connect(t, database)
	exec(t, admin, "CREATE TABLE locked (i int)", "BEGIN", "LOCK TABLE locked")
	for _, tt := range []struct {
		setting, statement string
		want               dbpool.FaultKind
	}{
		{"statement_timeout", "SELECT pg_sleep(60)", dbpool.StatementTimeout},
		{"lock_timeout", "SELECT * FROM locked", dbpool.LockTimeout},
	} {
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "SET LOCAL "+tt.setting+" = '20ms'"); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), tt.statement)
			return err
		})
		wants(t, err, tt.want)
	}

	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), "SET LOCAL idle_in_transaction_session_timeout = '20ms'"); err != nil {
		t.Fatal(err)
	}
	pid := tx.Conn().PgConn().PID()
	testserver.Eventually(t, "the server has ended the transaction", func() bool {
		var there bool
		err := pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", pid).Scan(&there)
		return err == nil && !there
	})
	_, err = tx.Exec(t.Context(), "SELECT 1")
	wants(t, err, dbpool.TransactionIdle)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = pool.Exec(ctx, "SELECT pg_sleep(60)")
	wants(t, err, dbpool.StatementCanceled)
}

func TestPlanChanged(t *testing.T) {
	conn := connect(t, testserver.Postgres(t))
	exec(t, conn, "CREATE TABLE t (i int)")
	if _, err := conn.Prepare(t.Context(), "all", "SELECT * FROM t"); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "ALTER TABLE t ADD COLUMN j int")
	_, err := conn.Exec(t.Context(), "all")
	wants(t, err, dbpool.PlanChanged)
}

func TestUnreachable(t *testing.T) {
	_, err := dbpool.Open(t.Context(), "postgres://shop:"+hush+"@127.0.0.1:1/shop", dbpool.Config{})
	wants(t, err, dbpool.ServerUnreachable)
	_, err = dbpool.Open(t.Context(), testserver.Postgres(t)+"&dbname=not_there", dbpool.Config{})
	wants(t, err, dbpool.CredentialsRefused)
}
