package sqltrace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

var errSerialization = errors.New("could not serialize access")

// took sends one statement that takes a millisecond.
func took(ctx context.Context, tr *sqltrace.Tracer, rows int64, sql string, args ...any) {
	s := tr.Begin(ctx, sql, args)
	time.Sleep(time.Millisecond)
	s.End(rows, nil)
}

// walk sends a look-up for each level of a tree.
func walk(ctx context.Context, tr *sqltrace.Tracer, id, depth int) {
	took(ctx, tr, 1, "SELECT id FROM categories WHERE parent_id = $1", id)
	if depth > 1 {
		walk(ctx, tr, 10*id+1, depth-1)
	}
}

// The patterns that other detectors take for an N+1, and those that are one.
func TestPatterns(t *testing.T) {
	type play func(ctx context.Context, tr *sqltrace.Tracer, visit int)
	loop := func(n int, sql string) play {
		return func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range n {
				took(ctx, tr, 1, sql, i)
			}
		}
	}
	after := func(rows int64, do play) play {
		return func(ctx context.Context, tr *sqltrace.Tracer, visit int) {
			took(ctx, tr, rows, selectOrders)
			do(ctx, tr, visit)
		}
	}
	tests := []struct {
		name   string
		visits int
		do     play
		want   string // the rules found, with class and confidence
	}{
		{"n+1", 1, after(50, loop(50, selectLines)), "[n+1 sequential likely]"},
		{"n+1, keys from elsewhere", 1, loop(50, selectLines), "[n+1 sequential possible]"},
		{"n+1, the list always as long", 20, after(50, loop(50, selectLines)), "[n+1 sequential likely]"},
		{"n+1 that grows with its list", 10, func(ctx context.Context, tr *sqltrace.Tracer, visit int) {
			after(int64(5+3*visit), loop(5+3*visit, selectLines))(ctx, tr, visit)
		}, "[n+1 sequential certain]"},
		{"n+1 after a look-up of the user", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			took(ctx, tr, 9, selectOrders)
			took(ctx, tr, 1, "SELECT name FROM users WHERE id = $1", 1)
			loop(9, selectLines)(ctx, tr, 0)
		}, "[n+1 sequential likely]"},
		{"n+1 in which keys come again", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			took(ctx, tr, 40, selectOrders)
			for i := range 40 {
				took(ctx, tr, 1, selectLines, i%10)
			}
		}, "[n+1 sequential likely]"},
		{"n+1 with a retry", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range 20 {
				if i%7 == 3 {
					s := tr.Begin(ctx, selectLines, []any{i})
					s.End(0, errSerialization)
				}
				run(ctx, tr, selectLines, i)
			}
		}, "[n+1 sequential possible]"},
		{"m·n+1", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			took(ctx, tr, 20, selectOrders)
			for i := range 20 {
				took(ctx, tr, 1, selectLines, i)
				took(ctx, tr, 1, "SELECT name FROM customers WHERE id = $1", i)
			}
		}, "[n+1 m·n+1 likely]"},
		{"n+1 concurrent", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			took(ctx, tr, 20, selectOrders)
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() { took(ctx, tr, 1, selectLines, i) })
			}
			wg.Wait()
		}, "[n+1 concurrent likely]"},

		{"lazy look-up of one", 1, after(50, loop(1, selectLines)), "[]"},
		{"fixed look-ups", 1, after(50, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			took(ctx, tr, 1, selectLines, 1)
			took(ctx, tr, 1, selectLines, 2)
			took(ctx, tr, 1, selectLines, 3)
			took(ctx, tr, 1, selectLines, 4)
			took(ctx, tr, 1, selectLines, 5)
			took(ctx, tr, 1, selectLines, 6)
			took(ctx, tr, 1, selectLines, 7)
		}), "[]"},
		{"fixed look-ups in a loop", 10, func(ctx context.Context, tr *sqltrace.Tracer, visit int) {
			after(int64(3+5*visit), loop(7, selectLines))(ctx, tr, visit)
		}, "[]"},
		{"fixed look-ups in a loop after nothing", 10, loop(7, selectLines), "[]"},
		{"several calls on a line", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			q := func(i int) []any { return []any{i} }
			for _, s := range []sqltrace.Statement{tr.Begin(ctx, selectLines, q(1)), tr.Begin(ctx, selectLines, q(2)), tr.Begin(ctx, selectLines, q(3)), tr.Begin(ctx, selectLines, q(4)), tr.Begin(ctx, selectLines, q(5)), tr.Begin(ctx, selectLines, q(6))} {
				end(s)
			}
		}, "[]"},
		{"several calls of a helper on a line", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			s := &store{tr}
			_ = []string{s.load(ctx, 1), s.load(ctx, 2), s.load(ctx, 3), s.load(ctx, 4), s.load(ctx, 5), s.load(ctx, 6)}
		}, "[]"},
		{"arguments that cannot be told apart", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range 6 {
				took(ctx, tr, 1, selectLines, func() int { return i })
			}
		}, "[]"},
		{"retry", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for range 6 {
				s := tr.Begin(ctx, selectLines, []any{7})
				s.End(0, errSerialization)
			}
			run(ctx, tr, selectLines, 7)
		}, "[]"},
		{"retry of a transaction", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for range 6 {
				run(ctx, tr, selectLines, 7)
				s := tr.Begin(ctx, "UPDATE orders SET total = 1 WHERE id = $1", []any{7})
				s.End(0, errSerialization)
			}
		}, "[]"},
		{"duplicate", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for range 6 {
				took(ctx, tr, 1, selectLines, 7)
			}
		}, "[duplicate certain]"},
		{"the same question after a change", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for range 6 {
				took(ctx, tr, 1, selectLines, 7)
				took(ctx, tr, 1, "UPDATE order_lines SET quantity = 1 WHERE order_id = $1", 7)
			}
		}, "[]"},
		{"page loop", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range 6 {
				took(ctx, tr, 100, "SELECT a FROM t ORDER BY a LIMIT 100 OFFSET $1", 100*i)
			}
		}, "[export loop likely]"},
		{"keyset page loop", 1, loop(6, "SELECT a FROM t WHERE a > $1 ORDER BY a LIMIT 100"), "[export loop likely]"},
		{"chunk loop", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range 6 {
				keys := make([]int64, 60)
				for k := range keys {
					keys[k] = int64(60*i + k)
				}
				took(ctx, tr, 60, "SELECT a FROM t WHERE b = ANY($1)", keys)
			}
		}, "[]"},
		{"small chunks", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range 6 {
				took(ctx, tr, 2, "SELECT a FROM t WHERE b IN ($1, $2)", 2*i, 2*i+1)
			}
		}, "[small chunks certain]"},
		{"poll", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for range 8 {
				took(ctx, tr, 1, "SELECT state FROM jobs WHERE id = $1", 7)
				time.Sleep(200 * time.Millisecond)
			}
		}, "[poll likely]"},
		{"recursive walk", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			walk(ctx, tr, 1, 8)
		}, "[recursive walk likely]"},
		{"walk to the root", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			took(ctx, tr, 1, "SELECT category_id FROM products WHERE id = $1", 7)
			loop(8, "SELECT name, parent_id FROM categories WHERE id = $1")(ctx, tr, 0)
		}, "[recursive walk possible]"},
		{"n+1 over rows that have parents", 1, after(8, loop(8, "SELECT name, parent_id FROM categories WHERE id = $1")), "[n+1 sequential likely]"},
		{"n+1 over some rows that have parents", 1, after(50, loop(8, "SELECT name, parent_id FROM categories WHERE id = $1")), "[n+1 sequential possible]"},
		{"write loop", 1, loop(9, "INSERT INTO t (a) VALUES ($1)"), "[write loop possible]"},
		{"write loop over a list", 1, after(9, loop(9, "DELETE FROM t WHERE a = $1")), "[write loop likely]"},
		{"rows inserted in small groups", 1, func(ctx context.Context, tr *sqltrace.Tracer, _ int) {
			for i := range 9 {
				took(ctx, tr, 2, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)", i, 1, i+100, 1)
			}
		}, "[small chunks certain]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTracerWith(t, sqltrace.Config{})
				for visit := range tt.visits {
					request(func(ctx context.Context) { tt.do(ctx, tr, visit) })
				}
				var got []string
				for _, f := range tr.Findings() {
					got = append(got, f.Rule)
					if f.Class != "" {
						got = append(got, string(f.Class))
					}
					got = append(got, string(f.Confidence))
					if f.Fix == "" {
						t.Errorf("%s has no Fix", f.Rule)
					}
				}
				if fmt.Sprint(got) != tt.want {
					t.Errorf("Findings() = %v, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestConcurrentLoopSavesLessTimeThanConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		request(func(ctx context.Context) {
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() { took(ctx, tr, 1, selectLines, i) })
			}
			wg.Wait()
		})
		f := tr.Findings()[0]
		if f.Connections != 20 || f.SavedMSPerRequest != 0.95 || f.Erlangs != 19 {
			t.Errorf("Connections, SavedMSPerRequest, Erlangs = %d, %v, %v, want 20, 19/20 and 19 in a millisecond", f.Connections, f.SavedMSPerRequest, f.Erlangs)
		}
	})
}

