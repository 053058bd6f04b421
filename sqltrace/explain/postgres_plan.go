package explain

import (
	"encoding/json"
	"fmt"
	"slices"
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

// uses reports whether the plan reads one of the indexes.
func (n *planNode) uses(indexes []string) bool {
	found := false
	n.walk(false, func(n *planNode, _ bool) { found = found || slices.Contains(indexes, n.IndexName) })
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
		if n.Relation != "" && t.holds(n.Schema, n.Relation) {
			cost += n.TotalCost
		}
	})
	return cost
}

// holds reports whether the named table is t or a part of it.
func (t *table) holds(schema, name string) bool {
	return t.schema == schema && t.name == name ||
		slices.ContainsFunc(t.parts, func(part *table) bool { return part.holds(schema, name) })
}
