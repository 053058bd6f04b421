package ratelimit_test

import (
	"errors"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// FuzzParseAll compares with the grammar as regular expressions, and writes
// what was read and reads it again.
func FuzzParseAll(f *testing.F) {
	for _, seed := range []string{
		"100/minute", "5 per 2 minutes; 1/day", "1/second|2/hour,3/mo", "10/s burst 50", "10/s gcra burst 5",
		"20 concurrent for 90s", "20concurrent", "5/1h30m fixed", "5/.5s moving", "5/1500us sliding", "0/ms",
		"1000000001/s", "1000001/s moving", "5/3661 days", "5/s burst 0", "5/s fixed burst 3", "1/1.0000005s",
		"1/99999999999999999999 years", "1/second;", "1 per per second", "1/0 fortnight", "1/s\v\f\r\n", "10perhour", "0concurrentfor 90s",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ratelimit.ParseAll(text)
		want := slowParseAll(text)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Fatalf("ParseAll(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		var wrong *ratelimit.NotationError
		if err != nil && (!errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > len(text) || len(err.Error()) > 1000) {
			t.Errorf("ParseAll(%q) fails with %d bytes of %q, want a short NotationError", text, len(err.Error()), err)
		}
		for _, l := range got {
			if err := l.Validate(); err != nil {
				t.Errorf("ParseAll(%q) = %+v, which is not valid: %v", text, l, err)
			}
			checkRoundTrip(t, l)
		}
	})
}

// FuzzLimitString goes the other way.
func FuzzLimitString(f *testing.F) {
	f.Add(uint8(0), int64(100), int64(time.Minute), int64(0))
	f.Add(uint8(3), int64(10), int64(1500*time.Microsecond), int64(50))
	f.Add(uint8(4), int64(20), int64(ratelimit.LeaseLife), int64(0))
	f.Fuzz(func(t *testing.T, strategy uint8, amount, period, burst int64) {
		checkRoundTrip(t, ratelimit.Limit{
			Strategy: ratelimit.Strategy(strategy), Amount: amount, Period: time.Duration(period), Burst: burst,
		})
	})
}

var (
	slowSeparator = regexp.MustCompile(`[,;|]`)
	slowLimit     = regexp.MustCompile(`(?i)^[ \t-\r]*([0-9]+)[ \t-\r]*` +
		`(?:(/|per)[ \t-\r]*([0-9]+[ \t-\r]+[a-z]+|[0-9a-z.]+)|concurrent(?:[ \t-\r]+for(?:[ \t-\r]*([0-9]+[ \t-\r]+[a-z]+|[0-9][0-9a-z.]*|\.[0-9a-z.]+)|[ \t-\r]+([a-z]+)))?)` +
		`((?:[ \t-\r]*[a-z]+|[ \t-\r]*[0-9]+)*)[ \t-\r]*$`)
	slowUnits = regexp.MustCompile(`(?i)^([0-9]*)[ \t-\r]*(?:(ms)|(s|secs?|seconds?)|(m|mins?|minutes?)|(h|hrs?|hours?)|(d|days?)|(w|wks?|weeks?)|(mo|months?)|(y|yrs?|years?))$`)
	slowWords = regexp.MustCompile(`(?i)burst[ \t-\r]*[0-9]+|[a-z]+|[0-9]+`)
)

// slowParseAll returns nil for what is no list of limits.
func slowParseAll(text string) (limits []ratelimit.Limit) {
	if len(text) > 1024 {
		return nil
	}
	for _, element := range slowSeparator.Split(text, -1) {
		l, ok := slowParse(element)
		if !ok || len(limits) == 64 {
			return nil
		}
		limits = append(limits, l)
	}
	return limits
}

func slowParse(text string) (l ratelimit.Limit, ok bool) {
	m := slowLimit.FindStringSubmatch(text)
	if m == nil {
		return l, false
	}
	amount, _ := new(big.Int).SetString(m[1], 10)
	if !amount.IsInt64() {
		return l, false
	}
	l.Amount = amount.Int64()
	period := m[3]
	if m[2] == "" {
		l.Strategy, period = ratelimit.Concurrency, m[4]+m[5]
	}
	switch {
	case period == "":
		l.Period = ratelimit.LeaseLife
	default:
		if l.Period, ok = slowPeriod(period); !ok {
			return l, false
		}
	}
	named := l.Strategy == ratelimit.Concurrency
	for _, word := range slowWords.FindAllString(m[6], -1) {
		word = strings.ToLower(word)
		strategy := slices.Index([]string{"sliding", "fixed", "moving", "gcra"}, word)
		digits, isBurst := strings.CutPrefix(word, "burst")
		switch {
		case strategy >= 0 && !named:
			l.Strategy, named = ratelimit.Strategy(strategy), true
		case isBurst && l.Burst == 0:
			burst, ok := new(big.Int).SetString(strings.TrimLeft(digits, " \t\n\v\f\r"), 10)
			if !ok || !burst.IsInt64() || burst.Sign() == 0 {
				return l, false
			}
			l.Burst = burst.Int64()
		default:
			return l, false
		}
	}
	if l.Burst != 0 && !named {
		l.Strategy = ratelimit.GCRA
	}
	return l, l.Validate() == nil
}

func slowPeriod(text string) (time.Duration, bool) {
	m := slowUnits.FindStringSubmatch(text)
	if m == nil {
		d, err := time.ParseDuration(text)
		return d, err == nil
	}
	count := big.NewInt(1)
	if m[1] != "" {
		count.SetString(m[1], 10)
	}
	for i, unit := range []time.Duration{
		time.Millisecond, time.Second, time.Minute, time.Hour, day, 7 * day, 30 * day, 365 * day,
	} {
		if m[i+2] != "" {
			count.Mul(count, big.NewInt(int64(unit)))
		}
	}
	return time.Duration(count.Int64()), count.IsInt64()
}
