package explain

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hone-go/hone/internal/sqlscan"
	"github.com/hone-go/hone/sqltrace"
)

// postgres asks PostgreSQL.
type postgres struct {
	statementTimeout time.Duration
	lockTimeout      time.Duration
	minRows          int64
}

// ErrPooler is matched by the error of [Adviser.Pass] when something between
// the service and PostgreSQL hands one connection on to another backend, as
// PgBouncer does: what one statement prepares, another might not find, and a
// hypothetical index might stay behind in somebody else's session. Nothing was
// explained: give the Adviser the server's own address.
var ErrPooler = errors.New("explain: a connection pooler is in between: connect the adviser to the server itself")

// check compares the number of the backend that serves the connection with the
// one told when it was opened, and with that of a second transaction.
func (p *postgres) check(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, p.statementTimeout)
	defer cancel()
	pids := []int64{}
	err := conn.Raw(func(driverConn any) error {
		if c, ok := sqltrace.Unwrap(driverConn).(interface{ Conn() *pgx.Conn }); ok {
			pids = append(pids, int64(c.Conn().PgConn().PID()))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("explain: taking a connection: %w", err)
	}
	for range 2 {
		var pid int64
		if err := conn.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			return fmt.Errorf("explain: asking for the backend: %w", err)
		}
		pids = append(pids, pid)
	}
	if len(slices.Compact(pids)) > 1 {
		return ErrPooler
	}
	return nil
}

// begin opens the read-only transaction that every question is asked in.
func (p *postgres) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("explain: opening a transaction: %w", err)
	}
	// Parallel workers divide the time and not the work: their plans would
	// make a scan look cheaper than it is for the server.
	_, err = tx.ExecContext(ctx, `SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
			set_config('max_parallel_workers_per_gather', '0', true)`,
		milliseconds(p.statementTimeout), milliseconds(p.lockTimeout))
	if err != nil {
		_ = tx.Rollback() // the first error says more
		return nil, fmt.Errorf("explain: setting timeouts: %w", err)
	}
	return tx, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (p *postgres) examine(ctx context.Context, conn *sql.Conn, cat *catalog, ask sample) (result, error) {
	// The server keeps to its timeouts by itself; this one is for a server
	// that no longer answers.
	ctx, cancel := context.WithTimeout(ctx, 20*p.statementTimeout)
	defer cancel()
	tx, err := p.begin(ctx, conn)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = tx.Rollback() }() // after an error there is nothing to roll back
	root, err := p.explain(ctx, tx, ask)
	if why, ok := refusal(err); ok {
		return result{skipped: []string{why}}, nil
	}
	if err != nil {
		if _, lost := tx.ExecContext(ctx, `SELECT 1`); lost == nil {
			return result{skipped: []string{"the driver does not send its arguments"}}, nil
		}
		return result{}, fmt.Errorf("explain: asking for a plan: %w", err)
	}
	var written []sqlscan.Token // what each execution has
	if !ask.varied {
		written = sqlscan.Code(ask.text, sqlscan.Postgres)
	}
	st := readPlan(root, cat.private(), written)
	res := result{skipped: st.notes, joined: joints(st.accesses)}
	if root.TotalCost < minCost {
		return res, nil
	}
	if err := st.readShares(ctx, tx); err != nil {
		return result{}, fmt.Errorf("explain: reading how common values are: %w", err)
	}
	list, invalid := st.wanted(p.minRows)
	if invalid != nil {
		res.outcome = invalid
		return res, nil
	}
	if len(list) == 0 {
		return res, nil
	}
	if cat.hypopg == "" {
		res.outcome = st.guess(list)
		res.skipped = append(res.skipped, st.noteExpressions(untried)...)
		return res, nil
	}
	res.outcome, err = p.try(ctx, tx, cat.hypopg, list, root, ask)
	if res.outcome == nil && err == nil {
		res.skipped = append(res.skipped, st.noteExpressions(noExpression)...)
	}
	return res, err
}

// explain asks for the plan. The statement's own arguments are bound to the
// EXPLAIN: PostgreSQL hands them on to the statement inside.
func (p *postgres) explain(ctx context.Context, tx *sql.Tx, ask sample) (*planNode, error) {
	var out []byte
	if err := tx.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+ask.text, ask.args...).Scan(&out); err != nil {
		return nil, err
	}
	return parsePlan(out)
}

// maxTries bounds the candidates tried for one statement: each is three round
// trips and a planning.
const maxTries = 12

