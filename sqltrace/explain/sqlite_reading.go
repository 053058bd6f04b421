package explain

import "strings"

// reading estimates how many rows a plan reads.
type reading struct {
	question *question
	plan     []step
	accesses map[*relation]*access
	sizes    map[string]float64 // rows of the subqueries by name
	seen     map[string]int     // how often a name has been met in the plan
}

// visited estimates how many rows a plan reads: it is a nest of loops, the
// outermost first, so each loop runs once for each row that the loops around
// it let through; a subquery is a nest of its own. The estimates are the
// averages of sqlite_stat1, or the distinct values in a sample of the table.
// It is false for plans with parts that are not looked into.
func (q *question) visited(plan []step, list []*access) (rows float64, ok bool) {
	r := reading{question: q, plan: plan, accesses: make(map[*relation]*access), sizes: make(map[string]float64), seen: make(map[string]int)}
	for _, a := range list {
		r.accesses[a.rel] = a
	}
	rows, _, ok = r.nest(noParent)
	return rows, ok
}

// nest returns the rows that a nest of loops reads and those that come out.
func (r *reading) nest(parent int) (rows, out float64, ok bool) {
	outer, arms, sorts := 1.0, 0.0, false
	var loops []*relation
	for i, st := range r.plan {
		switch {
		case st.parent != parent:
		case st.opaque:
			return 0, 0, false
		case st.sort:
			sorts = true
		case st.nest != noNest:
			if st.nest == nestNamed {
				r.sizes[st.name] = 1 // within itself it is one step of a recursion
			}
			inner, n, ok := r.nest(i)
			if !ok {
				return 0, 0, false
			}
			switch st.nest {
			case nestNamed:
				r.sizes[st.name] = n
			case nestEach:
				inner *= outer
			case nestArm:
				arms += n
			}
			rows += inner
		case st.name != "":
			rel, read, passed, ok := r.loop(st)
			if !ok {
				return 0, 0, false
			}
			if st.automatic && rel != nil {
				rows += float64(max(rel.table.rows, 1)) // to build it
			}
			rows += outer * read
			outer *= passed
			loops = append(loops, rel)
		}
	}
	if len(loops) == 0 && arms > 0 {
		return rows, arms, true
	}
	return r.end(loops, rows, outer, sorts)
}

// loop returns the rows that one run of a loop reads, and those that pass. The
// relation is nil for a subquery.
func (r *reading) loop(st step) (rel *relation, read, passed float64, ok bool) {
	if size, named := r.sizes[st.name]; named {
		if st.search {
			size = max(size/10, 1) // SQLite's guess for an index without statistics
		}
		return nil, size, size, true
	}
	rel = r.relation(st.name)
	if rel == nil {
		return nil, 0, 0, false
	}
	a := r.accesses[rel]
	read = rel.table.matching(st, a)
	return rel, read, rel.table.passing(read, a), true
}

// relation returns the table that the plan means by a name, nil if it cannot be
// told. The arms of a UNION, which may use one name each, are in the plan in
// the text's order.
func (r *reading) relation(name string) *relation {
	var list []*relation
	compound := 0
	for _, s := range r.question.selects {
		rel := s.byAlias(name)
		if rel == nil || rel.table == nil {
			continue
		}
		if len(list) > 0 && (s.compound == 0 || s.compound != compound) {
			return nil
		}
		list, compound = append(list, rel), s.compound
	}
	n := r.seen[name]
	r.seen[name]++
	switch {
	case len(list) == 1:
		return list[0]
	case n < len(list):
		return list[n]
	}
	return nil
}

// end adds the sort to a nest, and stops it where a LIMIT does.
func (r *reading) end(loops []*relation, rows, outer float64, sorts bool) (float64, float64, bool) {
	if sorts {
		return rows + outer, outer, true
	}
	if len(loops) != 1 || loops[0] == nil {
		return rows, outer, true
	}
	a := r.accesses[loops[0]]
	for _, s := range r.question.selects {
		if s.limit > 0 && len(s.sorted) > 0 && s.sortedBy == a.rel && len(s.relations) == 1 && !a.odd {
			// The rows come in order, so reading stops when there are enough:
			// each one wanted takes 1 / (part that passes) rows.
			part := a.rel.table.passing(rows, a) / max(rows, 1)
			return min(rows, float64(s.limit)/max(part, 1e-9)), min(outer, float64(s.limit)), true
		}
	}
	return rows, outer, true
}

// matching estimates the rows that one run of a loop reads.
func (t *table) matching(st step, a *access) float64 {
	read := float64(max(t.rows, 1))
	if st.rowid && st.search && !st.ranged {
		return 1
	}
	x := t.index(st)
	if x != nil && x.share > 0 {
		read *= x.share
	}
	switch {
	case !st.search:
		return read
	case x != nil && x.unique && st.equal == len(x.columns):
		return 1
	case x != nil && st.equal > 0 && st.equal <= len(x.average):
		read = x.average[st.equal-1]
	case x != nil:
		for _, c := range x.columns[:min(st.equal, len(x.columns))] {
			read *= t.part(c.Name)
		}
	case st.automatic:
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
	match := float64(max(t.rows, 1))
	for _, c := range a.equal {
		match *= a.share(c)
	}
	return max(min(read, match), 1)
}

// share is the part of the rows that fulfil a column's equality.
func (a *access) share(column string) float64 {
	for _, l := range a.literals {
		if l.column == column && l.share > 0 {
			return l.share
		}
	}
	return a.rel.table.part(column)
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
