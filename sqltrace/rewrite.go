package sqltrace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// shape is what a repeated statement turns out to be.
type shape uint8

const (
	shapeLookup shape = iota // asks for one key at a time
	shapePage                // walks a list page by page
	shapeChunk               // already asks for many keys at a time
)

// knownShape is what was worked out for the changing arguments varies.
type knownShape struct {
	varies uint64
	shape  shape
	edge   edge
}

// shapeFor returns what f is when repeated with those arguments changing. It
// takes a microsecond or two the first time, and when they are others.
func (f *fingerprint) shapeFor(varies uint64) *knownShape {
	if k := f.shape.Load(); k != nil && k.varies == varies {
		return k
	}
	r := rewriteLoop(f.sample, f.dialect, varies, 0)
	k := &knownShape{varies, r.shape, r.edge}
	f.shape.Store(k)
	return k
}

// rewrite is the advice for a statement that a loop sends.
type rewrite struct {
	shape shape
	sql   string   // asks for all keys at once; "" if that takes a human
	key   string   // the result column to group by
	many  bool     // the keys are one argument, an array
	why   string   // why there is no sql
	notes []string // what to mind
	edge  edge
}

// rewriteLoop turns a SELECT that is sent once for each key into one that asks
// for all keys. varies has a bit for each argument that changes; none is set
// where the values are written into the text. keys is how many placeholders a
// list gets; 0 writes "?, ?, …".
//
// The result holds, for each key, the rows the original returned for it, in
// the same order: the key joins the select list, at its end, aggregates are
// grouped by it, and LIMIT becomes a limit for each key.
func rewriteLoop(sql string, d Dialect, varies uint64, keys int) rewrite {
	q, why := parse(sql, d)
	if q == nil {
		return rewrite{why: why}
	}
	r := &rewriter{query: q, sql: sql, dialect: d, args: q.arguments(), keys: keys}
	changing := r.changing(varies)
	if s := r.shape(changing); s != shapeLookup {
		return rewrite{shape: s}
	}
	if why == "" {
		why = r.plan(changing)
	}
	e := r.edge(changing)
	if why != "" {
		return rewrite{why: why, edge: e}
	}
	return rewrite{sql: r.apply(), key: r.keyName, many: r.array, notes: r.notes, edge: e}
}

type rewriter struct {
	*query
	sql     string
	dialect Dialect
	args    map[int]int
	keys    int

	key     column
	keyName string
	array   bool
	edits   []edit
	notes   []string
}

// edit replaces the bytes [from, to) of the statement.
type edit struct {
	from, to int
	text     string
}

// changing returns the indices of the tokens whose values change.
func (r *rewriter) changing(varies uint64) []int {
	var found []int
	for i, k := range r.tokens {
		if n, ok := r.args[i]; ok && n >= 0 && n < 64 && varies&(1<<n) != 0 {
			found = append(found, i)
		} else if varies == 0 && k.Text == "'?'" && r.where.has(i) && r.comparedEqual(i) {
			found = append(found, i)
		}
	}
	return found
}

func (r *rewriter) comparedEqual(i int) bool {
	return r.at(i-1).Is("=") || r.at(i+1).Is("=")
}

// at returns token i, or none outside the statement.
func (r *rewriter) at(i int) sqlscan.Token {
	if i < 0 || i >= len(r.tokens) {
		return sqlscan.Token{}
	}
	return r.tokens[i]
}

// shape tells a loop over keys from a walk over pages and from chunks.
func (r *rewriter) shape(changing []int) shape {
	pages, chunks := 0, 0
	for _, i := range changing {
		open := i
		for open > 0 && (r.at(open-1).Is(",") || r.at(open-1).Kind == sqlscan.Param || r.at(open-1).IsLiteral()) {
			open--
		}
		before, negated := r.at(open-1), false
		if before.Is("(") {
			before, negated = r.at(open-2), r.at(open-3).Is("NOT")
		}
		_, single := r.listOf(i)
		switch {
		case i >= r.tail, before.IsAny("LIMIT", "OFFSET"):
			pages++
		case before.IsAny("<", ">", "<=", ">=") && r.limited():
			pages++
		case before.IsAny("IN", "ANY", "VALUES") && !single && !negated:
			chunks++
		}
	}
	switch {
	case chunks > 0:
		return shapeChunk
	case pages > 0:
		return shapePage
	}
	return shapeLookup
}

