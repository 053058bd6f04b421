package ratelimit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

const day = 24 * time.Hour

func sliding(amount int64, period time.Duration) ratelimit.Limit {
	return ratelimit.Limit{Amount: amount, Period: period}
}

// TestLimitsCases holds hone beside the Python library limits 5.8.0, each of
// whose results was observed. A text that means the same there has no reason;
// any other says why hone is stricter or wider.
func TestLimitsCases(t *testing.T) {
	const (
		rejects = "" // limits says no
		words   = "the usual abbreviations and weeks are read"
	)
	tests := []struct {
		row    int
		in     string
		limits string // what limits reads, in seconds
		reason string // why hone does not say the same
		want   []ratelimit.Limit
	}{
		{row: 1, in: "1/second", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 2, in: "1 per second", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 3, in: "1/SECOND", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 4, in: "1 / Second", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 5, in: "10 per hour", limits: "10/3600", want: []ratelimit.Limit{sliding(10, time.Hour)}},
		{row: 6, in: "10perhour", limits: "10/3600", want: []ratelimit.Limit{sliding(10, time.Hour)}},
		{row: 7, in: "10 per2hours", limits: "10/7200", want: []ratelimit.Limit{sliding(10, 2*time.Hour)}},
		{row: 8, in: "10/2hours", limits: "10/7200", want: []ratelimit.Limit{sliding(10, 2*time.Hour)}},
		{row: 9, in: "5/2 seconds", limits: "5/2", want: []ratelimit.Limit{sliding(5, 2*time.Second)}},
		{row: 10, in: "1 per 3 hour", limits: "1/10800", want: []ratelimit.Limit{sliding(1, 3*time.Hour)}},
		{row: 11, in: "1/2 day", limits: "1/172800", want: []ratelimit.Limit{sliding(1, 2*day)}},
		{row: 12, in: "100/day, 500/7 days", limits: "100/86400 500/604800", want: []ratelimit.Limit{sliding(100, day), sliding(500, 7*day)}},
		{
			row: 13, in: "10/hour;100/day;2000 per year", limits: "10/3600 100/86400 2000/31104000",
			reason: "a year is 365 days, not 360: a yearly budget must last for the year",
			want:   []ratelimit.Limit{sliding(10, time.Hour), sliding(100, day), sliding(2000, 365*day)},
		},
		{row: 14, in: "1/second|5/minute", limits: "1/1 5/60", want: []ratelimit.Limit{sliding(1, time.Second), sliding(5, time.Minute)}},
		{row: 15, in: "1/minute|2/hour,3/day;4/month", limits: "1/60 2/3600 3/86400 4/2592000", want: []ratelimit.Limit{sliding(1, time.Minute), sliding(2, time.Hour), sliding(3, day), sliding(4, 30*day)}},
		{row: 16, in: "1 per 3 hour; 1 per second", limits: "1/10800 1/1", want: []ratelimit.Limit{sliding(1, 3*time.Hour), sliding(1, time.Second)}},
		{row: 17, in: "1/second; 1/second", limits: "1/1 1/1", want: []ratelimit.Limit{sliding(1, time.Second), sliding(1, time.Second)}},
		{row: 18, in: "  1/second  ", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 19, in: "1/second\n", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 20, in: "1\tper\tsecond", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 20, in: "1\nper\nsecond", limits: "1/1", want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 21, in: "1 PER Minute", limits: "1/60", want: []ratelimit.Limit{sliding(1, time.Minute)}},
		{row: 21, in: "1 Per MINUTES", limits: "1/60", want: []ratelimit.Limit{sliding(1, time.Minute)}},
		{row: 22, in: "1/days", limits: "1/86400", want: []ratelimit.Limit{sliding(1, day)}},
		{row: 23, in: "1 per 1 day", limits: "1/86400", want: []ratelimit.Limit{sliding(1, day)}},
		{row: 24, in: "1/month", limits: "1/2592000", want: []ratelimit.Limit{sliding(1, 30*day)}},
		{row: 24, in: "1/months", limits: "1/2592000", want: []ratelimit.Limit{sliding(1, 30*day)}},
		{row: 25, in: "1 per 12 months", limits: "1/31104000", want: []ratelimit.Limit{sliding(1, 360*day)}},
		{row: 26, in: "1/year", limits: "1/31104000", reason: "a year is 365 days", want: []ratelimit.Limit{sliding(1, 365*day)}},
		{row: 27, in: "007/second", limits: "7/1", want: []ratelimit.Limit{sliding(7, time.Second)}},
		{row: 28, in: "0/second", limits: "0/1", want: []ratelimit.Limit{sliding(0, time.Second)}},
		{row: 28, in: "00/second", limits: "0/1", want: []ratelimit.Limit{sliding(0, time.Second)}},
		{row: 29, in: "1/0 second", limits: "1/1", reason: "0 seconds are not 1 second"},
		{row: 30, in: "99999999999999999999/second", limits: "99999999999999999999/1", reason: "above MaxAmount no store counts exactly"},
		{row: 31, in: "1/99999999999 years", limits: "1/3110399999968896000", reason: "above MaxPeriod no store counts exactly"},
		{row: 32, in: "1/second:;2/minute", limits: "1/1 2/60", reason: `":;" is a slip in the pattern of limits`},
		{row: 33, in: "1/fake", limits: "1/1 with a unit of the user's own", reason: "there are no units of one's own; a Go duration says any period"},
		{row: 34, in: "5/10 fake", limits: "5/10 with a unit of the user's own", reason: "as row 33"},
		{row: 34, in: "10 per 10 fakes", limits: "10/10 with a unit of the user's own", reason: "as row 33"},
		// Row 35 is of parse, which is Parse: see TestParseReadsOne.
		{row: 36, in: "1/s", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 37, in: "1/sec", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, time.Second)}},
		{row: 37, in: "2 per sec", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(2, time.Second)}},
		{row: 38, in: "1/m", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, time.Minute)}},
		{row: 38, in: "1/min", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, time.Minute)}},
		{row: 39, in: "1/h", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, time.Hour)}},
		{row: 39, in: "1/hr", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, time.Hour)}},
		{row: 40, in: "1/d", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, day)}},
		{row: 41, in: "1/week", limits: rejects, reason: words, want: []ratelimit.Limit{sliding(1, 7*day)}},
		{row: 42, in: "1 per fortnight", limits: rejects},
		{row: 42, in: "1 per millenium", limits: rejects},
		{row: 43, in: "10 per hourly", limits: rejects},
		{row: 43, in: "1/daily", limits: rejects},
		{row: 44, in: "1 per yearl; 2 per decade", limits: rejects},
		{row: 45, in: "meow", limits: rejects},
		// Row 46 is a value that is no string: Go's types reject it.
		{row: 47, in: "", limits: rejects},
		{row: 47, in: "   ", limits: rejects},
		{row: 48, in: "/second", limits: rejects},
		{row: 49, in: "second", limits: rejects},
		{row: 50, in: "1/", limits: rejects},
		{row: 50, in: "1/2", limits: rejects},
		{row: 51, in: "1 second", limits: rejects},
		{row: 51, in: "1 a second", limits: rejects},
		{row: 52, in: "1//second", limits: rejects},
		{row: 53, in: "1 per per second", limits: rejects},
		{row: 53, in: "1 per/second", limits: rejects},
		{row: 53, in: "1/ per second", limits: rejects},
		{row: 54, in: "1/2/second", limits: rejects},
		{row: 55, in: "-1/second", limits: rejects},
		{row: 55, in: "+1/second", limits: rejects},
		{row: 56, in: "1/-1 second", limits: rejects},
		{row: 57, in: "1.5/second", limits: rejects},
		{row: 57, in: "1/1.5 seconds", limits: rejects},
		{row: 58, in: "1e3/second", limits: rejects},
		{row: 58, in: "1,000/hour", limits: rejects},
		{row: 58, in: "1_000/hour", limits: rejects},
		{row: 59, in: "1/second;", limits: rejects},
		{row: 59, in: "1/second;5/minute ;", limits: rejects},
		{row: 60, in: "; 1/second", limits: rejects},
		{row: 61, in: "1/second,,2/minute", limits: rejects},
		{row: 61, in: "1/minute|;2/hour", limits: rejects},
		{row: 62, in: "1/second 5/minute", limits: rejects},
		{row: 63, in: "1/second & 5/minute", limits: rejects},
		{row: 64, in: "1/second;abc", limits: rejects},
		{row: 65, in: "5 per day per user", limits: rejects},
		{row: 65, in: "1/second #c", limits: rejects},
		{row: 66, in: "１/second", limits: rejects},
		{row: 66, in: "1/ſecond", limits: rejects},
	}
	seen := map[int]bool{35: true, 46: true}
	for _, tt := range tests {
		seen[tt.row] = true
		got, err := ratelimit.ParseAll(tt.in)
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("row %d: ParseAll(%q) = %v, %v, want %v", tt.row, tt.in, got, err, tt.want)
		}
		if same := tt.limits == inSeconds(tt.want); same != (tt.reason == "") {
			t.Errorf("row %d: limits reads %q as %q and hone as %q, with the reason %q", tt.row, tt.in, tt.limits, inSeconds(tt.want), tt.reason)
		}
	}
	for row := 1; row <= 66; row++ {
		if !seen[row] {
			t.Errorf("row %d is missing", row)
		}
	}
}

