package explain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hone-go/hone/sqltrace"
)

// maxColumns bounds the columns of a candidate. Not fewer: tenant, state and a
// sort of two are common. Not more: each makes every write and the cache
// heavier, and the fifth seldom narrows anything.
const maxColumns = 4

// maxShare is the part of the rows up to which an index on one value's rows
// alone is worth the statements that it does not serve. Not more: it would
// save less than nine tenths. Not less: a queue's open part is some percent.
const maxShare = 0.1

// maxValues is how many values a column may have for one of them to get an
// index of its own. Not more: then they are keys, and the next statement has
// another. Not less: the states of an order are ten.
const maxValues = 12

func (t *table) fewValues(column string) bool {
	d := t.columns[column].distinct
	return d > 0 && d*float64(t.rows) < maxValues+0.5
}

// candidate is an index that might help.
type candidate struct {
	table   *table
	columns []Column
	equal   int // the first so many are compared for equality: their order is free
	ordered int // the next so many must keep their directions
	only    literal
	why     string
}

// literal is a comparison of a column with a value that the statement's text
// has, and so each execution of it.
type literal struct {
	column string
	value  string  // as text; unused if null
	null   bool    // the comparison is IS NULL
	truth  bool    // the column is a truth value by itself
	text   string  // the comparison as SQL, "" for none
	share  float64 // part of the rows that fulfil it, 0 if unknown
}

// restricted returns the index on the literal's rows alone. Its column needs
// no place in it, unless it would have none else.
func (c candidate) restricted(l literal) (candidate, bool) {
	i := slices.IndexFunc(c.columns[:c.equal], func(col Column) bool { return col.Name == l.column })
	if i < 0 || c.only.text != "" || l.share <= 0 || l.share > maxShare || !l.null && !c.table.fewValues(l.column) {
		return candidate{}, false
	}
	c.only = l
	if len(c.columns) > 1 {
		c.columns = slices.Delete(slices.Clone(c.columns), i, i+1)
		c.equal--
	}
	c.why += ", for the few rows where " + l.text
	return c, true
}

// unrestricted is the index on all rows that serves the same.
func (c candidate) unrestricted() candidate {
	if c.only.text == "" || slices.ContainsFunc(c.columns[:c.equal], func(col Column) bool { return col.Name == c.only.column }) {
		return c
	}
	c.columns = slices.Insert(slices.Clone(c.columns), 0, Column{Name: c.only.column})
	c.equal++
	return c
}

// servedBy reports whether another index serves c as well.
func (c candidate) servedBy(o candidate) bool {
	if o.only.text == "" {
		return serves(o.columns, c.unrestricted())
	}
	return o.only.text == c.only.text && serves(o.columns, c)
}

// part is the part of the table's rows that the index holds.
func (c candidate) part() float64 {
	if c.only.text == "" {
		return 1
	}
	return c.only.share
}

// lighter reports whether the index costs writes and space less than another.
func (c candidate) lighter(o candidate) bool {
	if (c.only.text == "") != (o.only.text == "") {
		return c.only.text != ""
	}
	return len(c.columns) < len(o.columns)
}

// special reports whether the candidate is more than columns: whether the
// database takes it at all is known only when it is tried.
func (c candidate) special() bool {
	return c.only.text != "" || slices.ContainsFunc(c.columns, func(col Column) bool { return col.Expression })
}

// list is the index's columns as SQL.
func (c candidate) list() string {
	list := make([]string, len(c.columns))
	for i, col := range c.columns {
		list[i] = quote(col.Name)
		if col.Expression {
			list[i] = "(" + col.Name + ")"
		}
		if col.Descending {
			list[i] += " DESC"
		}
		if col.Reversed {
			list[i] += map[bool]string{true: " NULLS LAST", false: " NULLS FIRST"}[col.Descending]
		}
	}
	text := "(" + strings.Join(list, ", ") + ")"
	if c.only.text != "" {
		text += " WHERE " + c.only.text
	}
	return text
}

