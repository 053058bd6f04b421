package explain

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hone-go/hone/sqltrace"
)

// maxColumns bounds the columns of a candidate. Not fewer: tenant, state and a
// sort of two are common. Not more: each makes every write and the cache
// heavier, and the fifth seldom narrows anything.
const maxColumns = 4

// candidate is an index that might help.
type candidate struct {
	table   *table
	columns []Column
	equal   int // the first so many are compared for equality: their order is free
	ordered int // the next so many must keep their directions
	why     string
}

// access is how one statement reads one relation.
type access struct {
	rel    *relation
	equal  []string
	ranged []string
	joined []string
	sorted []Column // the statement's order, if it is on this relation alone
	limit  bool     // and it wants only the first rows
	odd    bool     // has a condition that no index on columns serves
}

// accesses sorts the predicates by relation.
func accesses(rels []*relation, preds []predicate) []*access {
	list := make([]*access, len(rels))
	of := make(map[*relation]*access)
	for i, r := range rels {
		list[i] = &access{rel: r}
		of[r] = list[i]
	}
	for _, p := range preds {
		switch {
		case p.op == opOther:
			for _, r := range p.on {
				of[r].odd = true
			}
		case p.right.rel != nil:
			for _, r := range []ref{p.left, p.right} {
				a := of[r.rel]
				a.joined = add(a.joined, r.column)
			}
		case p.op == opEqual:
			a := of[p.left.rel]
			a.equal = add(a.equal, p.left.column)
		default:
			a := of[p.left.rel]
			a.ranged = add(a.ranged, p.left.column)
		}
	}
	return list
}

func add(list []string, column string) []string {
	if slices.Contains(list, column) {
		return list
	}
	return append(list, column)
}

// candidates returns the indexes that the access might want: the columns
// compared for equality, the most selective first, then either one range or
// the order; and the same for each join.
func (a *access) candidates() []candidate {
	t := a.rel.table
	usable := func(column string) bool { return t.columns[column].ordered && !t.columns[column].isRowid }
	equal := slices.DeleteFunc(slices.Clone(a.equal), func(c string) bool { return !usable(c) })
	slices.SortStableFunc(equal, func(x, y string) int {
		return cmp.Compare(t.columns[y].distinct, t.columns[x].distinct)
	})
	var list []candidate
	propose := func(equal []string, rest []Column, ordered int, why string) {
		c := candidate{table: t, equal: len(equal), ordered: ordered, why: why}
		for _, name := range equal {
			c.columns = append(c.columns, Column{Name: name})
		}
		c.columns = append(c.columns, rest...)
		if len(c.columns) == 0 || len(c.columns) > maxColumns {
			return
		}
		if !slices.ContainsFunc(list, func(o candidate) bool { return slices.Equal(o.columns, c.columns) }) {
			list = append(list, c)
		}
	}
	if len(equal) > 0 {
		propose(equal[:1], nil, 0, "filters "+equal[0])
		propose(equal[:min(len(equal), 3)], nil, 0, "filters "+strings.Join(equal, ", "))
	}
	for _, r := range a.ranged {
		if usable(r) && !slices.Contains(equal, r) {
			propose(equal[:min(len(equal), 3)], []Column{{Name: r}}, 0, "filters "+strings.Join(append(slices.Clone(equal), r), ", "))
		}
	}
	sorted := slices.DeleteFunc(slices.Clone(a.sorted), func(c Column) bool { return slices.Contains(equal, c.Name) })
	if len(sorted) > 0 && !slices.ContainsFunc(sorted, func(c Column) bool { return !t.columns[c.Name].ordered }) {
		if a.limit || len(equal) > 0 {
			propose(equal[:min(len(equal), 3)], sorted, len(sorted), "sorts by "+names(sorted))
		}
	}
	for _, j := range a.joined {
		if usable(j) && !slices.Contains(equal, j) {
			propose([]string{j}, nil, 0, "joins on "+j)
			if len(equal) > 0 {
				propose([]string{j, equal[0]}, nil, 0, "joins on "+j+", filters "+equal[0])
			}
		}
	}
	return list
}

func names(columns []Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
		if c.Descending {
			list[i] += " DESC"
		}
	}
	return strings.Join(list, ", ")
}

// definition is what follows CREATE INDEX and a name.
func (c candidate) definition() string {
	list := make([]string, len(c.columns))
	for i, col := range c.columns {
		list[i] = quote(col.Name)
		if col.Descending {
			list[i] += " DESC"
		}
		if col.Reversed {
			list[i] += map[bool]string{true: " NULLS LAST", false: " NULLS FIRST"}[col.Descending]
		}
	}
	return "ON " + c.table.quoted() + " (" + strings.Join(list, ", ") + ")"
}

// maxName is how many bytes PostgreSQL keeps of a name:
// https://www.postgresql.org/docs/current/limits.html
const maxName = 63

// name is the index's name: table, columns, idx, as PostgreSQL itself would
// call it, and one that no index of the table has.
func (c candidate) name() string {
	parts := []string{c.table.name}
	for _, col := range c.columns {
		parts = append(parts, col.Name)
	}
	stem := strings.Join(parts, "_")
	for n := 0; ; n++ {
		suffix := "_idx"
		if n > 0 {
			suffix += string(rune('0' + n%10))
		}
		cut := min(len(stem), maxName-len(suffix))
		for cut < len(stem) && !utf8.RuneStart(stem[cut]) {
			cut--
		}
		name := stem[:cut] + suffix
		if n == 9 || !slices.ContainsFunc(c.table.indexes, func(x *index) bool { return x.name == name }) {
			return name
		}
	}
}

// statement is the CREATE INDEX as it should be run.
func (c candidate) statement() string {
	if c.table.dialect == sqltrace.Postgres {
		return "CREATE INDEX CONCURRENTLY IF NOT EXISTS " + quote(c.name()) + " " + c.definition()
	}
	return "CREATE INDEX IF NOT EXISTS " + quote(c.name()) + " " + c.definition()
}

// migration is the text of a migration file, up and down.
func (c candidate) migration() string {
	if c.table.dialect == sqltrace.Postgres {
		drop := quote(c.name())
		if c.table.schema != "" {
			drop = quote(c.table.schema) + "." + drop
		}
		return "-- Outside a transaction: CONCURRENTLY refuses to run in one. If it fails, drop\n" +
			"-- the invalid index that it leaves before trying again.\n" +
			"-- up\nSET lock_timeout = '5s';\n" + c.statement() + ";\n" +
			"-- down\nDROP INDEX CONCURRENTLY IF EXISTS " + drop + ";\n"
	}
	return "-- Writers wait while it is built.\n-- up\n" + c.statement() + ";\nANALYZE " + c.table.quoted() + ";\n" +
		"-- down\nDROP INDEX IF EXISTS " + quote(c.name()) + ";\n"
}
