package explain

import (
	"fmt"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
	"github.com/hone-go/hone/sqltrace"
)

// Step describes one row of EXPLAIN QUERY PLAN as it was understood.
func Step(detail string) string {
	s := parseStep(detail)
	var words []string
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(s.opaque, "opaque")
	add(s.sort, "sort")
	add(s.name != "", "name:"+s.name)
	add(s.search, "search")
	add(s.index != "", "index:"+s.index)
	add(s.automatic, "automatic")
	add(s.rowid, "rowid")
	add(s.primary, "primary")
	add(s.equal > 0, fmt.Sprint("equal:", s.equal))
	add(s.ranged, "ranged")
	add(s.nest != noNest, "nest:"+[]string{"", "once", "each", "named", "arm"}[s.nest])
	return strings.Join(words, " ")
}

// Plan describes what was read from a PostgreSQL plan of a statement, for
// tables whose columns are a, b and c.
func Plan(sql string, text []byte) (string, error) {
	root, err := parsePlan(text)
	if err != nil {
		return "", err
	}
	cat := &catalog{tables: make(map[string]*table)}
	root.walk(false, func(n *planNode, _ bool) {
		if n.Relation == "" {
			return
		}
		t := &table{schema: n.Schema, name: n.Relation, rows: 1e6, columns: make(map[string]columnInfo), dialect: sqltrace.Postgres}
		for _, c := range []string{"a", "b", "c"} {
			t.columns[c] = columnInfo{typ: "character varying", ordered: true, distinct: 0.5}
		}
		cat.tables[t.title()] = t
	})
	p := readPlan(root, cat, sqlscan.Code(sql, sqlscan.Postgres))
	var b strings.Builder
	list, _ := p.wanted(1)
	for _, c := range list {
		fmt.Fprintln(&b, c.definition())
	}
	p.guess(list)
	for _, note := range p.notes {
		fmt.Fprintln(&b, note)
	}
	return b.String(), nil
}

// Fingerprint returns the normalised text, and why it is not explained.
func Fingerprint(sql string, d sqltrace.Dialect) (text, refusal string) {
	tokens := sqlscan.Code(sql, sqlscan.Dialect(d))
	_, _, refusal = statementOf(tokens, sqlscan.Dialect(d))
	return fingerprint(tokens), refusal
}

// Written returns the table that a statement writes.
func Written(sql string, d sqltrace.Dialect) string {
	_, name, _ := statementOf(sqlscan.Code(sql, sqlscan.Dialect(d)), sqlscan.Dialect(d))
	return name
}

// Select describes how a statement on tables item and owner, whose columns are
// id, a, b and c, was understood.
func Select(sql string) string {
	cat := &catalog{tables: make(map[string]*table)}
	for _, name := range []string{"item", "owner"} {
		cat.tables[name] = &table{name: name, columns: map[string]columnInfo{"id": {isRowid: true, ordered: true}, name[:1] + "a": {ordered: true}, "b": {ordered: true}}}
	}
	q, why := parseQuestion(sqlscan.Code(sql, sqlscan.SQLite), cat, nil)
	if why != "" {
		return why
	}
	var b strings.Builder
	for _, a := range q.accesses() {
		fmt.Fprintf(&b, "%s equal %v range %v join %v", a.rel.alias, a.equal, a.ranged, a.joined)
		if a.odd {
			b.WriteString(" odd")
		}
		if len(a.sorted) > 0 {
			fmt.Fprintf(&b, " order %s", names(a.sorted))
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// IndexName returns the name made up for an index on the columns of a table.
func IndexName(tableName string, columns ...string) string {
	c := candidate{table: &table{name: tableName}}
	for _, name := range columns {
		c.columns = append(c.columns, Column{Name: name})
	}
	return c.name()
}

// Quote writes an identifier.
func Quote(name string) string { return quote(name) }

// Keep copies arguments.
func Keep(args []any) (kept []any, why string) { return keep(args) }

// Serves reports whether an index serves a candidate of which the first equal
// columns are compared for equality and the others give the order.
func Serves(have, want []Column, equal int) bool {
	return serves(have, candidate{columns: want, equal: equal, ordered: len(want) - equal})
}
