package explain

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

// A Column is one column of an index, with its direction.
type Column struct {
	Name       string `json:"name"`                 // or the expression's text
	Expression bool   `json:"expression,omitempty"` // an expression on columns
	Descending bool   `json:"descending,omitempty"`
	// Reversed is whether NULLs come where the direction does not put them by
	// itself: on PostgreSQL last if descending, first if ascending.
	Reversed bool `json:"reversed_nulls,omitempty"`
}

// catalog is what the database says of its tables.
type catalog struct {
	tables     map[string]*table // by qualified name
	own        map[string]*table // of tables, those copied for one statement; nil if shared
	statistics time.Duration     // for how long index scans have been counted; 0 is unknown
	hypopg     string            // quoted schema of the extension, "" if absent
	path       []string          // schemas that need not be named
}

type table struct {
	schema  string // "" on SQLite
	name    string
	rows    int64 // an estimate
	parent  *table
	parts   []*table // whose parent it is
	divided bool     // partitioned
	columns map[string]columnInfo
	indexes []*index
	keys    []foreignKey
	dialect sqltrace.Dialect
}

type columnInfo struct {
	typ      string
	ordered  bool    // a B-tree can hold it
	distinct float64 // distinct values as a part of the rows, 0 if unknown
	isRowid  bool    // SQLite's INTEGER PRIMARY KEY

	expression bool // not a column, but what a condition makes of columns
}

type index struct {
	name       string
	columns    []Column // of a plain index; those of expressions have no name
	plain      bool     // a B-tree of columns only, on all rows, in their own collation
	unique     bool
	constraint bool // backs a constraint
	valid      bool
	including  bool   // carries columns that it is not sorted by
	definition string // its CREATE INDEX
	scans      int64
	sizeBytes  int64
	average    []float64 // SQLite: rows for one value of the first 1, 2, … columns
	share      float64   // of a candidate, the part of the rows that it holds, 0 for all
}

type foreignKey struct {
	columns []string
	target  string
}

func (t *table) has(column string) bool {
	if t == nil {
		return false
	}
	_, ok := t.columns[column]
	return ok
}

func (t *table) typeOf(column string) string { return t.columns[column].typ }

// title is the name as shown and compared: with the schema where there is one.
func (t *table) title() string {
	if t.schema == "" {
		return t.name
	}
	return t.schema + "." + t.name
}

// quoted is the name as written in SQL.
func (t *table) quoted() string {
	if t.schema == "" {
		return quote(t.name)
	}
	return quote(t.schema) + "." + quote(t.name)
}

// sorted returns the tables by name, so that reports are stable.
func (c *catalog) sorted() []*table {
	return slices.SortedFunc(maps.Values(c.tables), func(a, b *table) int { return cmp.Compare(a.title(), b.title()) })
}

// private returns a catalogue whose tables may be changed while a report reads
// those of c. A table is copied when it is first found.
func (c *catalog) private() *catalog {
	p := *c
	p.own = make(map[string]*table)
	return &p
}

// find returns the table that an unqualified or qualified name means, or nil.
func (c *catalog) find(schema, name string) *table {
	if schema != "" {
		return c.take(schema + "." + name)
	}
	for _, s := range c.path {
		if t := c.take(s + "." + name); t != nil {
			return t
		}
	}
	return c.take(name)
}

func (c *catalog) take(title string) *table {
	t := c.tables[title]
	if t == nil || c.own == nil {
		return t
	}
	if c.own[title] == nil {
		mine := *t
		mine.columns, mine.indexes = maps.Clone(t.columns), slices.Clone(t.indexes)
		c.own[title] = &mine
	}
	return c.own[title]
}

// whole returns the partitioned table that t is a part of, at any depth, or t.
func (t *table) whole() *table {
	for t.parent != nil && t.parent.divided {
		t = t.parent
	}
	return t
}

// leaves are the tables that hold the rows: the parts of a partitioned table,
// or t.
func (t *table) leaves() []*table {
	if !t.divided {
		return []*table{t}
	}
	var list []*table
	for _, part := range t.parts {
		list = append(list, part.leaves()...)
	}
	return list
}

// served returns the index that serves a candidate as well as it would itself:
// its first columns are the candidate's, of which the first equal ones may
// come in any order.
func (t *table) served(c candidate) *index {
	for _, x := range t.indexes {
		if x.plain && serves(x.columns, c.unrestricted()) {
			return x
		}
	}
	return nil
}

func serves(have []Column, c candidate) bool {
	if len(have) < len(c.columns) {
		return false
	}
	for _, want := range c.columns[:c.equal] {
		if !slices.ContainsFunc(have[:c.equal], func(h Column) bool { return h.Name == want.Name }) {
			return false
		}
	}
	forward, backward := true, true
	for i := c.equal; i < len(c.columns); i++ {
		h, w := have[i], c.columns[i]
		if h.Name != w.Name {
			return false
		}
		if i < c.equal+c.ordered {
			forward = forward && h == w
			backward = backward && h.Descending != w.Descending && h.Reversed == w.Reversed
		}
	}
	return forward || backward
}

// quote writes an identifier: bare where that means the same, which keeps
// advice readable.
func quote(name string) string {
	simple := name != "" && !slices.Contains(reserved, name)
	for i := range len(name) {
		c := name[i]
		simple = simple && (c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9')
	}
	if simple {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// reserved are the words that neither database takes as a bare name and
// tables or columns are likely to have.
var reserved = []string{
	"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "both", "by", "case", "cast", "check", "collate", "column",
	"commit", "constraint", "create", "cross", "current_date", "current_time", "current_timestamp", "current_user", "default",
	"deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "escape", "except", "exists", "false", "fetch", "for",
	"foreign", "from", "full", "grant", "group", "having", "if", "in", "index", "initially", "inner", "insert", "intersect", "into",
	"is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp", "natural", "not",
	"notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary", "references", "returning",
	"right", "select", "session_user", "set", "similar", "some", "symmetric", "table", "then", "to", "trailing", "transaction",
	"true", "union", "unique", "update", "user", "using", "values", "variadic", "verbose", "when", "where", "window", "with",
}
