package sqltrace_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hone-go/hone/sqltrace"
)

func TestQuantileIsAnUpperBound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		list := make([]time.Duration, 1+r.IntN(300))
		for i := range list {
			list[i] = time.Duration(r.ExpFloat64() * float64(20*time.Millisecond))
		}
		upper, least, n := sqltrace.Quantile(0.95, list...)
		slices.Sort(list)
		exact := list[(95*len(list)+99)/100-1]
		if n != int64(len(list)) || least != list[0] || upper < exact || upper > max(exact+exact/4+1, 20480) {
			t.Fatalf("quantile(0.95) = %v of %d, minimum %v, want %v to 25 %% more of %d, %v", upper, n, least, exact, len(list), list[0])
		}
	}
	if upper, least, n := sqltrace.Quantile(0.95); upper != 0 || least != 0 || n != 0 {
		t.Errorf("quantile of nothing = %v, %v, %d, want zeros", upper, least, n)
	}
	if upper, _, _ := sqltrace.Quantile(0.95, time.Hour); upper < time.Minute {
		t.Errorf("quantile of an hour = %v, want the last bucket", upper)
	}
}