// inSeconds writes limits as the table does.
func inSeconds(limits []ratelimit.Limit) string {
	var texts []string
	for _, l := range limits {
		texts = append(texts, fmt.Sprintf("%d/%d", l.Amount, l.Period/time.Second))
	}
	return strings.Join(texts, " ")
}

func TestParseReadsOne(t *testing.T) {
	const want = `ratelimit: bad notation: "1/second;2/minute" at byte 8 (";2/minute"): want one limit, not a list`
	if l, err := ratelimit.Parse("1/second;2/minute"); err == nil || err.Error() != want {
		t.Errorf("Parse of a list = %v, %v, want %s: limits drops all but the first (row 35)", l, err, want)
	}
}

// TestParse is what limits has no notation for, and the form that String
// writes.
func TestParse(t *testing.T) {
	gcra := func(amount int64, period time.Duration, burst int64) ratelimit.Limit {
		return ratelimit.Limit{Strategy: ratelimit.GCRA, Amount: amount, Period: period, Burst: burst}
	}
	held := func(amount int64, period time.Duration) ratelimit.Limit {
		return ratelimit.Limit{Strategy: ratelimit.Concurrency, Amount: amount, Period: period}
	}
	tests := []struct {
		in   string
		want ratelimit.Limit
		text string
	}{
		{"100/minute", sliding(100, time.Minute), "100/minute"},
		{"5 per 2 min", sliding(5, 2*time.Minute), "5/2 minutes"},
		{"20 per 90s", sliding(20, 90*time.Second), "20/90 seconds"},
		{"5/1h30m", sliding(5, 90*time.Minute), "5/90 minutes"},
		{"5/1.5s", sliding(5, 1500*time.Millisecond), "5/1.5s"},
		{"5/.5s", sliding(5, 500*time.Millisecond), "5/500ms"},
		{"5/250 ms", sliding(5, 250*time.Millisecond), "5/250ms"},
		{"5/1500us", sliding(5, 1500*time.Microsecond), "5/1.5ms"},
		{"5/60 secs", sliding(5, time.Minute), "5/minute"},
		{"5/48 hrs", sliding(5, 2*day), "5/2 days"},
		{"5/2w", sliding(5, 14*day), "5/2 weeks"},
		{"5/2 wks", sliding(5, 14*day), "5/2 weeks"},
		{"5/168h", sliding(5, 7*day), "5/week"},
		{"5/mo", sliding(5, 30*day), "5/30 days"},
		{"5/2y", sliding(5, 730*day), "5/730 days"},
		{"5/YRS", sliding(5, 365*day), "5/365 days"},
		{"5/3660 days", sliding(5, ratelimit.MaxPeriod), "5/3660 days"},
		{"5/ms", sliding(5, ratelimit.MinPeriod), "5/1ms"},
		{"1000000000/s", sliding(ratelimit.MaxAmount, time.Second), "1000000000/second"},
		{"100/minute sliding", sliding(100, time.Minute), "100/minute"},
		{"100/minute Fixed", ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 100, Period: time.Minute}, "100/minute fixed"},
		{"1000000/90s moving", ratelimit.Limit{Strategy: ratelimit.MovingWindow, Amount: ratelimit.MaxLog, Period: 90 * time.Second}, "1000000/90 seconds moving"},
		{"10/s gcra", gcra(10, time.Second, 0), "10/second gcra"},
		{"10/s burst 50", gcra(10, time.Second, 50), "10/second burst 50"},
		{"10/s BURST50", gcra(10, time.Second, 50), "10/second burst 50"},
		{"10/s burst 10", gcra(10, time.Second, 10), "10/second burst 10"},
		{"10/s gcra burst 5", gcra(10, time.Second, 5), "10/second burst 5"},
		{"10/s burst 5 gcra", gcra(10, time.Second, 5), "10/second burst 5"},
		{"20 concurrent", held(20, ratelimit.LeaseLife), "20 concurrent"},
		{"20concurrent for 30s", held(20, ratelimit.LeaseLife), "20 concurrent"},
		{"20 concurrent for minute", held(20, time.Minute), "20 concurrent for 1 minute"},
		{"20 Concurrent FOR 90 seconds", held(20, 90*time.Second), "20 concurrent for 90 seconds"},
	}
	for _, tt := range tests {
		got, err := ratelimit.Parse(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
		}
		if text := tt.want.String(); text != tt.text {
			t.Errorf("%+v.String() = %q, want %q", tt.want, text, tt.text)
		}
		if again, err := ratelimit.Parse(tt.text); err != nil || again != tt.want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.text, again, err, tt.want)
		}
	}
}

