package sqltrace

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// Statistics sums the executions of one statement in this process since the
// Tracer was made.
type Statistics struct {
	SQL    string        `json:"sql"`            // normalised: no comments, no values, lists collapsed
	Name   string        `json:"name,omitempty"` // sqlc's name for it
	Kind   Kind          `json:"kind"`
	Tables []string      `json:"tables,omitempty"`
	Count  int64         `json:"count"`
	Errors int64         `json:"errors"`
	Rows   int64         `json:"rows"`
	Time   time.Duration `json:"time_ns"` // summed; concurrent executions each count
}

// Statements returns the sums of every statement that has ended at least once,
// the one with the most time first. What no longer had room is summed in an
// entry whose SQL is "other". The numbers of one entry are read one after the
// other, and so may differ by the executions that end meanwhile.
func (t *Tracer) Statements() []Statistics {
	var list []Statistics
	for _, fp := range t.texts.all() {
		list = append(list, Statistics{
			SQL: fp.text, Name: fp.name, Kind: fp.kind, Tables: slices.Clone(fp.tables),
			Count: fp.count.Load(), Errors: fp.errors.Load(), Rows: fp.rows.Load(), Time: time.Duration(fp.nanos.Load()),
		})
	}
	slices.SortFunc(list, func(a, b Statistics) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.SQL, b.SQL))
	})
	return list
}

// Unattributed is a statement that was sent outside any request: without the
// request's context, or after its end. Nobody cancels it when the client
// leaves, and no route answers for its time.
type Unattributed struct {
	SQL    string  `json:"sql"`
	Name   string  `json:"name,omitempty"`
	Count  int64   `json:"count"`
	Places []Place `json:"places,omitempty"`
}

// A Place is a call site: the innermost frame of the application that is not
// generated code.
type Place struct {
	Where    string `json:"where"` // module-relative path and line
	Func     string `json:"func"`
	Captures int64  `json:"captures"` // how often it was seen, of the few times one looked
}

// Unattributed returns the statements sent outside any request, the most
// frequent first. Start-up work and background jobs are among them.
func (t *Tracer) Unattributed() []Unattributed {
	var list []Unattributed
	for _, fp := range t.texts.all() {
		if n, places := fp.lost.report(); n > 0 {
			list = append(list, Unattributed{SQL: fp.text, Name: fp.name, Count: n, Places: places})
		}
	}
	slices.SortFunc(list, func(a, b Unattributed) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.SQL, b.SQL))
	})
	return list
}

// poolWaits sums what [Tracer.Wait] was told.
type poolWaits struct{ count, nanos atomic.Int64 }

// Waits returns how often connections were waited for, and how long in all.
func (t *Tracer) Waits() (count int64, total time.Duration) {
	return t.waits.count.Load(), time.Duration(t.waits.nanos.Load())
}
