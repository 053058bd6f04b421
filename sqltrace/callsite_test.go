package sqltrace_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/sqltrace"
)

// here returns the place of its call, moved by that many lines.
func here(lines int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("sqltrace/%s:%d", filepath.Base(file), line+lines)
}

// thisFile returns what the places in the file of its call begin with.
func thisFile() string {
	_, file, _, _ := runtime.Caller(1)
	return "sqltrace/" + filepath.Base(file) + ":"
}

func end(s sqltrace.Statement) { s.End(1, nil) }

type store struct{ tracer *sqltrace.Tracer }

func (s *store) load(ctx context.Context, id int) (want string) {
	want = here(1)
	end(s.tracer.Begin(ctx, selectLines, []any{id}))
	return want
}

type list[T any] struct{ items []T }

func (l list[T]) load(ctx context.Context, tr *sqltrace.Tracer) (want string) {
	for _, item := range l.items {
		want = here(1)
		end(tr.Begin(ctx, selectLines, []any{item}))
	}
	return want
}

func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// inlined is small enough for the compiler to inline, and is still the place.
func inlined(ctx context.Context, tr *sqltrace.Tracer, id int) sqltrace.Statement {
	return tr.Begin(ctx, selectLines, []any{id})
}

// inlinedAt returns the place of the call in inlined: one line below its head.
func inlinedAt() string {
	entry := reflect.ValueOf(inlined).Pointer()
	_, line := runtime.FuncForPC(entry).FileLine(entry)
	return fmt.Sprintf("sqltrace/callsite_test.go:%d", line+1)
}

func TestFindingNamesTheTrueLine(t *testing.T) {
	tests := []struct {
		name string
		loop func(ctx context.Context, tr *sqltrace.Tracer) (want string)
		fn   string
	}{
		{"loop", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			for i := range 9 {
				want = here(1)
				end(tr.Begin(ctx, selectLines, []any{i}))
			}
			return want
		}, "sqltrace_test.TestFindingNamesTheTrueLine.func1"},
		{"several lines", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			for i := range 9 {
				want = here(1)
				s := tr.Begin(
					ctx,
					selectLines,
					[]any{
						i,
					},
				)
				end(s)
			}
			return want
		}, "sqltrace_test.TestFindingNamesTheTrueLine.func2"},
		{"chain of calls", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			for i := range 9 {
				want = here(3)
				s := tr.
					For(sqltrace.Unknown).
					Begin(ctx, selectLines, []any{i})
				end(s)
			}
			return want
		}, "sqltrace_test.TestFindingNamesTheTrueLine.func3"},
		{"method", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			s := &store{tr}
			for i := range 9 {
				want = s.load(ctx, i)
			}
			return want
		}, "sqltrace_test.(*store).load"},
		{"generic", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			return list[string]{slices.Collect(func(yield func(string) bool) {
				for i := range 9 {
					yield(fmt.Sprint(i))
				}
			})}.load(ctx, tr)
		}, "sqltrace_test.list[...].load"},
		{"closure", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			load := func(i int) {
				want = here(1)
				end(tr.Begin(ctx, selectLines, []any{i}))
			}
			for i := range 9 {
				load(i)
			}
			return want
		}, "sqltrace_test.TestFindingNamesTheTrueLine.func6.1"},
		{"range over a function", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			for i := range numbers(9) {
				want = here(1)
				end(tr.Begin(ctx, selectLines, []any{i}))
			}
			return want
		}, ""},
		{"inlined", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			for i := range 9 {
				end(inlined(ctx, tr, i))
			}
			return inlinedAt()
		}, "sqltrace_test.inlined"},
		{"through the standard library", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			ids := []int{5, 4, 3, 2, 1, 9, 8, 7, 6}
			_ = slices.IndexFunc(ids, func(id int) bool {
				want = here(1)
				end(tr.Begin(ctx, selectLines, []any{id}))
				return false
			})
			return want
		}, "sqltrace_test.TestFindingNamesTheTrueLine.func9.1"},
		{"another goroutine", func(ctx context.Context, tr *sqltrace.Tracer) (want string) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := range 9 {
					want = here(1)
					end(tr.Begin(ctx, selectLines, []any{i}))
				}
			}()
			<-done
			return want
		}, "sqltrace_test.TestFindingNamesTheTrueLine.func10.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTracerWith(t, sqltrace.Config{})
			var l ledger.Ledger
			l.Open(context.Background(), time.Now())
			want := tt.loop(&l, tr)
			l.End(time.Now(), ledger.Summary{})
			found := tr.Findings()
			if len(found) != 1 || found[0].Where != want {
				t.Fatalf("Findings() = %+v, want one at %s", found, want)
			}
			if tt.fn != "" && found[0].Func != tt.fn {
				t.Errorf("Func = %q, want %q", found[0].Func, tt.fn)
			}
		})
	}
}

func TestApplicationDecidesWhoseFrameItIs(t *testing.T) {
	tr := newTracerWith(t, sqltrace.Config{Application: []string{"testing"}})
	request(func(ctx context.Context) {
		for i := range 9 {
			run(ctx, tr, selectLines, i)
		}
	})
	if found := tr.Findings(); len(found) != 1 || found[0].Func != "testing.tRunner" {
		t.Errorf("Findings() = %+v, want one in testing.tRunner, the frame of the package named", found)
	}
}
