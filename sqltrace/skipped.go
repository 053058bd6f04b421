package sqltrace

import "errors"

// maxSkipped bounds the statements that one connection may hold between
// ErrSkip and Prepare. database/sql always prepares next, so there are as many
// as goroutines that share a transaction; only a caller of the raw connection
// who ignores ErrSkip leaves more behind.
const maxSkipped = 16

var errNotExecuted = errors.New("sqltrace: statement was not executed")

// skippedList holds the statements of one connection whose direct execution
// the driver skipped, until database/sql has prepared them. Carrying a record
// on, rather than beginning another, is what makes them count once.
type skippedList []skippedStatement

type skippedStatement struct {
	query string
	begun Statement
}

func (l *skippedList) add(query string, begun Statement) {
	if len(*l) == maxSkipped {
		l.endAll()
	}
	*l = append(*l, skippedStatement{query, begun})
}

// take removes and returns a statement with that text. Which one of several
// does not matter: they differ at most in their arguments.
func (l *skippedList) take(query string) (begun Statement, ok bool) {
	for i, s := range *l {
		if s.query == query {
			last := len(*l) - 1
			(*l)[i] = (*l)[last]
			(*l)[last] = skippedStatement{}
			*l = (*l)[:last]
			return s.begun, true
		}
	}
	return Statement{}, false
}

func (l *skippedList) endAll() {
	for i := range *l {
		(*l)[i].begun.End(0, errNotExecuted)
		(*l)[i] = skippedStatement{}
	}
	*l = (*l)[:0]
}
