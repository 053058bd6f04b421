package memcached

import (
	"math"
	"testing"
)

func TestExpiration(t *testing.T) {
	const now, day = int64(1_790_000_000_000), int64(24 * 60 * 60 * 1000)
	tests := []struct {
		end  int64
		want int32
	}{
		{now + 1, 2},
		{now + 1000, 2},
		{now + 1001, 3},
		{now + 29*day, 29*86400 + 1},
		{now + 30*day, int32(now/1000 + 30*86400 + 1)}, // a point in time
		{math.MaxInt32*1000 + 1000, 0},
		{now + 36500*day, 0},
	}
	for _, tt := range tests {
		if got := expiration(tt.end, now); got != tt.want {
			t.Errorf("expiration(now%+d ms) = %d, want %d", tt.end-now, got, tt.want)
		}
	}
}