// try makes each candidate known to the planner alone and returns the best.
func (p *postgres) try(ctx context.Context, tx *sql.Tx, schema string, list []candidate, before *planNode, ask sample) (*outcome, error) {
	reset := func() {
		// In the transaction that made them, so that it is the same backend.
		_, _ = tx.ExecContext(ctx, `SELECT `+schema+`.hypopg_reset()`) // the session's end does it too
	}
	reset()
	defer reset()
	var best *outcome
	for _, c := range list[:min(len(list), maxTries)] {
		o, err := p.tryOne(ctx, tx, schema, c, before, ask)
		if err != nil {
			return nil, err
		}
		if o != nil && o.beats(best) {
			best = o
		}
	}
	return best, nil
}

// tryOne returns what the statement costs with one candidate, nil if it does
// not help or the planner cannot tell.
func (p *postgres) tryOne(ctx context.Context, tx *sql.Tx, schema string, c candidate, before *planNode, ask sample) (*outcome, error) {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT hone`); err != nil {
		return nil, fmt.Errorf("explain: setting a savepoint: %w", err)
	}
	o, err := p.hypothetical(ctx, tx, schema, c, before, ask)
	if err != nil {
		o = nil
	}
	if _, back := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT hone`); back != nil {
		return nil, fmt.Errorf("explain: trying an index: %w", errors.Join(err, back))
	}
	if _, back := tx.ExecContext(ctx, `SELECT `+schema+`.hypopg_reset()`); back != nil {
		return nil, fmt.Errorf("explain: dropping a hypothetical index: %w", back)
	}
	return o, nil
}

func (p *postgres) hypothetical(ctx context.Context, tx *sql.Tx, schema string, c candidate, before *planNode, ask sample) (*outcome, error) {
	names, size, err := create(ctx, tx, schema, c)
	if err != nil {
		return nil, err
	}
	root, err := p.explain(ctx, tx, ask)
	if err != nil {
		return nil, err
	}
	if !root.uses(names) || !root.improves(before, c.table) {
		return nil, nil
	}
	return &outcome{
		candidate: c, before: before.TotalCost, after: root.TotalCost, sizeBytes: size,
		evidence: fmt.Sprintf("%s %s; the planner takes the index: cost %.0f", c.table.title(), c.why, root.TotalCost),
	}, nil
}

// maxParts bounds the parts of a partitioned table on which a candidate is
// made. Not fewer: years of months and days by the month fit. Not more: the
// largest parts are what the statement costs.
const maxParts = 100

// create makes the candidate known to the planner and returns its names and
// size. On a partitioned table it is made on each part, since the statistics
// are there: autovacuum never analyzes the whole.
func create(ctx context.Context, tx *sql.Tx, schema string, c candidate) (names []string, sizeBytes int64, err error) {
	parts := c.table.leaves()
	slices.SortStableFunc(parts, func(a, b *table) int { return cmp.Compare(b.rows, a.rows) })
	var definitions []string
	tried, all := int64(0), int64(0)
	for i, t := range parts {
		if all += t.rows; i < maxParts {
			tried += t.rows
			definitions = append(definitions, "CREATE INDEX ON "+t.quoted()+" "+c.list())
		}
	}
	list, err := json.Marshal(definitions)
	if err != nil {
		return nil, 0, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT h.indexname, `+schema+`.hypopg_relation_size(h.indexrelid)
		FROM json_array_elements_text($1::json) d(definition), LATERAL `+schema+`.hypopg_create_index(d.definition) h`, string(list))
	if err != nil {
		return nil, 0, err
	}
	type made struct {
		name string
		size int64
	}
	indexes, err := collect(rows, func(m *made) []any { return []any{&m.name, &m.size} })
	for _, m := range indexes {
		names = append(names, m.name)
		sizeBytes += m.size
	}
	if tried < all {
		sizeBytes = int64(float64(sizeBytes) * float64(all) / float64(max(tried, 1)))
	}
	return names, sizeBytes, err
}

// refusal says why the server does not explain a statement. Its own text is
// left out: it may quote a value.
func refusal(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	var coded interface{ SQLState() string }
	if !errors.As(err, &coded) {
		var plan *planError
		if errors.As(err, &plan) {
			return plan.Error(), true
		}
		return "", false
	}
	code := coded.SQLState()
	// https://www.postgresql.org/docs/current/errcodes-appendix.html
	why := map[string]string{
		"42501": "the adviser's role may not read its tables",
		"42P01": "a table of it is gone",
		"42703": "a column of it is gone",
		"42601": "it does not parse",
		"55P03": "a table of it is locked",
		"57014": "planning it takes longer than Config.StatementTimeout",
	}[code]
	if why == "" {
		switch code[:min(2, len(code))] {
		case "08", "53", "57": // connection lost, out of resources, shutting down
			return "", false
		}
		why = "the server does not explain it"
	}
	return why + " (SQLSTATE " + code + ")", true
}
