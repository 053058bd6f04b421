package explain

import (
	"context"
	"database/sql"
)

// engine is what differs between the databases. It is given a connection that
// is used for nothing else meanwhile.
type engine interface {
	// check says whether plans may be asked for over this connection at all.
	check(ctx context.Context, conn *sql.Conn) error
	// catalog reads what the database says of its tables.
	catalog(ctx context.Context, conn *sql.Conn) (*catalog, error)
	// examine asks for the plan of a statement and tries what might improve
	// it. An error means that the database could not be asked; a statement
	// that it refuses is a result.
	examine(ctx context.Context, conn *sql.Conn, cat *catalog, ask sample) (result, error)
}

// sample is one execution of a statement.
type sample struct {
	text   string
	args   []any
	varied bool // other executions had other values written into the text
}

// result is what is known of one statement after its plan was read.
type result struct {
	outcome *outcome // nil: no index is advised
	skipped []string // what could not be advised on, and why
	joined  []joint  // columns that it joins by
}

// outcome is an index that helps a statement.
type outcome struct {
	candidate
	before, after float64
	sizeBytes     int64
	unvalidated   string // why, "" if it was tried
	invalid       string // name of an index that is there but broken
	evidence      string
}

// beats reports whether o is the better advice than another, nil for none: the
// cheaper one, or the lighter one if it does nearly as well. Nearly is a tenth
// of what remains or a fiftieth of what was: no column is worth less.
func (o *outcome) beats(other *outcome) bool {
	if other == nil {
		return true
	}
	margin := max(0.1*other.after, 0.02*other.before)
	switch {
	case o.lighter(other.candidate):
		return o.after < other.after+margin
	case other.lighter(o.candidate):
		return o.after < other.after-margin
	}
	return o.after < other.after
}

// done reports whether the index is there by now.
func (o *outcome) done(cat *catalog) bool {
	if cat == nil || o.invalid != "" {
		return false
	}
	t := cat.tables[o.table.title()]
	if t == nil {
		return false
	}
	made := t.named(o.name())
	return made != nil && made.valid || t.served(o.candidate) != nil
}

// joint is a column that a statement joins by.
type joint struct{ table, column string }

// joints lists the columns that the accesses join by.
func joints(list []*access) []joint {
	var all []joint
	for _, a := range list {
		for _, c := range a.joined {
			all = append(all, joint{a.rel.table.title(), c})
		}
	}
	return all
}