// limited reports whether the statement bounds its rows.
func (r *rewriter) limited() bool { return r.top(r.start, "LIMIT", "FETCH") < len(r.tokens) }

// listOf returns the span of IN (…) if token i is the only element of one.
func (r *rewriter) listOf(i int) (span, bool) {
	return span{i - 2, i + 2}, r.at(i-1).Is("(") && r.at(i-2).Is("IN") && r.at(i+1).Is(")") && !r.at(i-3).Is("NOT")
}

// plan decides on the edits, or says why there can be none.
func (r *rewriter) plan(changing []int) (why string) {
	used := make(map[int]bool)
	for _, i := range changing {
		n, ok := r.args[i]
		if ok && used[n] {
			return "a value that changes is used more than once"
		}
		used[n] = ok
	}
	switch len(changing) {
	case 0:
		return "the value that changes is not compared with a column in its WHERE"
	case 1:
	default:
		return r.composite(changing)
	}
	predicate, why := r.predicate(changing[0])
	if why != "" {
		return why
	}
	r.askForAll(changing[0], predicate)
	if why := r.selectKey(); why != "" {
		return why
	}
	if why := r.perKey(); why != "" {
		return why
	}
	return ""
}

// composite explains what to do about several changing values.
func (r *rewriter) composite(changing []int) string {
	var columns []string
	for _, i := range changing {
		if _, why := r.predicate(i); why != "" {
			return "several of its values change, and " + why
		}
		columns = append(columns, r.key.text)
	}
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	return fmt.Sprintf("its key has several columns: ask for WHERE (%s) IN (%s, %s, …) and group by them", strings.Join(columns, ", "), row, row)
}

// predicate finds the comparison that token i belongs to and sets r.key. It
// must stand by itself among conditions that all have to hold.
func (r *rewriter) predicate(i int) (predicate span, why string) {
	if !r.where.has(i) {
		return span{}, "the value that changes is not in its WHERE"
	}
	end := i + 1
	for r.at(end).Is("::") && r.at(end+1).Kind == sqlscan.Word {
		end += 2
	}
	var col span
	switch list, single := r.listOf(i); {
	case single:
		predicate = span{r.columnStart(list.from), list.to}
		col = span{predicate.from, list.from}
	case r.at(i-1).Is("=") || r.at(i-1).Is("=="):
		predicate = span{r.columnStart(i - 1), end}
		col = span{predicate.from, i - 1}
	case r.at(end).Is("="):
		stop := end + 1
		for r.at(stop).Kind == sqlscan.Word && !reserved(r.at(stop)) || r.at(stop).Kind == sqlscan.Quoted || r.at(stop).Is(".") {
			stop++
		}
		predicate = span{i, min(stop, r.where.to)}
		col = span{end + 1, predicate.to}
	default:
		return span{}, "the value that changes is not compared for equality"
	}
	var ok bool
	if r.key, ok = r.columnAt(col); !ok {
		return span{}, "the value that changes is compared with an expression"
	}
	return predicate, r.conjunct(predicate)
}

// columnStart walks back over the column reference that ends before token i.
func (r *rewriter) columnStart(i int) int {
	for i > r.where.from {
		k := r.at(i - 1)
		if !(k.Kind == sqlscan.Word && !reserved(k) || k.Kind == sqlscan.Quoted || k.Is(".")) {
			break
		}
		i--
	}
	return i
}

// conjunct says why the predicate is not simply one of several conditions that
// all have to hold.
func (r *rewriter) conjunct(p span) (why string) {
	if before := r.at(p.from - 1); p.from > r.where.from && !before.IsAny("AND", "OR", "WHERE", "(") || r.at(p.from-2).Is("BETWEEN") || r.at(p.from-3).Is("BETWEEN") {
		return "the comparison is part of a larger expression"
	}
	if p.to < r.where.to && !r.at(p.to).IsAny("AND", "OR", ")") {
		return "the comparison is part of a larger expression"
	}
	for from, to := p.from, p.to; ; {
		open, close := r.enclosing(from, to)
		for i := open + 1; i < close; i++ {
			if k := r.at(i); k.Is("(") {
				i = r.matching(i)
			} else if k.Is("OR") || k.Is("XOR") || k.Is("||") && r.dialect == MySQL {
				return "the comparison is one side of an OR"
			}
		}
		if open < r.where.from {
			return ""
		}
		if open > r.where.from && !r.at(open-1).IsAny("AND", "(") {
			return "the comparison is inside a subquery or an expression"
		}
		if close < r.where.to-1 && !r.at(close+1).IsAny("AND", ")") {
			return "the comparison is part of a larger expression"
		}
		if r.at(open+1).IsAny("SELECT", "WITH") {
			return "the comparison is inside a subquery"
		}
		from, to = open, close+1
	}
}

