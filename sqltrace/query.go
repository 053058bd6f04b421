package sqltrace

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// query is a SELECT taken apart as far as rewriting it needs: the tokens and
// where its clauses lie. A clause that is absent begins and ends at its place.
type query struct {
	tokens []sqlscan.Token
	start  int // index of the main SELECT, after any WITH
	list   span
	from   span
	where  span // the condition, without the word
	group  span // the expressions, without GROUP BY
	having span
	order  span // the expressions, without ORDER BY
	limit  span // the expression, without the word
	tail   int  // index of the token that ends WHERE and GROUP BY: ORDER, LIMIT or the end

	distinct bool
	offset   bool
	locks    bool // FOR UPDATE and the like
}

// span is the token range [from, to); it is empty if the clause is absent.
type span struct{ from, to int }

func (s span) has(i int) bool { return i >= s.from && i < s.to }
func (s span) empty() bool    { return s.from >= s.to }

// parse takes a SELECT apart, and says why it is not rewritten if it has such a
// form. The query is nil if it is none at all.
func parse(sql string, d Dialect) (*query, string) {
	q := &query{tokens: sqlscan.Code(sql, sqlscan.Dialect(d))}
	for len(q.tokens) > 0 && q.tokens[len(q.tokens)-1].Is(";") {
		q.tokens = q.tokens[:len(q.tokens)-1]
	}
	if slices.ContainsFunc(q.tokens, func(k sqlscan.Token) bool { return k.Kind == sqlscan.Broken || k.Is(";") }) {
		return nil, "the text is not one whole statement"
	}
	q.start = q.top(0, "SELECT")
	if q.start == len(q.tokens) || q.start > 0 && !q.tokens[0].Is("WITH") {
		return nil, "it is not a plain SELECT"
	}
	q.cut()
	odd := q.top(q.start, "UNION", "INTERSECT", "EXCEPT", "FETCH", "INTO", "WINDOW", "QUALIFY")
	switch {
	case odd < len(q.tokens):
		return q, "it has " + strings.ToUpper(q.tokens[odd].Text)
	case q.from.empty():
		return q, "it reads no table"
	case q.where.empty():
		return q, "it has no WHERE"
	case q.tokens[q.list.from].Is("TOP"):
		return q, "it has TOP"
	case q.distinct && q.tokens[q.list.from].Is("ON"):
		return q, "it has DISTINCT ON"
	}
	return q, ""
}

// cut finds the clauses.
func (q *query) cut() {
	end := len(q.tokens)
	lock := q.top(q.start, "FOR")
	q.locks = lock < end
	end = lock

	offset := min(end, q.top(q.start, "OFFSET"))
	q.offset = offset < end
	limit := min(end, q.top(q.start, "LIMIT"))
	order := min(limit, offset, q.top(q.start, "ORDER"))
	having := min(order, q.top(q.start, "HAVING"))
	group := min(having, q.top(q.start, "GROUP"))
	where := min(group, q.top(q.start, "WHERE"))
	from := min(where, q.topFrom())

	q.list = span{q.start + 1, from}
	if q.list.from < end && q.tokens[q.list.from].IsAny("DISTINCT", "ALL") {
		q.distinct = q.tokens[q.list.from].Is("DISTINCT")
		q.list.from++
	}
	q.from = span{from + 1, where}
	q.where = span{where + 1, group}
	q.group = span{group + 2, having}
	q.having = span{having + 1, order}
	q.order = span{order + 2, min(limit, offset)}
	q.limit = span{limit + 1, end}
	if offset > limit {
		q.limit.to = min(end, offset)
	}
	for i := q.limit.from; i < q.limit.to; i++ {
		q.offset = q.offset || q.tokens[i].Is(",") // LIMIT offset, count
	}
	q.tail = order
}

// top returns the index of the first of the keywords outside parentheses from
// index i on, or the number of tokens. A name after a dot is no keyword.
func (q *query) top(i int, keywords ...string) int {
	depth := 0
	for ; i < len(q.tokens); i++ {
		switch k := q.tokens[i]; {
		case k.IsAny("(", "["):
			depth++
		case k.IsAny(")", "]"):
			depth--
		case depth == 0 && k.IsAny(keywords...) && (i == 0 || !q.tokens[i-1].Is(".")):
			return i
		}
	}
	return i
}

// topFrom is top for FROM, which is also part of IS DISTINCT FROM.
func (q *query) topFrom() int {
	i := q.top(q.start, "FROM")
	for i < len(q.tokens) && q.tokens[i-1].Is("DISTINCT") {
		i = q.top(i+1, "FROM")
	}
	return i
}

// items splits a span at its outer commas.
func (q *query) items(s span) []span {
	var list []span
	depth, from := 0, s.from
	for i := s.from; i < s.to; i++ {
		switch k := q.tokens[i]; {
		case k.IsAny("(", "["):
			depth++
		case k.IsAny(")", "]"):
			depth--
		case depth == 0 && k.Is(","):
			list = append(list, span{from, i})
			from = i + 1
		}
	}
	return append(list, span{from, s.to})
}

// column is a reference such as id, o.id or "orders"."id".
type column struct {
	span
	qualifier string // as compared: unquoted, in lower case; "" if absent
	name      string // likewise
	text      string // as written
}

// columnAt reads the column reference that covers the whole span.
func (q *query) columnAt(s span) (column, bool) {
	if s.empty() || (s.to-s.from)%2 == 0 {
		return column{}, false
	}
	c := column{span: s}
	var text strings.Builder
	for i := s.from; i < s.to; i++ {
		k := q.tokens[i]
		isName := k.Kind == sqlscan.Word && !reserved(k) || k.Kind == sqlscan.Quoted
		if (i-s.from)%2 == 0 != isName || !isName && !k.Is(".") {
			return column{}, false
		}
		text.WriteString(k.Text)
	}
	c.text = text.String()
	c.name = bareName(q.tokens[s.to-1])
	if s.to-s.from > 1 {
		c.qualifier = bareName(q.tokens[s.to-3])
	}
	return c, true
}

// same reports whether two references within one SELECT mean the same column.
func (c column) same(o column) bool {
	return c.name == o.name && (c.qualifier == o.qualifier || c.qualifier == "" || o.qualifier == "")
}

// bareName returns a name unquoted and in lower case. Most databases compare
// names so; for PostgreSQL's quoted ones it errs on the side of the same.
func bareName(k sqlscan.Token) string { return strings.ToLower(k.Unquoted()) }

// reserved reports whether a word cannot be a column's name here.
func reserved(k sqlscan.Token) bool {
	return k.IsAny("AND", "OR", "NOT", "NULL", "TRUE", "FALSE", "IS", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END",
		"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "BY", "AS", "ON", "EXISTS", "ANY", "ALL", "DISTINCT", "CURRENT_TIMESTAMP", "CURRENT_DATE")
}

// paramNumber returns the number in $1, ?1, :1 or @p1, or 0.
func paramNumber(text string) int {
	digits := text[1:]
	if text[0] == '@' {
		digits = strings.TrimPrefix(strings.TrimPrefix(digits, "p"), "P")
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// arguments returns the position of the argument that each placeholder takes,
// by the index of its token.
func (q *query) arguments() map[int]int {
	args := make(map[int]int)
	names := paramNames(q.tokens)
	bare := 0
	for i, k := range q.tokens {
		if k.Kind != sqlscan.Param {
			continue
		}
		if n := paramNumber(k.Text); n > 0 {
			args[i] = n - 1
		} else if k.Text == "?" {
			args[i] = bare
			bare++
		} else {
			args[i] = slices.Index(names, k.Text[1:])
		}
	}
	return args
}
