package memory_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

// TestLimitsLogsStayInTheirBound fills the memory that is for logs with a few
// long ones: what needs a longer log is refused, what needs none is not, and
// when the logs have lapsed there is room again.
func TestLimitsLogsStayInTheirBound(t *testing.T) {
	const (
		bound = 1 << 20
		start = 1_000_000
	)
	l := ratelimit.Limit{Strategy: ratelimit.MovingWindow, Amount: ratelimit.MaxLog, Period: time.Hour}
	s := openLimits(t, memory.LimitsConfig{MaxBytes: bound})
	s.SetNow(start)
	before := heapBytes()
	admitted := 0
	for i := range 20_000 {
		if r := take(t, s, l, strconv.Itoa(i%10), 1); r.Allowed {
			admitted++
		} else if r.RetryAfter <= 0 {
			t.Fatalf("refusal %+v, want a time after which to come again", r)
		}
	}
	if most := bound / 4 / 32; admitted == 0 || admitted > most {
		t.Errorf("charges in logs = %d, want some, and at most the %d that there is memory for", admitted, most)
	}
	if got := s.Stats().Bytes; got > bound {
		t.Errorf("Stats().Bytes = %d, want at most %d", got, bound)
	}
	if got := heapBytes() - before; got > bound {
		t.Errorf("the heap has grown by %d bytes, want at most %d", got, bound)
	}
	counter := ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 1, Period: time.Hour}
	if r := take(t, s, counter, "0", 1); !r.Allowed {
		t.Errorf("a limit without a log is refused: %+v", r)
	}
	s.SetNow(start + time.Hour.Microseconds())
	for i := range 10 {
		if r := take(t, s, l, strconv.Itoa(i), 1); !r.Allowed {
			t.Errorf("key %d is refused when its log has lapsed: %+v", i, r)
		}
	}
}

// TestLimitsLapsedLogsMakeRoom fills the memory that is for logs with keys that
// do not come again: when their logs have lapsed, there is room for others.
func TestLimitsLapsedLogsMakeRoom(t *testing.T) {
	l := ratelimit.Limit{Strategy: ratelimit.MovingWindow, Amount: 5, Period: time.Minute}
	s := openLimits(t, memory.LimitsConfig{MaxBytes: 1 << 20})
	s.SetNow(1_000_000)
	if got := flood(t, s, l, "old", 4000); got == 4000 {
		t.Fatal("4000 keys were admitted, want some to be refused: there is no memory for their logs")
	}
	s.SetNow(1_000_000 + 2*time.Minute.Microseconds())
	// Each looks at some slots of one shard only: not all need find a log there.
	if got := flood(t, s, l, "new", 200); got < 150 {
		t.Errorf("200 keys were admitted %d times when the logs of others have lapsed, want most of them", got)
	}
}
