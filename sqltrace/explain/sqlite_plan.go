package explain

import (
	"strings"
)

// step is one row of EXPLAIN QUERY PLAN.
type step struct {
	name      string // alias of the table, as the plan writes it; "" for none
	search    bool   // else a scan
	index     string // "" for the table itself
	automatic bool   // an index built for this one statement
	rowid     bool   // by the INTEGER PRIMARY KEY
	primary   bool   // by the primary key of a table WITHOUT ROWID
	equal     int    // columns compared for equality
	ranged    bool
	sort      bool // a sort for ORDER BY
	nest      nest // the steps below are a nest of loops of their own
	opaque    bool // a form that is not looked into
	parent    int  // place in the plan of the step above, or noParent
}

// nest is how often a nest of loops runs for the one around it.
type nest uint8

const (
	noNest    nest = iota
	nestOnce       // a subquery without a name
	nestEach       // one that depends on the row around it
	nestNamed      // one that a loop reads by its name
	nestArm        // an arm of a UNION or a recursion: its rows are the outer nest's
)

const noParent = -1

// nests are the steps that have a nest below, by how their text begins.
var nests = []struct {
	prefix string
	nest   nest
}{
	{"CO-ROUTINE ", nestNamed},
	{"MATERIALIZE ", nestNamed},
	{"CORRELATED SCALAR SUBQUERY ", nestEach},
	{"CORRELATED LIST SUBQUERY ", nestEach},
	{"SCALAR SUBQUERY ", nestOnce},
	{"LIST SUBQUERY ", nestOnce},
	{"COMPOUND QUERY", nestArm},
	{"MERGE (", nestArm},
	{"LEFT-MOST SUBQUERY", nestArm},
	{"UNION ", nestArm},
	{"INTERSECT ", nestArm},
	{"EXCEPT ", nestArm},
	{"LEFT", nestArm},
	{"RIGHT", nestArm},
	{"SETUP", nestArm},
	{"RECURSIVE STEP", nestArm},
}

// parseStep reads the text of one row. Its form is for people and changes:
// since 3.36 "SCAN t", before "SCAN TABLE t", and before 3.8 with an estimate
// behind. What it does not know is opaque.
//
// https://www.sqlite.org/eqp.html
func parseStep(detail string) step {
	var s step
	rest, found := strings.CutPrefix(detail, "SEARCH ")
	if found {
		s.search = true
	} else if rest, found = strings.CutPrefix(detail, "SCAN "); !found {
		return otherStep(detail)
	}
	if i := strings.Index(rest, " (~"); i >= 0 {
		rest = rest[:i]
	}
	rest = strings.TrimSuffix(rest, " LEFT-JOIN")
	rest = strings.TrimPrefix(rest, "TABLE ")
	switch {
	case strings.HasSuffix(rest, "CONSTANT ROW"), strings.HasSuffix(rest, "CONSTANT ROWS"), strings.HasSuffix(rest, "-ROW VALUES CLAUSE"):
		return step{} // some rows from the text
	case strings.HasPrefix(rest, "SUBQUERY "), strings.Contains(rest, "VIRTUAL TABLE"):
		return step{opaque: true}
	}
	name, using, _ := strings.Cut(rest, " USING ")
	if _, alias, ok := strings.Cut(name, " AS "); ok {
		name = alias
	}
	name = strings.TrimSuffix(name, " EXISTS") // a loop that ends with its first row
	s.name = strings.ToLower(strings.TrimSpace(name))
	s.opaque = s.name == ""
	s.readUsing(using)
	return s
}

// readUsing reads what follows USING, such as "COVERING INDEX i (a=? AND b>?)".
func (s *step) readUsing(using string) {
	how, terms, _ := strings.Cut(using, "(")
	how = strings.TrimSpace(how)
	s.automatic = strings.Contains(how, "AUTOMATIC")
	s.rowid = how == "INTEGER PRIMARY KEY"
	s.primary = how == "PRIMARY KEY"
	if _, index, ok := strings.Cut(how, "INDEX "); ok {
		s.index = strings.ToLower(index)
	}
	for term := range strings.SplitSeq(strings.TrimSuffix(terms, ")"), " AND ") {
		term = strings.TrimPrefix(term, "<expr>")
		switch {
		case strings.ContainsAny(term, "<>"):
			s.ranged = true
		case strings.Contains(term, "="):
			s.equal++
		}
	}
}

// otherStep reads the rows that are no loop over a table.
func otherStep(detail string) step {
	for _, n := range nests {
		if name, ok := strings.CutPrefix(detail, n.prefix); ok {
			st := step{nest: n.nest}
			if n.nest == nestNamed {
				st.name = strings.ToLower(name)
			}
			return st
		}
	}
	switch {
	case strings.HasPrefix(detail, "USE TEMP B-TREE FOR") && strings.Contains(detail, "ORDER BY"):
		return step{sort: true}
	case strings.HasPrefix(detail, "USE TEMP B-TREE FOR"), strings.HasPrefix(detail, "BLOOM FILTER ON"),
		detail == "CREATE BLOOM FILTER", strings.HasPrefix(detail, "REUSE LIST SUBQUERY "):
		return step{}
	}
	return step{opaque: true}
}