func TestTwoPlacesWithOneStatementAreTwoFindings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTracerWith(t, sqltrace.Config{})
		request(func(ctx context.Context) {
			for i := range 30 {
				end(tr.Begin(ctx, selectLines, []any{i}))
				took(ctx, tr, 1, "SELECT name FROM customers WHERE id = $1", 7)
				end(tr.Begin(ctx, selectLines, []any{i + 1000}))
			}
		})
		var counts []int
		for _, f := range broken(tr, sqltrace.RuleNPlusOne) {
			counts = append(counts, f.MaxPerRequest)
		}
		slices.Sort(counts)
		// The first execution's place is not looked up: it counts with the second's.
		if !slices.Equal(counts, []int{29, 31}) {
			t.Errorf("rounds of the two loops = %v, want 29 and 31", counts)
		}
	})
}

func TestFewRepeatsCountExactly(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{MinRepeats: 2})
	request(func(ctx context.Context) {
		end(tr.Begin(ctx, selectLines, []any{1}))
		end(tr.Begin(ctx, selectLines, []any{2}))
		for i := range 2 {
			end(tr.Begin(ctx, selectLines, []any{i + 2}))
		}
	})
	if got := broken(tr, sqltrace.RuleNPlusOne); len(got) != 1 || got[0].MaxPerRequest != 2 {
		t.Errorf("Findings() = %+v, want the loop of two alone", got)
	}
}
