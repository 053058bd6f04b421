package ratelimit_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// TestRefundDropsWhatHasLapsed: a log that is only refunded must not keep its
// memory.
func TestRefundDropsWhatHasLapsed(t *testing.T) {
	for _, strategy := range []ratelimit.Strategy{ratelimit.MovingWindow, ratelimit.Concurrency} {
		p := ratelimit.Limit{Strategy: strategy, Amount: 10, Period: time.Millisecond}.Plan()
		var b ratelimit.Bucket
		var last ratelimit.Charge
		for i := range 6 {
			last = ratelimit.Charge{Cost: 1, ID: ratelimit.ID{byte(i)}}
			last.Receipt = b.Take(&p, int64(1+i*100), &last).Receipt
		}
		// At 1301 the entries of 1, 101, 201 and 301 have lapsed.
		if r := b.Refund(&p, 1301, &last); r.Granted != 1 {
			t.Fatalf("%s: Refund = %+v, want one unit", strategy, r)
		}
		if got := len(b.Log); got != 1 {
			t.Errorf("%s: entries after the refund = %d, want 1", strategy, got)
		}
	}
}
