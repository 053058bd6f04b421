package explain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// planNode is what is read of a node of EXPLAIN (FORMAT JSON, VERBOSE).
type planNode struct {
	NodeType     string      `json:"Node Type"`
	Schema       string      `json:"Schema"`
	Relation     string      `json:"Relation Name"`
	Alias        string      `json:"Alias"`
	IndexName    string      `json:"Index Name"`
	TotalCost    float64     `json:"Total Cost"`
	PlanRows     float64     `json:"Plan Rows"`
	Filter       string      `json:"Filter"`
	IndexCond    string      `json:"Index Cond"`
	RecheckCond  string      `json:"Recheck Cond"`
	HashCond     string      `json:"Hash Cond"`
	MergeCond    string      `json:"Merge Cond"`
	JoinFilter   string      `json:"Join Filter"`
	SortKey      []string    `json:"Sort Key"`
	Plans        []*planNode `json:"Plans"`
	ParentRelate string      `json:"Parent Relationship"`
}

// maxDepth bounds the nesting of a plan. Not less: a view of views reaches
// some dozens. Not more: it is walked by recursion.
const maxDepth = 1000

// planError says why a plan could not be read.
type planError struct{ text string }

func (e *planError) Error() string { return "the plan cannot be read: " + e.text }

// parsePlan reads what EXPLAIN (FORMAT JSON) returns for one statement.
func parsePlan(text []byte) (*planNode, error) {
	var all []struct{ Plan *planNode }
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, &planError{"it is not JSON of the known form"}
	}
	if len(all) != 1 || all[0].Plan == nil {
		return nil, &planError{fmt.Sprintf("it has %d plans, want 1", len(all))}
	}
	if !all[0].Plan.sound(0) {
		return nil, &planError{"it has an empty node or is nested too deeply"}
	}
	return all[0].Plan, nil
}

func (n *planNode) sound(depth int) bool {
	if n == nil || depth > maxDepth {
		return false
	}
	return !slices.ContainsFunc(n.Plans, func(c *planNode) bool { return !c.sound(depth + 1) })
}

// walk calls f on every node, parents first, with whether a LIMIT is above.
func (n *planNode) walk(limit bool, f func(n *planNode, limit bool)) {
	f(n, limit)
	for _, c := range n.Plans {
		c.walk(limit || n.NodeType == "Limit", f)
	}
}

// uses reports whether the plan reads the index.
func (n *planNode) uses(index string) bool {
	found := false
	n.walk(false, func(n *planNode, _ bool) { found = found || n.IndexName == index })
	return found
}

// improves reports whether the plan is enough cheaper than the one before, for
// which it reads the table t another way.
func (n *planNode) improves(before *planNode, t *table) bool {
	if n.TotalCost <= before.TotalCost*maxRemaining {
		return true
	}
	return n.TotalCost <= before.TotalCost*maxRemainingJoin && n.reading(t) <= before.reading(t)*maxRemaining
}

// reading is the cost of the scans of a table. A scan that a nested loop
// repeats counts once: how often is not told.
func (n *planNode) reading(t *table) float64 {
	cost := 0.0
	n.walk(false, func(n *planNode, _ bool) {
		if n.Schema == t.schema && n.Relation == t.name {
			cost += n.TotalCost
		}
	})
	return cost
}

// planned is what a plan says of the statement.
type planned struct {
	root     *planNode
	accesses []*access
	scans    map[*relation]*planNode
	sorts    map[*relation]*planNode // sorts on one relation's columns alone
	notes    []string
}

// readPlan finds out how a plan reads each relation.
func readPlan(root *planNode, cat *catalog) *planned {
	p := &planned{root: root, scans: make(map[*relation]*planNode), sorts: make(map[*relation]*planNode)}
	s := &scope{dialect: sqlscan.Postgres}
	var conditions []string
	root.walk(false, func(n *planNode, _ bool) {
		conditions = append(conditions, n.Filter, n.IndexCond, n.RecheckCond, n.HashCond, n.MergeCond, n.JoinFilter)
		if n.Relation == "" {
			return
		}
		if t := cat.find(n.Schema, n.Relation); t != nil && s.byAlias(n.Alias) == nil {
			r := &relation{alias: n.Alias, table: t}
			s.relations = append(s.relations, r)
			p.scans[r] = n
		}
	})
	var preds []predicate
	for _, c := range conditions {
		if c == "" {
			continue
		}
		preds = append(preds, s.predicates(sqlscan.Code(c, sqlscan.Postgres))...)
	}
	p.accesses = accesses(s.relations, preds)
	root.walk(false, func(n *planNode, limit bool) { p.readSort(s, n, limit) })
	p.note()
	return p
}

