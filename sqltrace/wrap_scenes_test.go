package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// The scenes of transactions, cancellation and sessions.

func playTransactions(s *stage) {
	for _, opts := range []*sql.TxOptions{
		nil,
		{},
		{Isolation: sql.LevelSerializable},
		{ReadOnly: true},
		{Isolation: sql.LevelReadCommitted, ReadOnly: true},
	} {
		s.fake.Printf("options %+v:", opts)
		tx, err := s.db.BeginTx(s.ctx, opts)
		s.note("begin", err)
		if err != nil {
			continue
		}
		s.execOn(tx, "insert ?", 1)
		s.queryOn(tx, "select ?", 1)
		s.execOn(tx, "skip ?", 1)
		s.queryOn(tx, "skip ?", 1)
		if st := s.prepare(tx, "one ?"); st != nil {
			s.stmtExec(st, 1)
		}
		s.note("commit", tx.Commit())
		s.note("rollback", tx.Rollback())
		s.settle()
	}
	tx, err := s.db.BeginTx(s.ctx, nil)
	s.note("begin", err)
	if err == nil {
		s.note("rollback", tx.Rollback())
	}
	s.settle()
}

func playTransactionFaults(s *stage) {
	for _, op := range []string{"Begin", "BeginTx", "Commit", "Rollback", "ExecContext", "Exec"} {
		for _, err := range []error{errDriver, driver.ErrBadConn} {
			s.fake.Printf("%s fails with %v:", op, err)
			s.fake.Fail(op, 1, err)
			for range 2 {
				tx, err := s.db.BeginTx(s.ctx, nil)
				s.note("begin", err)
				if err != nil {
					continue
				}
				s.execOn(tx, "insert")
				s.note("commit", tx.Commit())
				tx, err = s.db.BeginTx(s.ctx, nil)
				s.note("begin", err)
				if err == nil {
					s.note("rollback", tx.Rollback())
				}
			}
			s.fake.Heal()
			s.settle()
		}
	}
}

// playTransactionCanceled shows which connections outlive a transaction that
// its context ended: those that have both a resetter and a validator.
func playTransactionCanceled(s *stage) {
	ctx, cancel := context.WithCancel(s.ctx)
	tx, err := s.db.BeginTx(ctx, nil)
	s.note("begin", err)
	if err != nil {
		cancel()
		return
	}
	rows, err := tx.QueryContext(s.ctx, "select")
	s.note("query", err)
	if err == nil {
		s.fake.Printf("next=%t", rows.Next())
	}
	cancel()
	s.settle()
	if err == nil {
		s.fake.Printf("next=%t", rows.Next())
		s.note("rows end", rows.Err())
	}
	s.execOn(tx, "insert")
	s.note("commit", tx.Commit())
	s.exec("insert")
	s.settle()
}

func playCanceledBefore(s *stage) {
	conn, err := s.db.Conn(s.ctx) // which later calls get without a look at their context
	s.note("conn", err)
	st := s.prepare(conn, "one ?")
	live := s.ctx
	canceled, cancel := context.WithCancel(live)
	cancel()
	s.ctx = canceled
	s.note("ping", conn.PingContext(canceled))
	s.execOn(conn, "insert ?", 1)
	s.execOn(conn, "insert ?", sql.Named("a", 1))
	s.execOn(conn, "skip ?", 1)
	s.queryCanceled(conn, "select ?", 1)
	s.queryCanceled(conn, "skip ?", 1)
	if again := s.prepare(conn, "one ?"); again != nil {
		s.note("close", again.Close())
	}
	s.stmtExec(st, 1)
	rows, err := st.QueryContext(canceled, 1)
	s.expectClosed("prepared query", rows, err)
	s.note("close", st.Close())
	_, err = conn.BeginTx(canceled, nil)
	s.settle()
	s.note("begin", err)
	s.ctx = live
	s.note("conn close", conn.Close())
	s.settle()
}

func (s *stage) queryCanceled(on handle, query string, args ...any) {
	rows, err := on.QueryContext(s.ctx, query, args...)
	s.expectClosed("query "+query, rows, err)
}

// expectClosed prints what remains of rows that their context closes, now or
// in the next call.
func (s *stage) expectClosed(what string, rows *sql.Rows, err error) {
	s.settle()
	s.note(what, err)
	if err != nil {
		return
	}
	more := rows.Next()
	s.settle()
	s.fake.Printf("next=%t", more)
	s.note("rows end", rows.Err())
	s.note("rows close", rows.Close())
}

func playCanceledDuring(s *stage) {
	plays := []func(){
		func() { s.note("ping", s.db.PingContext(s.ctx)) },
		func() { s.exec("insert ?", 1) },
		func() { s.queryCanceled(s.db, "select ?", 1) },
		func() {
			if st := s.prepare(s.db, "one ?"); st != nil {
				s.note("close", st.Close())
			}
		},
		func() {
			tx, err := s.db.BeginTx(s.ctx, nil)
			s.settle()
			s.note("begin", err)
			if err == nil {
				s.note("rollback", tx.Rollback())
			}
		},
	}
	ops := []string{
		"Connect", "Prepare", "PrepareContext", "Begin", "BeginTx", "Exec", "ExecContext", "Query", "QueryContext",
		"StmtExec", "StmtExecContext", "StmtQuery", "StmtQueryContext", "Next", "Ping",
	}
	for _, play := range plays {
		play()
	}
	live := s.ctx
	for _, op := range ops {
		if !s.fake.Called(op) {
			continue // this shape does without
		}
		for _, play := range plays {
			ctx, cancel := context.WithCancel(live)
			s.ctx = ctx
			s.fake.Printf("canceled in %s:", op)
			s.fake.During(op, 1, func() error {
				cancel()
				return nil
			})
			play()
			s.fake.Heal()
			cancel()
			s.settle()
		}
	}
	s.ctx = live
}

func playSessions(s *stage) {
	s.exec("insert")
	s.exec("insert")
	for _, op := range []string{"ResetSession", "IsValid", "ConnClose"} {
		for _, err := range []error{errDriver, driver.ErrBadConn} {
			s.fake.Printf("%s fails with %v:", op, err)
			s.fake.Fail(op, 1, err)
			s.exec("insert")
			s.exec("insert")
			s.settle()
			s.db.SetMaxIdleConns(-1)
			s.exec("insert")
			s.db.SetMaxIdleConns(2)
			s.fake.Heal()
		}
	}
}
