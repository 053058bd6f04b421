package ratelimit

import (
	"fmt"
	"strconv"
	"time"
)

// Bounds of what Parse and ParseAll read.
const (
	// maxNotation is in bytes. Not smaller: it holds maxLimits of the usual
	// length. Not larger: a list is read on each request where limits are
	// looked up by user.
	maxNotation = 1024
	// maxLimits is per list. Not smaller: nobody needs more than a few. Not
	// larger: every limit is a bucket to be charged.
	maxLimits = 64
)

// Parse reads one limit. An error is a [*NotationError]. It allocates only
// then; its cost is linear in the length of the text, which is at most 1 KiB.
//
// A limit is an amount, "/" or "per", and a period:
//
//	100/minute    5 per 2 minutes    20/90s    5/1h30m    1000/month
//
// The units are s, sec, second; m, min, minute; h, hr, hour; d, day; w, wk,
// week; mo, month, which is 30 days; y, yr, year, which is 365 days; ms; and
// the plurals of the words. A period that is none of them is read as
// [time.ParseDuration] does. Behind the period, in any order, may stand the
// strategy and the burst, which only [GCRA] has and which therefore implies it:
//
//	100/minute fixed    100/minute moving    10/second gcra    10/s burst 50
//
// What is held until it is released, with the life of a lease if it is not
// [LeaseLife]:
//
//	20 concurrent    20 concurrent for 2 minutes
//
// Letters are read in either case; white space is needed only where two words
// or two numbers meet.
func Parse(text string) (Limit, error) {
	s := scanner{text: text}
	l, err := s.limit()
	switch {
	case err != nil:
		return Limit{}, err
	case s.separator():
		return Limit{}, s.wrong(s.at-1, "want one limit, not a list")
	case !s.done():
		return Limit{}, s.wrong(s.at, "want the end of the limit")
	}
	return l, nil
}

// ParseAll reads a list of 1 to 64 limits, as [Parse] reads each, with ",",
// ";" or "|" between them. The order is kept.
func ParseAll(text string) ([]Limit, error) {
	s := scanner{text: text}
	limits := make([]Limit, 0, 4)
	for {
		l, err := s.limit()
		if err != nil {
			return nil, err
		}
		limits = append(limits, l)
		switch {
		case s.done():
			return limits, nil
		case !s.separator():
			return nil, s.wrong(s.at, `want the end of the limit, or ",", ";" or "|" and another`)
		case len(limits) == maxLimits:
			return nil, s.wrong(s.at, fmt.Sprintf("want at most %d limits", maxLimits))
		}
	}
}

// MustParse is Parse for limits in the program's text. It panics on an error.
func MustParse(text string) Limit {
	l, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return l
}

// String returns the limit in the notation that [Parse] reads, always in the
// same form, such as "100/minute", "5/2 minutes", "10/1.5s", "10/second burst
// 50" or "20 concurrent". Parse reads it as the same Limit, and refuses what
// String returns of one that is not valid.
func (l Limit) String() string {
	var buffer [64]byte
	text := strconv.AppendInt(buffer[:0], l.Amount, 10)
	if l.Strategy == Concurrency {
		text = append(text, " concurrent"...)
		if l.Period != LeaseLife {
			text = appendPeriod(append(text, " for "...), l.Period, "1 ")
		}
	} else {
		text = appendPeriod(append(text, '/'), l.Period, "")
	}
	if l.Burst != 0 {
		text = strconv.AppendInt(append(text, " burst "...), l.Burst, 10)
	}
	// The strategy is left out where it is implied.
	if l.Strategy != Concurrency && (l.Strategy != SlidingWindow || l.Burst != 0) && (l.Strategy != GCRA || l.Burst == 0) {
		text = append(append(text, ' '), l.Strategy.String()...)
	}
	return string(text)
}

// appendPeriod writes a period as a multiple of the largest unit that divides
// it. A month or a year is written in days, and a fraction of a second as Go
// does. one stands before a unit whose multiple is 1.
func appendPeriod(text []byte, period time.Duration, one string) []byte {
	for _, unit := range [...]struct {
		period time.Duration
		name   string
	}{{week, "week"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		switch {
		case period <= 0 || period%unit.period != 0:
		case period == unit.period:
			return append(append(text, one...), unit.name...)
		default:
			text = strconv.AppendInt(text, int64(period/unit.period), 10)
			return append(append(append(text, ' '), unit.name...), 's')
		}
	}
	return append(text, period.String()...)
}

// MarshalText returns what String does, or an error if the limit is not valid.
func (l Limit) MarshalText() ([]byte, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads what [Parse] does.
func (l *Limit) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}

// A NotationError says where and why a text is no notation of limits. It
// matches [ErrNotation].
type NotationError struct {
	Text   string // all of it
	Offset int    // the byte of Text where something else is wanted; len(Text) at its end
	Msg    string // what is wanted
}

// Error returns the message, with the text around the place: of a long text
// only that.
func (e *NotationError) Error() string {
	before, after := e.Text[:e.Offset], e.Text[e.Offset:]
	place := fmt.Sprintf("at byte %d (%s)", e.Offset, quoteStart(after))
	switch {
	case after == "":
		place = "at the end"
	case before == "":
		place = "at the start"
	}
	return fmt.Sprintf("%v: %s %s: %s", ErrNotation, quoteAround(before, after), place, e.Msg)
}

// Unwrap returns [ErrNotation].
func (e *NotationError) Unwrap() error { return ErrNotation }

// quoteBytes is how much of a text an error shows on either side of the place.
const quoteBytes = 32

func quoteStart(s string) string {
	if len(s) > quoteBytes {
		return strconv.QuoteToASCII(s[:quoteBytes]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

func quoteAround(before, after string) string {
	cut := ""
	if len(before) > quoteBytes {
		before, cut = before[len(before)-quoteBytes:], "…"
	}
	if len(after) > quoteBytes {
		return cut + strconv.QuoteToASCII(before+after[:quoteBytes]) + "…"
	}
	return cut + strconv.QuoteToASCII(before+after)
}

// The lengths of the units that package time has none for. A month of 30 days
// and a year of 365 are what such a limit means in nearly every system: no
// window follows the calendar. (Not 360 days: a yearly budget would begin anew
// before the year is over.)
const (
	day   = 24 * time.Hour
	week  = 7 * day
	month = 30 * day
	year  = 365 * day
)

// unitOf returns the length of a unit.
func unitOf(word string) (unit time.Duration, ok bool) {
	var lower [len("seconds")]byte
	if len(word) > len(lower) {
		return 0, false
	}
	for i := range len(word) {
		lower[i] = word[i]
		if 'A' <= word[i] && word[i] <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	switch string(lower[:len(word)]) {
	case "ms":
		return time.Millisecond, true
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute, true
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour, true
	case "d", "day", "days":
		return day, true
	case "w", "wk", "wks", "week", "weeks":
		return week, true
	case "mo", "month", "months":
		return month, true
	case "y", "yr", "yrs", "year", "years":
		return year, true
	}
	return 0, false
}
