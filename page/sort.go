package page

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Sort says which orders a list has. Every order is total: it ends with
// columns that are unique together, so that no two rows tie and no row is
// skipped or repeated between two pages.
type Sort struct {
	// Columns are those that an order may name, and no others: the allow list
	// for ?sort=.
	Columns []Column

	// Unique names columns whose values together no two rows share: the
	// primary key, as a rule. They must be NotNull. An order that does not
	// name them all gets the missing ones at its end, in the direction of its
	// last column, so that one index on (column, key) serves the order and its
	// reverse. Columns named after all of them decide nothing and are left out.
	Unique []string

	// Default is the order for a client that asks for none, as a value of
	// ?sort=: names separated by commas, the greatest first where a name
	// follows a minus, as in "-placed_at,id". Default: the Unique columns,
	// ascending.
	Default string

	// Param is the name of the parameter. Default "sort".
	Param string
}

// A Column is one that rows can be sorted by.
type Column struct {
	// Name is what clients call it: letters, digits, underscores and dots.
	Name string

	// Expr is the column, or an expression, in the SQL of the service. It is
	// copied into the text and never comes from a client. Default: Name.
	//
	// Text is compared by the collation of Expr, in the order and from the
	// cursor on: where 'a' = 'A', as MySQL has it by default, such rows tie and
	// none is lost. An ENUM of MySQL is sorted by the numbers of its values and
	// compared by their text: its Expr is "grade + 0", and its key the number.
	Expr string

	// Nulls says where NULLs are. Say NotNull wherever it is true: the
	// comparison that NULLs need is one that few planners use an index for.
	Nulls Nulls

	// Cast, if set, is the SQL type that a cursor's value is cast to before it
	// is compared: MySQL, other than MariaDB, needs "DECIMAL(20,4)" for a
	// decimal, which is sent as text and would be compared as a floating-point
	// number.
	Cast string

	// Internal keeps the column from clients: only Default and Unique name it.
	Internal bool
}

// Nulls says where the NULLs of a column are, in either direction.
type Nulls int

// The places. NullsLast is the zero value, so that a column about which
// nothing is known loses no row.
const (
	NullsLast Nulls = iota
	NullsFirst
	NotNull // there are none
)

// A term is one column of an order.
type term struct {
	name, expr, cast string
	desc             bool
	nulls            Nulls
}

// reversed returns the terms of the opposite order.
func reversed(terms []term) []term {
	terms = slices.Clone(terms)
	for i := range terms {
		terms[i].desc = !terms[i].desc
		switch terms[i].nulls {
		case NullsFirst:
			terms[i].nulls = NullsLast
		case NullsLast:
			terms[i].nulls = NullsFirst
		}
	}
	return terms
}

// bareExpr matches a column that needs no parentheses.
var bareExpr = regexp.MustCompile("^[A-Za-z0-9_.\"`]+$")

var columnName = regexp.MustCompile(`^[A-Za-z0-9_.]+$`)

func (s Sort) withDefaults() Sort {
	s.Columns = slices.Clone(s.Columns)
	for i, c := range s.Columns {
		if c.Expr == "" {
			s.Columns[i].Expr = c.Name
		} else if !bareExpr.MatchString(c.Expr) {
			s.Columns[i].Expr = "(" + c.Expr + ")"
		}
	}
	s.Unique = slices.Clone(s.Unique)
	if s.Default == "" {
		s.Default = strings.Join(s.Unique, ",")
	}
	if s.Param == "" {
		s.Param = "sort"
	}
	return s
}

func (s Sort) validate() error {
	var errs []error
	seen := make(map[string]bool)
	for _, c := range s.Columns {
		if !columnName.MatchString(c.Name) {
			errs = append(errs, fmt.Errorf("page: Sort.Columns has the name %q, want letters, digits, dots and underscores only", c.Name))
		}
		if seen[c.Name] {
			errs = append(errs, fmt.Errorf("page: Sort.Columns has %q twice", c.Name))
		}
		seen[c.Name] = true
		if c.Nulls < NullsLast || c.Nulls > NotNull {
			errs = append(errs, fmt.Errorf("page: Nulls of column %q is %d, want a Nulls constant", c.Name, c.Nulls))
		}
	}
	if len(s.Unique) == 0 {
		errs = append(errs, errors.New("page: Sort.Unique is empty, want the columns that no two rows share: "+
			"pages of rows that tie skip and repeat rows"))
	}
	for i, name := range s.Unique {
		c, ok := s.column(name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("page: Sort.Unique has %q, which is not among Sort.Columns", name))
		case c.Nulls != NotNull:
			errs = append(errs, fmt.Errorf("page: Sort.Unique has %q, which is not NotNull: any number of rows may share NULL", name))
		}
		if slices.Contains(s.Unique[:i], name) {
			errs = append(errs, fmt.Errorf("page: Sort.Unique has %q twice", name))
		}
	}
	if len(errs) == 0 {
		if _, reason := s.order(s.Default, true); reason != "" {
			errs = append(errs, fmt.Errorf("page: Sort.Default %q %s", s.Default, reason))
		}
	}
	return errors.Join(errs...)
}

func (s Sort) column(name string) (Column, bool) {
	i := slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return s.Columns[i], true
}

// parse returns the order that values ask for.
func (s Sort) parse(values url.Values) ([]term, error) {
	text, given, err := single(values, s.Param)
	if err != nil {
		return nil, err
	}
	if !given {
		text = s.Default
	}
	terms, reason := s.order(text, !given)
	if reason != "" {
		return nil, &ParamError{Param: s.Param, Reason: reason}
	}
	return terms, nil
}

// order returns the total order for a list of names, or why there is none.
// The last of its terms is never NULL.
func (s Sort) order(text string, internal bool) (terms []term, reason string) {
	named := make([]string, 0, len(s.Columns))
	total := false
	add := func(c Column, desc bool) {
		named = append(named, c.Name)
		if total {
			return
		}
		terms = append(terms, term{name: c.Name, expr: c.Expr, cast: c.Cast, desc: desc, nulls: c.Nulls})
		total = !slices.ContainsFunc(s.Unique, func(name string) bool { return !slices.Contains(named, name) })
	}
	for name := range strings.SplitSeq(text, ",") {
		name, desc := strings.CutPrefix(name, "-")
		c, ok := s.column(name)
		switch {
		case !ok || c.Internal && !internal:
			return nil, s.allowed()
		case slices.Contains(named, name):
			return nil, "must not name a column twice"
		}
		add(c, desc)
	}
	last := terms[len(terms)-1]
	for _, name := range s.Unique {
		if !slices.Contains(named, name) {
			c, _ := s.column(name)
			add(c, last.desc)
		}
	}
	return terms, ""
}

// allowed says which orders clients may ask for.
func (s Sort) allowed() string {
	var names []string
	for _, c := range s.Columns {
		if !c.Internal {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return "is not supported: the list has one order"
	}
	return "must be one or more of " + strings.Join(names, ", ") + ", separated by commas, a minus before a name for descending"
}
