package sqltracetest

import (
	"context"
	"testing"
)

// MaxQueries calls fn once and fails the test if it sends more than n
// statements with the context that it gets, naming each with its line. It
// returns how many were sent. Transaction control does not count.
func MaxQueries(tb testing.TB, n int, fn func(ctx context.Context)) int {
	tb.Helper()
	a := run(tb, fn)
	if a.total > n {
		tb.Errorf("%d statements were sent, want at most %d:%s", a.total, n, &a)
	}
	return a.total
}
