package sqltrace

import (
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// selectKey makes sure that the result holds the key, and names its column.
func (r *rewriter) selectKey() (why string) {
	r.keyName = r.key.name
	tables := r.tables()
	for _, item := range r.items(r.list) {
		last := r.at(item.to - 1)
		if last.Is("*") {
			c, qualified := r.columnAt(span{item.from, item.to - 2})
			if !qualified && item.to-item.from == 1 || qualified && (c.name == r.key.qualifier || r.key.qualifier == "" && tables == 1) {
				return ""
			}
			continue
		}
		expression, alias := r.alias(item)
		if c, ok := r.columnAt(expression); ok && c.same(r.key) {
			if alias != "" {
				r.keyName = alias
			}
			return ""
		}
		if alias == r.key.name {
			return "its result calls another value " + alias
		}
	}
	r.insertAfter(r.list.to-1, ", "+r.key.text)
	return ""
}

// alias splits a select item into its expression and the name it is given.
func (r *rewriter) alias(item span) (expression span, name string) {
	last, before := r.at(item.to-1), r.at(item.to-2)
	isName := last.Kind == sqlscan.Quoted || last.Kind == sqlscan.Word && !reserved(last)
	switch {
	case item.to-item.from < 2 || !isName:
	case before.Is("AS"):
		return span{item.from, item.to - 2}, bareName(last)
	case before.Kind == sqlscan.Word || before.Kind == sqlscan.Quoted || before.Is(")"):
		return span{item.from, item.to - 1}, bareName(last)
	}
	return item, ""
}

// tables counts what FROM reads, roughly: it is 1 only for a single table.
func (r *rewriter) tables() int {
	n := len(r.items(r.from))
	for i := r.from.from; i < r.from.to; i++ {
		if r.at(i).Is("JOIN") {
			n++
		}
	}
	return n
}

// aggregates are the functions that make one row of many. The two-argument
// min and max of SQLite, which do not, are told apart by their comma.
var aggregates = [...]string{
	"COUNT", "SUM", "AVG", "MIN", "MAX", "TOTAL", "ARRAY_AGG", "STRING_AGG", "GROUP_CONCAT", "JSON_AGG", "JSONB_AGG", "JSON_OBJECT_AGG",
	"JSONB_OBJECT_AGG", "JSON_GROUP_ARRAY", "JSON_GROUP_OBJECT", "BOOL_AND", "BOOL_OR", "EVERY", "STDDEV", "VARIANCE", "STDDEV_POP", "STDDEV_SAMP",
	"VAR_POP", "VAR_SAMP", "BIT_AND", "BIT_OR", "PERCENTILE_CONT", "PERCENTILE_DISC", "MODE",
}

// functions reports whether the select list or HAVING aggregates, and whether
// it looks at neighbouring rows. Subqueries keep to themselves.
func (r *rewriter) functions() (aggregate, window bool) {
	aggregate = !r.having.empty()
	for i := r.list.from; i < r.list.to; i++ {
		switch k := r.at(i); {
		case k.Is("(") && r.at(i+1).IsAny("SELECT", "WITH"):
			i = r.matching(i)
		case k.Is("OVER"):
			window = true
		case k.IsAny(aggregates[:]...) && r.at(i+1).Is("("):
			scalar := k.IsAny("MIN", "MAX") && len(r.items(span{i + 2, r.matching(i + 1)})) > 1
			aggregate = aggregate || !scalar
		}
	}
	return aggregate, window
}

// perKey makes what the statement does to all its rows happen for each key.
func (r *rewriter) perKey() (why string) {
	aggregate, window := r.functions()
	limited := r.limited()
	switch {
	case window:
		return "its window functions would see the rows of all keys: add the key to each PARTITION BY"
	case r.locks && (aggregate || limited || r.distinct || !r.group.empty()):
		return "it locks the rows it reads"
	case r.offset:
		return "it has OFFSET, which would count the rows of all keys"
	}
	grouped := !r.group.empty()
	if grouped {
		r.insertAfter(r.group.from-1, " "+r.key.text+",")
	} else if aggregate {
		r.insertAfter(r.where.to-1, " GROUP BY "+r.key.text)
		r.notes = append(r.notes, "a key without rows is now absent, where it was one row: take its count as 0")
	}
	switch {
	case !limited:
		return ""
	case aggregate && !grouped: // one row for each key anyway
		if !r.order.empty() || r.at(r.limit.from).Text != "1" {
			return "it both aggregates and limits"
		}
		r.cutTail()
		return ""
	case grouped || r.distinct:
		return "its LIMIT would apply to all keys together, after grouping"
	}
	return r.limitPerKey()
}

// cutTail removes ORDER BY and LIMIT.
func (r *rewriter) cutTail() {
	from, to := r.at(r.tail-1).End(), r.at(r.limit.to-1).End()
	r.edits = append(r.edits, edit{from, to, ""})
}

// limitPerKey keeps the first rows of each key, by numbering them.
func (r *rewriter) limitPerKey() (why string) {
	var order []string
	if !r.order.empty() {
		for _, item := range r.items(r.order) {
			if why := r.sortable(item); why != "" {
				return why
			}
		}
		order = append(order, " ORDER BY "+r.sql[r.at(r.order.from).Start:r.at(r.order.to-1).End()])
	}
	limit := r.limit
	value := r.at(limit.from)
	if limit.to-limit.from != 1 || value.Kind != sqlscan.Number && value.Kind != sqlscan.Param {
		return "its LIMIT is an expression"
	}
	count := value.Text
	for _, e := range r.edits {
		if e.from == value.Start {
			count = e.text // renumbered with the other placeholders
		}
	}
	if count == "1" && r.key.name == "id" && r.ordersByKeyOnly() {
		r.cutTail()
		r.notes = append(r.notes, "LIMIT 1 is gone because "+r.key.text+" is taken to be unique")
		return ""
	}
	const rank = "rank_in_key"
	r.cutTail()
	r.edits = append(r.edits, edit{r.at(r.start).Start, r.at(r.start).Start, "SELECT * FROM ("})
	r.insertAfter(r.list.to-1, ", row_number() OVER (PARTITION BY "+r.key.text+strings.Join(order, "")+") AS "+rank)
	r.insertAfter(r.limit.to-1, ") AS ranked WHERE "+rank+" <= "+count+" ORDER BY "+rank)
	r.notes = append(r.notes, "the last column, "+rank+", numbers the rows of each key: LIMIT for all keys together would cut off most of them")
	return ""
}

// sortable says why an ORDER BY item cannot move into a window.
func (r *rewriter) sortable(item span) (why string) {
	for i := item.from; i < item.to; i++ {
		switch k := r.at(i); {
		case k.Kind == sqlscan.Param:
			return "it orders by a placeholder"
		case k.Kind == sqlscan.Number && i == item.from:
			return "it orders by the number of a column"
		}
	}
	for _, selected := range r.items(r.list) {
		expression, name := r.alias(selected)
		if name == "" {
			continue
		}
		if c, ok := r.columnAt(expression); ok && c.name == name {
			continue
		}
		for i := item.from; i < item.to; i++ {
			if k := r.at(i); (k.Kind == sqlscan.Word || k.Kind == sqlscan.Quoted) && bareName(k) == name {
				return "it orders by " + name + ", which is computed in its select list"
			}
		}
	}
	return ""
}

func (r *rewriter) ordersByKeyOnly() bool {
	if r.order.empty() {
		return true
	}
	item := r.order
	if r.at(item.to-1).IsAny("ASC", "DESC") {
		item.to--
	}
	c, ok := r.columnAt(item)
	return ok && c.same(r.key)
}
