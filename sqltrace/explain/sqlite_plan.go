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
	opaque    bool // a subquery or another form that is not looked into
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
	if strings.HasPrefix(rest, "SUBQUERY ") || strings.HasPrefix(rest, "(") || strings.Contains(rest, "VIRTUAL TABLE") || rest == "CONSTANT ROW" {
		return step{opaque: true}
	}
	name, using, _ := strings.Cut(rest, " USING ")
	if _, alias, ok := strings.Cut(name, " AS "); ok {
		name = alias
	}
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
	switch {
	case strings.HasPrefix(detail, "USE TEMP B-TREE FOR") && strings.Contains(detail, "ORDER BY"):
		return step{sort: true}
	case strings.HasPrefix(detail, "USE TEMP B-TREE FOR"), strings.HasPrefix(detail, "BLOOM FILTER ON"):
		return step{}
	}
	return step{opaque: true}
}

// visited estimates how many rows a plan reads: it is a nest of loops, the
// outermost first, so each loop runs once for each row that the loops around
// it let through. The estimates are the averages of sqlite_stat1, or the
// distinct values in a sample of the table. It is false for plans with parts
// that are not looked into.
func (s *selection) visited(plan []step, list []*access) (rows float64, ok bool) {
	outer, sorts := 1.0, false
	for _, st := range plan {
		switch {
		case st.opaque:
			return 0, false
		case st.sort:
			sorts = true
			continue
		case st.name == "":
			continue
		}
		rel := s.byAlias(st.name)
		if rel == nil {
			return 0, false
		}
		all := float64(max(rel.table.rows, 1))
		read := all
		if st.search {
			read = rel.table.matching(st, list[s.position(rel)])
		}
		if st.automatic {
			rows += all // to build it
		}
		rows += outer * read
		outer *= rel.table.passing(read, list[s.position(rel)])
	}
	if sorts {
		return rows + outer, true
	}
	if only := list[0]; s.limit > 0 && len(s.sorted) > 0 && len(list) == 1 && !only.odd {
		// The rows come in order, so reading stops when there are enough: each
		// one wanted takes 1 / (part that passes) rows.
		part := only.rel.table.passing(rows, only) / max(rows, 1)
		return min(rows, float64(s.limit)/max(part, 1e-9)), true
	}
	return rows, true
}

func (s *selection) position(rel *relation) int {
	for i, r := range s.relations {
		if r == rel {
			return i
		}
	}
	return -1
}

// matching estimates the rows that one search of an index reads.
func (t *table) matching(st step, a *access) float64 {
	all := float64(max(t.rows, 1))
	if st.rowid && !st.ranged {
		return 1
	}
	read := all
	if x := t.index(st); x != nil {
		switch {
		case x.unique && st.equal == len(x.columns):
			return 1
		case st.equal > 0 && st.equal <= len(x.average):
			read = x.average[st.equal-1]
		default:
			for _, c := range x.columns[:min(st.equal, len(x.columns))] {
				read *= t.part(c.Name)
			}
		}
	} else if st.automatic {
		for _, c := range a.joined {
			read *= t.part(c)
		}
	}
	if st.ranged {
		read /= 4 // SQLite's own guess for one bound
	}
	return max(read, 1)
}

// passing estimates how many of the rows read fulfil all equalities.
func (t *table) passing(read float64, a *access) float64 {
	all := float64(max(t.rows, 1))
	match := all
	for _, c := range a.equal {
		match *= t.part(c)
	}
	return max(min(read, match), 1)
}

// part is the part of the rows that share one value of a column.
func (t *table) part(column string) float64 {
	c := t.columns[column]
	if c.isRowid {
		return 1 / float64(max(t.rows, 1))
	}
	if c.distinct <= 0 {
		return 0.1 // unknown: SQLite's guess for an index without statistics
	}
	return 1 / max(c.distinct*float64(max(t.rows, 1)), 1)
}

// index returns the index that a step uses, or nil.
func (t *table) index(st step) *index {
	for _, x := range t.indexes {
		if st.index != "" && strings.EqualFold(x.name, st.index) || st.primary && x.constraint && x.unique {
			return x
		}
	}
	return nil
}
