package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/batch"
)

// A line belongs to an order.
type line struct{ order, id int }

func orderOf(l line) int { return l.order }

// A table is the lines in their order, and the chunks that were asked for.
type table struct {
	lines  []line
	chunks [][]int
	err    error
}

func (t *table) query(_ context.Context, keys []int) ([]line, error) {
	t.chunks = append(t.chunks, slices.Clone(keys))
	var rows []line
	for _, l := range t.lines {
		if slices.Contains(keys, l.order) {
			rows = append(rows, l)
		}
	}
	clear(keys) // which a query may do
	return rows, t.err
}

func newRelation(t testing.TB, query batch.Query[int, line], chunk int) *batch.Relation[int, line] {
	t.Helper()
	r, err := batch.NewRelation(query, orderOf, batch.RelationConfig{Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNewRelationNamesWhatIsMissing(t *testing.T) {
	_, err := batch.NewRelation[int, line](nil, nil, batch.RelationConfig{})
	for _, want := range []string{"needs a query", "needs a key function"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewRelation(nil, nil) error = %v, want it to say %q", err, want)
		}
	}
}

func TestKeysAreDistinctAndInChunks(t *testing.T) {
	long := make([]int, 513)
	for i := range long {
		long[i] = i
	}
	tests := []struct {
		name  string
		chunk int
		keys  []int
		want  string
	}{
		{"no keys", 0, nil, "[]"},
		{"distinct", 0, []int{3, 1, 3, 2, 1}, "[[3 1 2]]"},
		{"exact", 3, []int{3, 1, 3, 2, 1}, "[[3 1 2]]"},
		{"rest", 2, []int{3, 1, 3, 2, 1}, "[[3 1] [2]]"},
		{"one", 1, []int{3, 1, 3, 2, 1}, "[[3] [1] [2]]"},
		{"default", 0, long, fmt.Sprint([][]int{long[:512], long[512:]})},
		{"no limit", -1, long, fmt.Sprint([][]int{long})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, fetch := range map[string]func(*batch.Relation[int, line]) error{
				"One":  func(r *batch.Relation[int, line]) error { _, err := r.One(t.Context(), tt.keys); return err },
				"Many": func(r *batch.Relation[int, line]) error { _, err := r.Many(t.Context(), tt.keys); return err },
			} {
				var db table
				if err := fetch(newRelation(t, db.query, tt.chunk)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if got := fmt.Sprint(db.chunks); got != tt.want {
					t.Errorf("%s chunks = %s, want %s", name, got, tt.want)
				}
			}
		})
	}
}

func TestRelationResults(t *testing.T) {
	db := table{lines: []line{{2, 20}, {1, 11}, {2, 19}}}
	r := newRelation(t, db.query, 1)
	many, err := r.Many(t.Context(), []int{1, 2, 3})
	if want := "map[1:[{1 11}] 2:[{2 20} {2 19}] 3:[]]"; fmt.Sprint(many) != want || err != nil {
		t.Errorf("Many(1, 2, 3) = %v, %v, want %s", many, err, want)
	}
	if many[3] == nil {
		t.Error("Many of a key without rows = nil, want an empty slice")
	}
	one, err := r.One(t.Context(), []int{1, 3})
	if want := "map[1:{1 11}]"; fmt.Sprint(one) != want || err != nil {
		t.Errorf("One(1, 3) = %v, %v, want %s", one, err, want)
	}
}

func TestBrokenQuery(t *testing.T) {
	answer := func(rows ...line) batch.Query[int, line] {
		return func(context.Context, []int) ([]line, error) { return rows, nil }
	}
	tests := []struct {
		name      string
		query     batch.Query[int, line]
		one, many error
	}{
		{"fails", func(context.Context, []int) ([]line, error) { return nil, errLost }, errLost, errLost},
		{"fails with rows", func(context.Context, []int) ([]line, error) { return []line{{1, 1}}, errLost }, errLost, errLost},
		{"duplicate", answer(line{1, 1}, line{1, 2}), batch.ErrDuplicate, nil},
		{"foreign", answer(line{9, 1}), batch.ErrForeign, batch.ErrForeign},
		{"of another chunk", answer(line{1, 1}), batch.ErrForeign, batch.ErrForeign}, // the second asks for 2
		{"none", answer(), nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chunk := 2
			if tt.name == "of another chunk" {
				chunk = 1
			}
			r := newRelation(t, tt.query, chunk)
			attached := 0
			parents := []int{1, 2}
			_, err := batch.AttachOne(t.Context(), parents, itself, r, func(*int, line) { attached++ })
			if !errors.Is(err, tt.one) {
				t.Errorf("AttachOne = %v, want %v", err, tt.one)
			}
			if _, got := r.One(t.Context(), parents); !errors.Is(got, tt.one) {
				t.Errorf("One = %v, want %v", got, tt.one)
			}
			if attached > 0 {
				t.Errorf("attached = %d, want 0", attached)
			}
			err = batch.AttachMany(t.Context(), parents, itself, r, func(*int, []line) { attached++ })
			if !errors.Is(err, tt.many) {
				t.Errorf("AttachMany = %v, want %v", err, tt.many)
			}
			if _, got := r.Many(t.Context(), parents); !errors.Is(got, tt.many) {
				t.Errorf("Many = %v, want %v", got, tt.many)
			}
			if err != nil && attached > 0 {
				t.Errorf("attached after an error = %d, want 0", attached)
			}
		})
	}
}

func itself(p *int) (int, bool) { return *p, true }
