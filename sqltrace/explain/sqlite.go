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

func (l *sqlite) examine(ctx context.Context, conn *sql.Conn, cat *catalog, text string, args []any) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*l.timeout)
	defer cancel()
	plan, err := queryPlan(ctx, conn, text, args)
	if err != nil {
		if ctx.Err() != nil {
			return result{}, fmt.Errorf("explain: asking for a plan: %w", err)
		}
		return result{skipped: []string{"SQLite does not explain it: a table or column of it is gone, or it does not parse"}}, nil
	}
	s, why := parseSelect(sqlscan.Code(text, sqlscan.SQLite), cat, args)
	if why != "" {
		return result{skipped: []string{why + ", which is not looked into on SQLite"}}, nil
	}
	list := accesses(s.relations, s.predicates)
	for _, a := range list {
		if a.rel == s.sortedBy {
			a.sorted, a.limit = s.sorted, s.limit != 0
		}
		if err := a.sample(ctx, conn); err != nil {
			return result{}, fmt.Errorf("explain: sampling %s: %w", a.rel.table.name, err)
		}
	}
	res := result{joined: joints(list)}
	before, ok := s.visited(plan, list)
	if !ok {
		res.skipped = []string{"its plan has a subquery, which is not looked into"}
		return res, nil
	}
	if before < minCost {
		return res, nil
	}
	res.skipped = s.notes(plan, list)
	wanted := l.wanted(list)
	if len(wanted) == 0 {
		return res, nil
	}
	res.outcome, why, err = l.try(ctx, conn, s, list, wanted, plan, text, args)
	if why != "" {
		res.skipped = append(res.skipped, why)
	}
	return res, err
}

// queryPlan asks for the plan.
func queryPlan(ctx context.Context, db querier, text string, args []any) ([]step, error) {
	rows, err := db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, args...)
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
	for i, r := range list {
		plan[i] = parseStep(r.detail)
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

// notes says what an index on columns cannot help.
func (s *selection) notes(plan []step, list []*access) []string {
	var notes []string
	for _, st := range plan {
		rel := s.byAlias(st.name)
		if rel == nil || st.search {
			continue
		}
		if a := list[s.position(rel)]; a.odd && len(a.equal)+len(a.ranged)+len(a.joined) == 0 {
			notes = append(notes, rel.table.name+" is scanned for a condition that no index on plain columns serves")
		}
	}
	return notes
}

// try makes each candidate in a copy of the schema and returns the best, or
// says why none can be tried.
func (l *sqlite) try(ctx context.Context, conn *sql.Conn, s *selection, list []*access, wanted []candidate, plan []step, text string, args []any) (best *outcome, why string, err error) {
	db, err := copySchema(ctx, conn, l.driver)
	if err != nil {
		return nil, "", err
	}
	defer db.Close()
	before, _ := s.visited(plan, list)
	same, err := queryPlan(ctx, db, text, args)
	if err != nil || !slices.Equal(same, plan) {
		// A function, a collation or a setting of the service's connections.
		return nil, "its plan in a copy of the schema is another one, so no index can be tried", nil
	}
	for _, c := range wanted[:min(len(wanted), maxTries)] {
		after, used, err := s.with(ctx, db, list, c, text, args)
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
func (s *selection) with(ctx context.Context, db *sql.DB, list []*access, c candidate, text string, args []any) (rows float64, used bool, err error) {
	x := &index{name: "hone_candidate", columns: c.columns, plain: true, valid: true}
	if _, err := db.ExecContext(ctx, "CREATE INDEX hone_candidate "+c.definition()); err != nil {
		return 0, false, err
	}
	if err := c.addStatistics(ctx, db); err != nil {
		return 0, false, err
	}
	plan, err := queryPlan(ctx, db, text, args)
	if err != nil {
		return 0, false, err
	}
	if _, err := db.ExecContext(ctx, "DROP INDEX hone_candidate"); err != nil {
		return 0, false, err
	}
	used = slices.ContainsFunc(plan, func(st step) bool { return st.index == x.name })
	c.table.indexes = append(c.table.indexes, x)
	rows, ok := s.visited(plan, list)
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
	read := float64(max(c.table.rows, 1))
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
	return c.table.rows * int64(8*(len(c.columns)+1)+4) * 3 / 2
}
