package sqltrace

import (
	"context"
	"database/sql/driver"
	"strings"

	"github.com/hone-go/hone/internal/ledger"
)

// transact tells the request in ctx that a transaction begins or ends, given
// the normalised text of a statement that controls one. Savepoints do neither.
func transact(ctx context.Context, text string) {
	l := ledger.From(ctx)
	if l == nil {
		return
	}
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "BEGIN", "START":
		l.TransactionStart()
	case "COMMIT", "END", "ABORT":
		l.TransactionEnd()
	case "ROLLBACK":
		if !strings.Contains(rest, "TO") {
			l.TransactionEnd()
		}
	}
}

// transaction tells its request when it ends.
type transaction struct {
	driver.Tx
	ledger *ledger.Ledger
}

// traceTx returns base wrapped if ctx belongs to a request, and bare otherwise.
// Nothing looks for more than driver.Tx in a transaction.
func traceTx(ctx context.Context, base driver.Tx, err error) (driver.Tx, error) {
	l := ledger.From(ctx)
	if err != nil || base == nil || l == nil {
		return base, err
	}
	l.TransactionStart()
	return transaction{base, l}, nil
}

func (t transaction) Commit() error {
	t.ledger.TransactionEnd()
	return t.Tx.Commit()
}

func (t transaction) Rollback() error {
	t.ledger.TransactionEnd()
	return t.Tx.Rollback()
}
