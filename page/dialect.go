package page

import (
	"slices"
	"strconv"
	"strings"
)

// Dialect names the SQL that a database speaks: its placeholders, where it
// puts NULLs, and which comparisons its planner can use an index for.
type Dialect string

// The dialects. There is no default.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite" // 3.30 or newer
	MySQL    Dialect = "mysql"  // and MariaDB
)

func (d Dialect) valid() bool {
	return slices.Contains([]Dialect{Postgres, SQLite, MySQL}, d)
}

// nullsFirst reports where NULLs are if a term of ORDER BY does not say:
// PostgreSQL takes them for the largest values, the others for the smallest.
func (d Dialect) nullsFirst(desc bool) bool {
	return desc == (d == Postgres)
}

// rowValues reports whether an index serves (a, b) > (x, y). MySQL knows the
// form but reads the whole index for it.
func (d Dialect) rowValues() bool { return d != MySQL }

// A Query is the text of a statement and its arguments, in order.
type Query struct {
	SQL  string
	Args []any
}

// inner returns a statement as it can stand within another: without the
// semicolon, and with its last comment ended.
func inner(base string) string {
	base = strings.TrimRight(base, "; \t\r\n")
	if strings.Contains(base, "--") || strings.Contains(base, "#") {
		base += "\n"
	}
	return base
}

// binder hands out placeholders for arguments.
type binder struct {
	dialect Dialect
	bound   int // arguments that the caller has bound before these
	args    []any
}

func (b *binder) bind(v any) string {
	b.args = append(b.args, v)
	if b.dialect == Postgres {
		return "$" + strconv.Itoa(b.bound+len(b.args))
	}
	return "?"
}

// An operand is a value that a predicate names one or more times: bound once
// where placeholders have numbers, else every time.
type operand struct {
	binder *binder
	value  any
	cast   string
	number string // its placeholder, if it has one that can be repeated
}

func (o *operand) String() string {
	placeholder := o.number
	if placeholder == "" {
		placeholder = o.binder.bind(o.value)
		if o.binder.dialect == Postgres {
			o.number = placeholder
		}
	}
	if o.cast == "" {
		return placeholder
	}
	return "CAST(" + placeholder + " AS " + o.cast + ")"
}
