package explain

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/hone-go/hone/internal/sqlscan"
)

// sqlite asks SQLite.
type sqlite struct {
	driver  driver.Driver
	timeout time.Duration
	minRows int64
}

// check makes the connection refuse to write.
func (l *sqlite) check(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only = ON`); err != nil {
		return fmt.Errorf("explain: making the connection read-only: %w", err)
	}
	return nil
}

func (l *sqlite) examine(ctx context.Context, conn *sql.Conn, cat *catalog, ask sample) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*l.timeout)
	defer cancel()
	plan, err := queryPlan(ctx, conn, ask)
	if err != nil {
		if ctx.Err() != nil {
			return result{}, fmt.Errorf("explain: asking for a plan: %w", err)
		}
		return result{skipped: []string{"SQLite does not explain it: a table or column of it is gone, or it does not parse"}}, nil
	}
	cat = cat.private()
	tokens := sqlscan.Code(ask.text, sqlscan.SQLite)
	q, why := parseQuestion(tokens, cat, ask.args)
	if why != "" {
		return result{skipped: []string{why + ", which is not looked into on SQLite"}}, nil
	}
	list := q.accesses()
	for _, a := range list {
		if ask.varied {
			a.forgetLiterals()
		}
		if err := a.sample(ctx, conn); err != nil {
			return result{}, fmt.Errorf("explain: sampling %s: %w", a.rel.table.name, err)
		}
	}
	res := result{joined: joints(list)}
	before, ok := q.visited(plan, list)
	if !ok {
		res.skipped = []string{"its plan has a step that is not looked into"}
		return res, nil
	}
	if before < minCost {
		return res, nil
	}
	res.skipped = q.notes(plan, list)
	wanted := l.wanted(list)
	if len(wanted) == 0 {
		return res, nil
	}
	t := trial{question: q, accesses: list, plan: plan, ask: ask}
	res.outcome, why, err = l.try(ctx, conn, t, wanted)
	if why != "" {
		res.skipped = append(res.skipped, why)
	}
	return res, err
}

// queryPlan asks for the plan.
func queryPlan(ctx context.Context, db querier, ask sample) ([]step, error) {
	rows, err := db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+ask.text, ask.args...)
	if err != nil {
		return nil, err
	}
	type row struct {
		id, parent, unused int64
		detail             string
	}
	list, err := collect(rows, func(r *row) []any { return []any{&r.id, &r.parent, &r.unused, &r.detail} })
	if err != nil {
		return nil, err
	}
	plan := make([]step, len(list))
	place := map[int64]int{0: noParent}
	for i, r := range list {
		plan[i] = parseStep(r.detail)
		plan[i].parent = place[r.parent]
		place[r.id] = i
	}
	return plan, nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (l *sqlite) wanted(list []*access) []candidate {
	var all []candidate
	for _, a := range list {
		if a.rel.table.rows < l.minRows {
			continue
		}
		for _, c := range a.candidates() {
			reversed := slices.ContainsFunc(c.columns, func(c Column) bool { return c.Reversed })
			if a.rel.table.served(c) == nil && !reversed {
				all = append(all, c)
			}
		}
	}
	return all
}

// notes says what no index helps.
func (q *question) notes(plan []step, list []*access) []string {
	var notes []string
	for _, a := range list {
		scanned := func(st step) bool { return st.name == a.rel.alias && !st.search }
		if a.odd && len(a.equal)+len(a.ranged)+len(a.joined) == 0 && slices.ContainsFunc(plan, scanned) {
			notes = append(notes, fmt.Sprintf(noIndex, a.rel.table.name))
		}
	}
	return notes
}

// trial is a statement and its plan, for which indexes are tried.
type trial struct {
	question *question
	accesses []*access
	plan     []step
	ask      sample
}

// try makes each candidate in a copy of the schema and returns the best, or
// says why none can be tried.
func (l *sqlite) try(ctx context.Context, conn *sql.Conn, t trial, wanted []candidate) (best *outcome, why string, err error) {
	db, err := copySchema(ctx, conn, l.driver)
	if err != nil {
		return nil, "", err
	}
	defer db.Close()
	before, _ := t.question.visited(t.plan, t.accesses)
	same, err := queryPlan(ctx, db, t.ask)
	if err != nil || !slices.Equal(same, t.plan) {
		// A function, a collation or a setting of the service's connections.
		return nil, "its plan in a copy of the schema is another one, so no index can be tried", nil
	}
	for _, c := range wanted[:min(len(wanted), maxTries)] {
		after, used, err := t.with(ctx, db, c)
		if err != nil {
			return nil, "", fmt.Errorf("explain: trying an index: %w", err)
		}
		if !used || after > before*maxRemaining {
			continue
		}
		o := &outcome{
			candidate: c, before: before, after: after, sizeBytes: c.sizeBytes(),
			evidence: fmt.Sprintf("%s %s; in a copy of the schema SQLite takes the index: about %.0f rows read instead of %.0f", c.table.title(), c.why, after, before),
		}
		if o.beats(best) {
			best = o
		}
	}
	return best, "", nil
}

// with returns the rows that the statement reads with one candidate, and
// whether the planner takes it.
func (t trial) with(ctx context.Context, db *sql.DB, c candidate) (rows float64, used bool, err error) {
	x := &index{name: "hone_candidate", columns: c.columns, plain: !c.special(), valid: true, share: c.only.share}
	if _, err := db.ExecContext(ctx, "CREATE INDEX hone_candidate "+c.definition()); err != nil {
		if c.special() && ctx.Err() == nil {
			return 0, false, nil // such as a function that is not deterministic
		}
		return 0, false, err
	}
	if err := c.addStatistics(ctx, db); err != nil {
		return 0, false, err
	}
	plan, err := queryPlan(ctx, db, t.ask)
	if err != nil {
		return 0, false, err
	}
	if _, err := db.ExecContext(ctx, "DROP INDEX hone_candidate"); err != nil {
		return 0, false, err
	}
	used = slices.ContainsFunc(plan, func(st step) bool { return st.index == x.name })
	c.table.indexes = append(c.table.indexes, x)
	rows, ok := t.question.visited(plan, t.accesses)
	c.table.indexes = c.table.indexes[:len(c.table.indexes)-1]
	return rows, used && ok, nil
}

// addStatistics tells the copy what ANALYZE would find of the candidate, if it
// has statistics at all.
func (c candidate) addStatistics(ctx context.Context, db *sql.DB) error {
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'`).Scan(&n); err != nil || n == 0 {
		return err
	}
	read := float64(max(c.table.rows, 1)) * c.part()
	text := fmt.Sprintf("%.0f", read)
	for _, col := range c.columns {
		read = max(read*c.table.part(col.Name), 1)
		text += fmt.Sprintf(" %.0f", read)
	}
	s := stat{table: c.table.name, index: sql.NullString{String: "hone_candidate", Valid: true}, text: sql.NullString{String: text, Valid: true}}
	if err := s.insert(ctx, db); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `ANALYZE sqlite_schema`)
	return err
}

// sizeBytes estimates the index on SQLite: an entry is the columns and the
// rowid at 8 bytes each and a header, in pages two thirds full after inserts.
// Text makes it larger.
func (c candidate) sizeBytes() int64 {
	return int64(float64(c.table.rows)*c.part()) * int64(8*(len(c.columns)+1)+4) * 3 / 2
}