// definition is what follows CREATE INDEX and a name.
func (c candidate) definition() string { return "ON " + c.table.quoted() + " " + c.list() }

// maxName is how many bytes PostgreSQL keeps of a name:
// https://www.postgresql.org/docs/current/limits.html
const maxName = 63

// name is the index's name: table, columns, idx, as PostgreSQL itself would
// call it, and one that no index of the table has. One on some rows alone says
// which: it must not bear the name of the one on all.
func (c candidate) name() string {
	parts := []string{c.table.name}
	for _, col := range c.columns {
		if col.Expression {
			col.Name = words(col.Name)
		}
		parts = append(parts, col.Name)
	}
	if c.only.text != "" {
		parts = append(parts, "where", words(c.only.text))
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
		if n == 9 || c.table.named(name) == nil {
			return name
		}
	}
}

// words are the letters and digits of a text, with one _ for all between.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "_")
}

// named returns the table's index of that name, or nil.
func (t *table) named(name string) *index {
	for _, x := range t.indexes {
		if x.name == name {
			return x
		}
	}
	return nil
}

// same returns the index that is what the candidate would be, or nil.
func (t *table) same(c candidate) *index {
	for _, x := range t.indexes {
		if x.plain && x.valid && !x.including && c.only.text == "" && slices.Equal(x.columns, c.columns) {
			return x
		}
	}
	return nil
}

// statement is the CREATE INDEX as it should be run.
func (c candidate) statement() string {
	switch {
	case c.table.divided:
		return strings.Join(c.divided(c.name()), ";\n")
	case c.table.dialect == sqltrace.Postgres:
		return "CREATE INDEX CONCURRENTLY IF NOT EXISTS " + quote(c.name()) + " " + c.definition()
	}
	return "CREATE INDEX IF NOT EXISTS " + quote(c.name()) + " " + c.definition()
}

// divided is the way to index a partitioned table without locking out its
// writers: CONCURRENTLY is for tables that hold rows, so the index is declared
// on the whole, built on each part, and the parts attached. It is valid once
// all are.
//
// https://www.postgresql.org/docs/current/ddl-partitioning.html
func (c candidate) divided(name string) []string {
	list := []string{"CREATE INDEX IF NOT EXISTS " + quote(name) + " ON ONLY " + c.table.quoted() + " " + c.list()}
	for _, t := range c.table.parts {
		part := c
		part.table = t
		partName := part.name()
		if x := t.same(c); x != nil {
			partName = x.name
		} else if t.divided {
			list = append(list, part.divided(partName)...)
		} else {
			list = append(list, part.statement())
		}
		list = append(list, "ALTER INDEX "+c.table.qualify(name)+" ATTACH PARTITION "+t.qualify(partName))
	}
	return list
}

// migration is the text of a migration file, up and down.
func (c candidate) migration() string {
	switch {
	case c.table.divided:
		return "-- Outside a transaction: CONCURRENTLY refuses to run in one. Partitions made\n" +
			"-- meanwhile are to be added; new ones get the index by themselves.\n" +
			"-- up\nSET lock_timeout = '5s';\n" + c.statement() + ";\n" +
			"-- down\nDROP INDEX IF EXISTS " + c.table.qualify(c.name()) + ";\n"
	case c.table.dialect == sqltrace.Postgres:
		return "-- Outside a transaction: CONCURRENTLY refuses to run in one. If it fails, drop\n" +
			"-- the invalid index that it leaves before trying again.\n" +
			"-- up\nSET lock_timeout = '5s';\n" + c.statement() + ";\n" +
			"-- down\nDROP INDEX CONCURRENTLY IF EXISTS " + c.table.qualify(c.name()) + ";\n"
	}
	return "-- Writers wait while it is built.\n-- up\n" + c.statement() + ";\nANALYZE " + c.table.quoted() + ";\n" +
		"-- down\nDROP INDEX IF EXISTS " + quote(c.name()) + ";\n"
}