// enclosing returns the parentheses around the tokens [from, to), or the
// limits of WHERE.
func (r *rewriter) enclosing(from, to int) (open, closing int) {
	depth := 0
	for open = from - 1; open >= r.where.from; open-- {
		if r.at(open).Is(")") {
			depth++
		} else if r.at(open).Is("(") {
			if depth == 0 {
				break
			}
			depth--
		}
	}
	if open < r.where.from {
		return open, r.where.to
	}
	return open, r.matching(open)
}

// matching returns the index of the parenthesis that closes the one at i, or
// of the last token.
func (r *rewriter) matching(i int) int {
	depth := 0
	for ; i < len(r.tokens); i++ {
		if r.at(i).Is("(") {
			depth++
		} else if r.at(i).Is(")") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(r.tokens) - 1
}

// askForAll replaces the comparison with one key by one with all.
func (r *rewriter) askForAll(i int, p span) {
	value := r.at(i).Text
	asked := r.dialect
	if asked == Unknown && value[0] == '$' && paramNumber(value) > 0 {
		asked = Postgres
	}
	r.array = asked == Postgres
	cast := ""
	for j := i + 1; r.at(j).Is("::"); j += 2 {
		cast += "::" + r.at(j+1).Text
	}
	if r.array {
		if r.at(i).IsLiteral() {
			value = "$" + strconv.Itoa(r.highest()+1)
		}
		if cast != "" {
			cast += "[]"
		}
		r.replace(p, r.key.text+" = ANY("+value+cast+")")
		return
	}
	r.replace(p, r.key.text+" IN ("+r.placeholders(i, value)+")")
}

// placeholders writes a list of them in the style of the one at token i. In
// the numbered styles the keys come last, and those above move down.
func (r *rewriter) placeholders(i int, value string) string {
	if r.at(i).IsLiteral() || value == "?" {
		return r.repeat(func(int) string { return "?" })
	}
	n := paramNumber(value)
	if n == 0 {
		return r.repeat(func(j int) string { return value + "_" + strconv.Itoa(j) })
	}
	prefix := strings.TrimRight(value, "0123456789")
	highest := r.highest()
	if highest > n {
		r.notes = append(r.notes, "the keys are now the last arguments: pass the others first")
	}
	for j := range r.args {
		if m := paramNumber(r.at(j).Text); m > n {
			r.replace(span{j, j + 1}, prefix+strconv.Itoa(m-1))
		}
	}
	return r.repeat(func(j int) string { return prefix + strconv.Itoa(highest+j-1) })
}

func (r *rewriter) repeat(placeholder func(i int) string) string {
	n := r.keys
	if n <= 0 {
		return placeholder(1) + ", " + placeholder(2) + ", …"
	}
	list := make([]string, n)
	for i := range list {
		list[i] = placeholder(i + 1)
	}
	return strings.Join(list, ", ")
}

// highest returns the highest number of a placeholder.
func (r *rewriter) highest() int {
	n := 0
	for i := range r.args {
		n = max(n, paramNumber(r.at(i).Text))
	}
	return n
}

func (r *rewriter) replace(s span, text string) {
	r.edits = append(r.edits, edit{r.at(s.from).Start, r.at(s.to - 1).End(), text})
}

// insertAfter adds text behind token i.
func (r *rewriter) insertAfter(i int, text string) {
	end := r.at(i).End()
	r.edits = append(r.edits, edit{end, end, text})
}

// apply returns the statement with the edits made.
func (r *rewriter) apply() string {
	slices.SortStableFunc(r.edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, e := range r.edits {
		if e.from < at {
			continue // within what an earlier edit takes out
		}
		b.WriteString(r.sql[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	b.WriteString(strings.TrimRight(r.sql[at:], "; \t\r\n"))
	return b.String()
}
