package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/sqltrace/explain"
)

// ruleIndex is the rule of a finding that comes from a plan.
const ruleIndex = "missing index"

// An adviser asks the database for the plans of what a stage has sent. There is
// a new one for each stage, since a plan counts as known for an hour.
type adviser struct {
	now atomic.Pointer[explain.Adviser]
}

// sample is a sqltrace.Config.Sample.
func (a *adviser) sample(sql string, args []any, elapsed time.Duration) {
	if now := a.now.Load(); now != nil {
		now.Observe(sql, args, elapsed)
	}
}

// begin forgets what was seen and watches from here on.
func (a *adviser) begin(db *data.DB) error {
	next, err := explain.New(db.Connector(), explain.Config{
		Pace: -1, // the load has ended when the questions are asked
	})
	if err != nil {
		return err
	}
	return a.swap(next)
}

func (a *adviser) swap(next *explain.Adviser) error {
	if before := a.now.Swap(next); before != nil {
		return before.Close()
	}
	return nil
}

func (a *adviser) close() error { return a.swap(nil) }

// findings returns the indexes that the statements seen lack. Behind a pooler
// nothing can be asked: then there are none.
func (a *adviser) findings(ctx context.Context) ([]Finding, error) {
	now := a.now.Load()
	err := now.Pass(ctx)
	if errors.Is(err, explain.ErrPooler) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("demo: asking for plans: %w", err)
	}
	var found []Finding
	for _, advice := range now.Report().Advice {
		if advice.Kind != explain.KindIndex {
			continue
		}
		f := Finding{Rule: ruleIndex, Where: advice.Table, Fix: advice.SQL}
		if len(advice.Statements) > 0 {
			f.SQL = advice.Statements[0].SQL
		}
		f.note = fmt.Sprintf("%.0f → %.0f %s", advice.Before, advice.After, advice.Unit)
		if !advice.Validated {
			f.note += "; unvalidated: " + advice.Unvalidated
		}
		found = append(found, f)
	}
	return found, nil
}

// oneLine folds a statement's white space.
func oneLine(sql string) string { return strings.Join(strings.Fields(sql), " ") }
