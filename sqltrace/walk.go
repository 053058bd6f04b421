package sqltrace

import (
	"fmt"
	"strings"
)

// edge is what a statement tells of the tree that it may be a step through.
type edge struct {
	key    string // the column that the value that changes is compared with
	value  string // that value's placeholder
	parent string // the column of its result that names a row's parent, or ""
}

// edge finds the columns of a statement that reads one table by one key.
func (r *rewriter) edge(changing []int) edge {
	if len(changing) != 1 || r.key.name == "" || r.tables() != 1 {
		return edge{}
	}
	e := edge{key: r.key.name, value: r.at(changing[0]).Text}
	if namesParent(e.key) {
		return e
	}
	for _, item := range r.items(r.list) {
		expression, _ := r.alias(item)
		if c, ok := r.columnAt(expression); ok && namesParent(c.name) {
			e.parent = c.name
		}
	}
	return e
}

func namesParent(column string) bool { return strings.Contains(strings.ToLower(column), "parent") }

// walkAdvice writes the walk as one statement.
func walkAdvice(fp *fingerprint, varies uint64) string {
	e, table := fp.shapeFor(varies).edge, "…"
	if len(fp.tables) > 0 {
		table = fp.tables[0]
	}
	guessed := ""
	step := "t." + e.key + " = walk." + e.parent
	switch {
	case e.key == "":
		e.key, e.value = "id", "…"
		step, guessed = "t.id = walk.parent_id", "The names of the columns are guessed. "
	case namesParent(e.key):
		step = "t." + e.key + " = walk.id"
	case e.parent == "":
		step, guessed = "t."+e.key+" = walk.parent_id", "The name parent_id is guessed. "
	}
	with := "WITH RECURSIVE"
	if fp.dialect == SQLServer {
		with = "WITH"
	}
	return fmt.Sprintf(`Let the database walk: one statement returns the whole tree or path.

	%s walk AS (
		SELECT t.*, 1 AS depth FROM %[2]s t WHERE t.%[3]s = %[4]s
		UNION ALL
		SELECT t.*, walk.depth + 1 FROM %[2]s t JOIN walk ON %[5]s
	)
	SELECT * FROM walk ORDER BY depth

%[6]sWhere rows can lead back to themselves, add WHERE depth < 100 to its second half. `+
		"For the trees of many rows at once, begin with all their keys in one list, or ask for each level at once.\n",
		with, table, e.key, e.value, step, guessed)
}
