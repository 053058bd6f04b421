package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

// unit says what a cost on the table's database is counted in.
func (t *table) unit() string {
	if t.dialect == sqltrace.Postgres {
		return "planner cost"
	}
	return "rows read, estimated"
}

// qualify is the name of one of the table's indexes as written in SQL.
func (t *table) qualify(index string) string {
	if t.schema == "" {
		return quote(index)
	}
	return quote(t.schema) + "." + quote(index)
}

// addKeys adds the foreign keys that statements join by and no index leads
// with, unless an index advised already does.
func (b *builder) addKeys(cat *catalog, minRows int64, joins map[joint]*Improvement) {
	for _, t := range cat.sorted() {
		if t.rows < minRows || t.divided || t.parent != nil {
			continue
		}
		for _, k := range t.keys {
			c := candidate{table: t, equal: len(k.columns)}
			for _, name := range k.columns {
				c.columns = append(c.columns, Column{Name: name})
			}
			joined := joins[joint{t.title(), k.columns[0]}]
			advised := slices.ContainsFunc(b.list, func(p *proposal) bool {
				return p.table.title() == t.title() && c.servedBy(p.candidate)
			})
			if joined == nil || advised || t.served(c) != nil {
				continue
			}
			p := &proposal{advice: Advice{Statements: []Improvement{*joined}}}
			b.describe(p, &outcome{candidate: c, unvalidated: "the plans seen do not need it"})
			p.advice.Kind = KindForeignKey
			p.advice.Evidence = []string{fmt.Sprintf("%s (%s) references %s and no index leads with it: statements join by it, and each delete in %s reads all of %s",
				t.title(), strings.Join(k.columns, ", "), k.target, k.target, t.title())}
			b.list = append(b.list, p)
		}
	}
}

// addSuperfluous adds the indexes that cost writes and serve nothing.
func (b *builder) addSuperfluous(cat *catalog, minAge time.Duration) {
	for _, t := range cat.sorted() {
		for _, x := range t.indexes {
			if x.unique || x.constraint || t.divided || t.parent != nil {
				continue // it holds the data right, or belongs to the partitioned table
			}
			if other := t.covering(x); other != nil {
				b.drop(t, x, KindDuplicate, fmt.Sprintf("%s has the same first columns and serves all that %s does", other.name, x.name))
				continue
			}
			counted := t.dialect == sqltrace.Postgres && cat.statistics >= minAge
			if counted && x.valid && x.scans == 0 && !t.backsKey(x) {
				b.drop(t, x, KindUnused, fmt.Sprintf("not scanned once in the %s that this server has counted; replicas count for themselves", days(cat.statistics)))
			}
		}
	}
}

// backsKey reports whether an index leads with the columns of a foreign key:
// scanned or not, it keeps deletes in the other table from reading all of t.
func (t *table) backsKey(x *index) bool {
	return slices.ContainsFunc(t.keys, func(k foreignKey) bool {
		if len(x.columns) < len(k.columns) {
			return false
		}
		return !slices.ContainsFunc(x.columns[:len(k.columns)], func(c Column) bool { return !slices.Contains(k.columns, c.Name) })
	})
}

// covering returns another index that makes x superfluous, or nil.
func (t *table) covering(x *index) *index {
	if !x.plain || !x.valid || x.including {
		return nil
	}
	for _, o := range t.indexes {
		if o == x || !o.plain || !o.valid || len(o.columns) < len(x.columns) || !slices.Equal(o.columns[:len(x.columns)], x.columns) {
			continue
		}
		twins := len(o.columns) == len(x.columns) && !o.unique && !o.constraint
		if !twins || o.name < x.name { // of twins, one remains
			return o
		}
	}
	return nil
}

func (b *builder) drop(t *table, x *index, kind Kind, evidence string) {
	name := t.qualify(x.name)
	text := "DROP INDEX IF EXISTS " + name
	c := candidate{table: t, columns: x.columns}
	if t.dialect == sqltrace.Postgres {
		text = "DROP INDEX CONCURRENTLY IF EXISTS " + name
	}
	back := x.definition + ";"
	if x.definition == "" {
		back = "-- its table is locked just now, and with it the index's definition"
	}
	b.list = append(b.list, &proposal{candidate: c, advice: Advice{
		Kind: kind, Table: t.title(), Index: x.name, Columns: slices.Clone(x.columns),
		SQL: text, Migration: "-- up\n" + text + ";\n-- down\n" + back + "\n",
		SizeBytes: x.sizeBytes, WritesPerSecond: float64(b.writes[t.name]) / b.seconds,
		Unvalidated: "nothing was tried", Evidence: []string{evidence},
	}})
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
