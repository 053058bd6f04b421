package xfetch_test

import (
	"math"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/xfetch"
)

// The share of readers that are told to load is that of the formula: −ln(u) is
// at least x with the probability e^−x.
func TestDue(t *testing.T) {
	const readers = 20_000
	for _, tt := range []struct {
		took, left time.Duration
		beta       float64
	}{
		{time.Second, time.Second, 1},
		{time.Second, time.Second, 2},
		{time.Second, 3 * time.Second, 1},
		{time.Second, 0, 1},
		{time.Millisecond, time.Second, 1},
		{time.Second, 0, -1},
	} {
		n := 0
		for range readers {
			if xfetch.Due(tt.took, tt.left, tt.beta) {
				n++
			}
		}
		want := 0.0
		if tt.beta > 0 {
			want = math.Exp(-float64(tt.left) / float64(tt.took) / tt.beta)
		}
		if got := float64(n) / readers; math.Abs(got-want) > 0.02 {
			t.Errorf("Due(%v, %v, %v) is true for %.3f of the readers, want %.3f", tt.took, tt.left, tt.beta, got, want)
		}
	}
	if got, want := xfetch.AtMost(time.Second, 2), 72*time.Second; got != want {
		t.Errorf("AtMost(1s, 2) = %v, want %v", got, want)
	}
	if got := xfetch.AtMost(time.Second, -1); got != 0 {
		t.Errorf("AtMost(1s, -1) = %v, want 0", got)
	}
}