func TestNotationError(t *testing.T) {
	long := strings.Repeat("x", 2000)
	tests := []struct {
		in     string
		offset int
		text   string
	}{
		{"", 0, `ratelimit: bad notation: "" at the end: want an amount of 0 to 1000000000`},
		{"meow", 0, `ratelimit: bad notation: "meow" at the start: want an amount of 0 to 1000000000`},
		{"10 a second", 3, `ratelimit: bad notation: "10 a second" at byte 3 ("a second"): want "/", "per" or "concurrent" behind the amount`},
		{"10-M", 2, `ratelimit: bad notation: "10-M" at byte 2 ("-M"): want "/", "per" or "concurrent" behind the amount`},
		{"1/second; 2000000000/day", 10, `ratelimit: bad notation: "1/second; 2000000000/day" at byte 10 ("2000000000/day"): want an amount of 0 to 1000000000`},
		// These two would wrap around to 1, and to 1.000048 seconds.
		{"4611686018427387904001/s", 0, `ratelimit: bad notation: "4611686018427387904001/s" at the start: want an amount of 0 to 1000000000`},
		{"1/2305843009214694ms", 2, `ratelimit: bad notation: "1/2305843009214694ms" at byte 2 ("2305843009214694ms"): want a period of 1ms to 3660 days`},
		{"5/", 2, `ratelimit: bad notation: "5/" at the end: want a period such as "minute", "5 minutes" or "1h30m"`},
		{"5/2", 3, `ratelimit: bad notation: "5/2" at the end: want a period such as "minute", "5 minutes" or "1h30m"`},
		{"5/0s", 2, `ratelimit: bad notation: "5/0s" at byte 2 ("0s"): want a period of 1ms to 3660 days`},
		{"5/3661 days", 2, `ratelimit: bad notation: "5/3661 days" at byte 2 ("3661 days"): want a period of 1ms to 3660 days`},
		{"5/1.0000005s", 2, `ratelimit: bad notation: "5/1.0000005s" at byte 2 ("1.0000005s"): want a period of whole microseconds`},
		{"5/lustrum", 2, `ratelimit: bad notation: "5/lustrum" at byte 2 ("lustrum"): want a period such as "minute", "5 minutes" or "1h30m", with units that Parse knows`},
		{"5/s burst 0", 10, `ratelimit: bad notation: "5/s burst 0" at byte 10 ("0"): want a burst of 1 to 1000000000`},
		{"5/s burst", 9, `ratelimit: bad notation: "5/s burst" at the end: want a burst of 1 to 1000000000`},
		{"5/s; 5/s burst 6 fixed", 5, `ratelimit: bad notation: "5/s; 5/s burst 6 fixed" at byte 5 ("5/s burst 6 fixed"): Limit.Burst is 6, want 0 for fixed`},
		{"5/s fixed moving", 10, `ratelimit: bad notation: "5/s fixed moving" at byte 10 ("moving"): want the end of the limit, or ",", ";" or "|" and another`},
		{"5/s burst 6 burst 7", 12, `ratelimit: bad notation: "5/s burst 6 burst 7" at byte 12 ("burst 7"): want the end of the limit, or ",", ";" or "|" and another`},
		{"1000001/s moving", 0, `ratelimit: bad notation: "1000001/s moving" at the start: Limit.Amount is 1000001, want 0 to 1000000 for moving`},
		{"1000001 concurrent", 0, `ratelimit: bad notation: "1000001 concurrent" at the start: Limit.Amount is 1000001, want 0 to 1000000 for concurrent`},
		{"5 concurrent burst 6", 13, `ratelimit: bad notation: "5 concurrent burst 6" at byte 13 ("burst 6"): want the end of the limit, or ",", ";" or "|" and another`},
		{"5 \x00\x1b[31m\xff\u202e/s", 2, `ratelimit: bad notation: "5 \x00\x1b[31m\xff\u202e/s" at byte 2 ("\x00\x1b[31m\xff\u202e/s"): want "/", "per" or "concurrent" behind the amount`},
		{"1/second " + long[:1000], 9, `ratelimit: bad notation: "1/second ` + long[:32] + `"… at byte 9 ("` + long[:32] + `"…): want the end of the limit, or ",", ";" or "|" and another`},
		{long, 1024, `ratelimit: bad notation: …"` + long[:64] + `"… at byte 1024 ("` + long[:32] + `"…): want at most 1024 bytes`},
		{strings.Repeat("1/s;", 64) + "1/s", 256, `ratelimit: bad notation: …"` + strings.Repeat("1/s;", 8) + `1/s" at byte 256 ("1/s"): want at most 64 limits`},
	}
	for _, tt := range tests {
		limits, err := ratelimit.ParseAll(tt.in)
		var wrong *ratelimit.NotationError
		if !errors.As(err, &wrong) || !errors.Is(err, ratelimit.ErrNotation) || limits != nil {
			t.Errorf("ParseAll(%.40q) = %v, %v, want a NotationError that matches ErrNotation", tt.in, limits, err)
			continue
		}
		if wrong.Offset != tt.offset || wrong.Text != tt.in {
			t.Errorf("ParseAll(%.40q) fails in %.40q at %d, want %d", tt.in, wrong.Text, wrong.Offset, tt.offset)
		}
		if err.Error() != tt.text {
			t.Errorf("ParseAll(%.40q) says\n%s, want\n%s", tt.in, err, tt.text)
		}
	}
	if limits, err := ratelimit.ParseAll(strings.Repeat("1/s;", 63) + "1/s"); len(limits) != 64 || err != nil {
		t.Errorf("ParseAll of 64 limits = %d of them, %v", len(limits), err)
	}
}

