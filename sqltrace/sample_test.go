package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

func TestSampleGetsWhatRan(t *testing.T) {
	var got []string
	tr := newTracerWith(t, sqltrace.Config{Sample: func(text string, args []any, elapsed time.Duration) {
		if elapsed <= 0 {
			t.Errorf("elapsed = %v, want > 0", elapsed)
		}
		got = append(got, fmt.Sprint(text, args))
	}})
	ctx := context.Background()

	args := []any{7, "x"}
	s := tr.Begin(ctx, "SELECT a FROM t WHERE b = $1 AND c = $2", args)
	args[0] = 8 // the caller may use its slice again
	s.End(1, nil)

	s = tr.BeginNamed(ctx, "SELECT a FROM t WHERE b = :b AND c = ?", []driver.NamedValue{
		{Name: "b", Ordinal: 1, Value: int64(9)}, {Ordinal: 2, Value: "y"},
	})
	s.End(1, nil)

	s = tr.Begin(ctx, "SELECT fails FROM t", nil)
	s.End(0, errors.New("no such column"))
	s = tr.Begin(ctx, "BEGIN", nil)
	s.End(0, nil)
	s = tr.BeginBatch(ctx, "SELECT a FROM t")
	s.End(0, nil)

	want := []string{
		"SELECT a FROM t WHERE b = $1 AND c = $2[7 x]",
		"SELECT a FROM t WHERE b = :b AND c = ?" + fmt.Sprint([]any{sql.Named("b", int64(9)), "y"}),
	}
	if !slices.Equal(got, want) {
		t.Errorf("samples = %q, want %q", got, want)
	}
}
