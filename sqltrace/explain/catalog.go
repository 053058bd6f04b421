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
	Name       string `json:"name"`
	Descending bool   `json:"descending,omitempty"`
	// Reversed is whether NULLs come where the direction does not put them by
	// itself: on PostgreSQL last if descending, first if ascending.
	Reversed bool `json:"reversed_nulls,omitempty"`
}

// catalog is what the database says of its tables.
type catalog struct {
	tables     map[string]*table // by qualified name
	statistics time.Duration     // for how long index scans have been counted; 0 is unknown
	hypopg     string            // quoted schema of the extension, "" if absent
	path       []string          // schemas that need not be named
}

type table struct {
	schema  string // "" on SQLite
	name    string
	rows    int64 // an estimate
	parent  *table
	divided bool // partitioned
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

// find returns the table that an unqualified or qualified name means, or nil.
func (c *catalog) find(schema, name string) *table {
	if schema != "" {
		return c.tables[schema+"."+name]
	}
	for _, s := range c.path {
		if t := c.tables[s+"."+name]; t != nil {
			return t
		}
	}
	return c.tables[name]
}

// served returns the index that serves a candidate as well as it would itself:
// its first columns are the candidate's, of which the first equal ones may
// come in any order.
func (t *table) served(c candidate) *index {
	for _, x := range t.indexes {
		if x.plain && serves(x.columns, c) {
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