func TestMustParse(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, ratelimit.ErrNotation) {
			t.Errorf("MustParse panicked with %v, want a NotationError", err)
		}
	}()
	if got := ratelimit.MustParse("1/s"); got != sliding(1, time.Second) {
		t.Errorf("MustParse(1/s) = %v", got)
	}
	ratelimit.MustParse("1/ss")
}

func TestLimitText(t *testing.T) {
	type config struct{ Login ratelimit.Limit }
	var got config
	if err := json.Unmarshal([]byte(`{"Login": "5 per 2 min moving"}`), &got); err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(got); err != nil || string(text) != `{"Login":"5/2 minutes moving"}` {
		t.Errorf("Marshal = %s, %v", text, err)
	}
	was := got
	if err := json.Unmarshal([]byte(`{"Login": "5 per"}`), &got); !errors.Is(err, ratelimit.ErrNotation) || got != was {
		t.Errorf("Unmarshal of a bad limit = %v, %v, want ErrNotation and no change", got, err)
	}
	if text, err := json.Marshal(config{}); err == nil {
		t.Errorf("Marshal of no limit = %s, want an error", text)
	}
}

// TestStringIsRead is the round trip: of every valid limit, and of none that is
// not.
func TestStringIsRead(t *testing.T) {
	amounts := []int64{-1, 0, 1, 100, ratelimit.MaxLog, ratelimit.MaxLog + 1, ratelimit.MaxAmount, ratelimit.MaxAmount + 1}
	bursts := []int64{-1, 0, 1, 100, ratelimit.MaxAmount, ratelimit.MaxAmount + 1}
	periods := []time.Duration{
		-time.Second, 0, 1, time.Microsecond, ratelimit.MinPeriod, ratelimit.MinPeriod + 1, time.Second + time.Microsecond,
		time.Second, 90 * time.Second, time.Minute, 30 * day, 365 * day, ratelimit.LeaseLife, ratelimit.MaxPeriod, ratelimit.MaxPeriod + time.Second,
	}
	for strategy := ratelimit.SlidingWindow; strategy <= ratelimit.Concurrency+1; strategy++ {
		for _, amount := range amounts {
			for _, burst := range bursts {
				for _, period := range periods {
					checkRoundTrip(t, ratelimit.Limit{Strategy: strategy, Amount: amount, Burst: burst, Period: period})
				}
			}
		}
	}
}