// readSort gives a sort to the relation that all its columns are of.
func (p *planned) readSort(s *scope, n *planNode, limit bool) {
	if n.NodeType != "Sort" && n.NodeType != "Incremental Sort" {
		return
	}
	var columns []Column
	var rel *relation
	for _, key := range n.SortKey {
		c, r := s.sortKey(key)
		if r == nil || rel != nil && r != rel {
			return
		}
		columns, rel = append(columns, c), r
	}
	for _, a := range p.accesses {
		if a.rel == rel && a.sorted == nil {
			a.sorted, a.limit = columns, limit
			p.sorts[rel] = n
		}
	}
}

// sortKey reads one key such as "o.placed_at DESC NULLS LAST".
func (s *scope) sortKey(key string) (Column, *relation) {
	tokens := sqlscan.Code(key, s.dialect)
	var c Column
	nulls := ""
	if n := len(tokens); n >= 2 && tokens[n-2].Is("NULLS") {
		nulls = strings.ToUpper(tokens[n-1].Text)
		tokens = tokens[:n-2]
	}
	if n := len(tokens); n > 0 && tokens[n-1].IsAny("DESC", "ASC") {
		c.Descending = tokens[n-1].Is("DESC")
		tokens = tokens[:n-1]
	}
	r, ok := s.column(tokens)
	if !ok {
		return c, nil
	}
	c.Name = r.column
	c.Reversed = nulls == "LAST" && c.Descending || nulls == "FIRST" && !c.Descending
	return c, r.rel
}

// note says what an index on columns cannot help.
func (p *planned) note() {
	for _, a := range p.accesses {
		n, t := p.scans[a.rel], a.rel.table
		if n.NodeType != "Seq Scan" || n.Filter == "" {
			continue
		}
		switch {
		case t.parent != nil:
			p.notes = append(p.notes, fmt.Sprintf("%s is partitioned: an index on it is built partition by partition, which is not advised on", t.parent.title()))
		case a.odd && len(a.equal)+len(a.ranged)+len(a.joined) == 0:
			p.notes = append(p.notes, fmt.Sprintf("%s is scanned for a condition that no index on plain columns serves", t.title()))
		}
	}
	slices.Sort(p.notes)
	p.notes = slices.Compact(p.notes)
}

// wanted returns the candidates that no index serves, and the advice to repair
// one that does but is broken.
func (p *planned) wanted(minRows int64) (list []candidate, invalid *outcome) {
	for _, a := range p.accesses {
		t := a.rel.table
		if t.rows < minRows || t.divided || t.parent != nil {
			continue
		}
		for _, c := range a.candidates() {
			switch x := t.served(c); {
			case x == nil:
				list = append(list, c)
			case !x.valid && p.scans[a.rel].NodeType == "Seq Scan":
				return nil, &outcome{
					candidate: c, before: p.root.TotalCost, invalid: x.name,
					unvalidated: "an index that exists cannot be tried",
					evidence:    fmt.Sprintf("%s %s, and its index %s is invalid: building it has failed", t.title(), c.why, x.name),
				}
			}
		}
	}
	return list, nil
}

// randomPage is PostgreSQL's default price of a page read at random:
// https://www.postgresql.org/docs/current/runtime-config-query.html
const randomPage = 4

// guess returns the best candidate by the plan alone: the scan that it spares,
// against one page read at random for each row found, and the sort.
func (p *planned) guess(list []candidate) *outcome {
	before := p.root.TotalCost
	var best *outcome
	for _, c := range list {
		for _, a := range p.accesses {
			n := p.scans[a.rel]
			if a.rel.table != c.table || n.NodeType != "Seq Scan" {
				continue
			}
			after := before
			switch {
			case c.equal == 0 && c.ordered > 0 && a.limit && n.Filter == "" && len(p.accesses) == 1:
				after = p.root.PlanRows*randomPage + 10
			case c.ordered > 0 && c.equal == 0:
				continue // only trying tells whether a filter lets few rows through
			case !slices.Contains(a.joined, c.columns[0].Name) && n.PlanRows < float64(c.table.rows)/10:
				after = before - n.TotalCost + min(n.TotalCost, n.PlanRows*randomPage+10)
			}
			if after > before*maxRemaining || best != nil && (after > best.after || after == best.after && len(c.columns) >= len(best.columns)) {
				continue
			}
			best = &outcome{
				candidate: c, before: before, after: after,
				unvalidated: "the extension hypopg is not installed in this database",
				evidence:    fmt.Sprintf("%s %s: it reads about %d rows to find %.0f", c.table.title(), c.why, c.table.rows, n.PlanRows),
			}
		}
	}
	return best
}
