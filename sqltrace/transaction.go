package sqltrace

import (
	"context"
	"database/sql/driver"
	"strings"

	"github.com/hone-go/hone/internal/ledger"
)

// begun is how a transaction was begun.
type begun struct {
	place   *place // nil if unknown
	allowed *allowance
}

// begunBy returns what is known of a transaction that the caller's caller
// begins. Cost: that of a look at the stack, little beside a BEGIN's way to the
// server and back.
func (t *state) begunBy(ctx context.Context) begun {
	if t.config.MinRepeats < 0 {
		return begun{}
	}
	return begun{t.sites.caller(2), allowanceOf(ctx)}
}

// transact tells the request in ctx that a transaction begins or ends, given
// the normalised text of a statement that controls one. Savepoints do neither.
func (t *state) transact(ctx context.Context, text string) {
	l := ledger.From(ctx)
	if l == nil {
		return
	}
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "BEGIN", "START":
		l.TransactionStart(t.begunBy(ctx))
	case "COMMIT", "END", "ABORT":
		l.TransactionEnd(nil)
	case "ROLLBACK":
		if !strings.Contains(rest, "TO") {
			l.TransactionEnd(nil)
		}
	}
}

// transaction tells its request when it ends.
type transaction struct {
	driver.Tx
	ledger *ledger.Ledger
	begun  any // a begun
}

// traceTx returns base wrapped if ctx belongs to a request, and bare otherwise.
// Nothing looks for more than driver.Tx in a transaction.
func (t *state) traceTx(ctx context.Context, base driver.Tx, err error) (driver.Tx, error) {
	l := ledger.From(ctx)
	if err != nil || base == nil || l == nil {
		return base, err
	}
	tx := &transaction{base, l, t.begunBy(ctx)}
	l.TransactionStart(tx.begun)
	return tx, nil
}

func (t *transaction) Commit() error {
	t.ledger.TransactionEnd(t.begun)
	return t.Tx.Commit()
}

func (t *transaction) Rollback() error {
	t.ledger.TransactionEnd(t.begun)
	return t.Tx.Rollback()
}