func TestZeroLimitString(t *testing.T) {
	if got := (ratelimit.Limit{}).String(); got != "0/0s" {
		t.Errorf("Limit{}.String() = %q, want 0/0s", got)
	}
}

func checkRoundTrip(t *testing.T, l ratelimit.Limit) {
	t.Helper()
	got, err := ratelimit.Parse(l.String())
	if valid := l.Validate() == nil; valid && (err != nil || got != l) {
		t.Errorf("Parse(%q) = %+v, %v, want %+v", l, got, err, l)
	} else if !valid && err == nil {
		t.Errorf("Parse(%q) = %+v, want an error as for %+v", l, got, l)
	}
}

// TestScanIsLinear counts steps: ten per byte whatever the text.
func TestScanIsLinear(t *testing.T) {
	for _, hostile := range []string{
		"1" + strings.Repeat(" ", 400) + "per" + strings.Repeat(" ", 400) + "!",
		strings.Repeat("1", 1024),
		strings.Repeat(" ", 1024),
		strings.Repeat("a", 1024),
		"1/" + strings.Repeat("a", 1022),
		"1/" + strings.Repeat("1", 1022),
		"1/" + strings.Repeat("1.", 511),
		"1/" + strings.Repeat("1h", 511),
		"1 concurrent" + strings.Repeat("t", 1012),
		"1 concurrent for" + strings.Repeat("t", 1008),
		"1/s burst " + strings.Repeat("1", 1014),
		"1/s" + strings.Repeat(" gcra", 204),
		"1/s burst 1 gcra" + strings.Repeat("a", 1008),
		"1/s burst" + strings.Repeat(" burst 1", 126),
		strings.Repeat("1/s;", 256),
		strings.Repeat("1/s gcra burst 1;", 60),
		strings.Repeat(";", 1024),
	} {
		if steps := ratelimit.ScanSteps(hostile); steps > 10*len(hostile) {
			t.Errorf("ParseAll(%.30q), %d bytes, took %d steps, want at most %d", hostile, len(hostile), steps, 10*len(hostile))
		}
	}
}

func TestParseAllocations(t *testing.T) {
	for _, tt := range []struct {
		what string
		want float64
		do   func()
	}{
		{"Parse", 0, func() { _, _ = ratelimit.Parse("5 per 1h30m burst 10 gcra") }},
		{"ParseAll", 1, func() { _, _ = ratelimit.ParseAll("1/second; 100/minute; 1000/day fixed") }},
		{"String", 1, func() { _ = sliding(1, time.Minute).String() }},
	} {
		if got := testing.AllocsPerRun(100, tt.do); got > tt.want {
			t.Errorf("%s makes %g allocations, want %g", tt.what, got, tt.want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"100/minute", "5 per 1h30m burst 10 gcra"} {
		b.Run("limit="+strings.ReplaceAll(strings.ReplaceAll(text, "/", "per"), " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ratelimit.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
