package ratelimit

import (
	"fmt"
	"strings"
	"time"
)

// A scanner reads limits from a text, from left to right: it never goes back
// further than the word that it has just read, and reads none of them more than
// twice.
type scanner struct {
	text  string
	at    int // the next byte
	steps int // calls of peek, for the test that the cost is linear
}

// limit reads one limit and the white space on both sides of it.
func (s *scanner) limit() (l Limit, err error) {
	if len(s.text) > maxNotation {
		return l, s.wrong(maxNotation, fmt.Sprintf("want at most %d bytes", maxNotation))
	}
	s.space()
	start := s.at
	if l.Amount, err = s.number("an amount", 0); err != nil {
		return l, err
	}
	s.space()
	switch {
	case s.byte('/') || s.per():
		if l.Period, err = s.period(); err == nil {
			err = s.options(&l)
		}
	case s.word("concurrent"):
		l.Strategy, l.Period = Concurrency, LeaseLife
		s.space()
		if s.word("for") {
			l.Period, err = s.period()
		}
	default:
		err = s.wrong(s.at, `want "/", "per" or "concurrent" behind the amount`)
	}
	if err != nil {
		return l, err
	}
	// What each number may be is known here, what they may be together there.
	if err := l.Validate(); err != nil {
		return l, s.wrong(start, strings.TrimPrefix(err.Error(), "ratelimit: "))
	}
	s.space()
	return l, nil
}

// period reads a unit, a multiple of one or a duration.
func (s *scanner) period() (time.Duration, error) {
	s.space()
	start := s.at
	run := s.run(isPeriodByte)
	unit := strings.TrimLeft(run, "0123456789")
	count := run[:len(run)-len(unit)]
	if unit == "" { // nothing, or "5" as in "5 minutes"
		s.space()
		unit = s.run(isLetter)
	}
	length, known := unitOf(unit)
	switch {
	case known && count != "":
		// A multiple that overflows is out of bounds as well.
		length *= time.Duration(min(atoi(count), int64(MaxPeriod/length)+1))
	case known:
	case unit == "":
		return 0, s.wrong(s.at, `want a period such as "minute", "5 minutes" or "1h30m"`)
	default:
		var err error
		if length, err = time.ParseDuration(run); err != nil {
			return 0, s.wrong(start, `want a period such as "minute", "5 minutes" or "1h30m", with units that Parse knows`)
		}
	}
	switch {
	case length < MinPeriod || length > MaxPeriod:
		return 0, s.wrong(start, fmt.Sprintf("want a period of %s to %d days", MinPeriod, MaxPeriod/day))
	case length%time.Microsecond != 0:
		return 0, s.wrong(start, "want a period of whole microseconds")
	}
	return length, nil
}

// options reads what may stand behind a period: the strategy and the burst,
// each at most once.
func (s *scanner) options(l *Limit) (err error) {
	for named := false; ; {
		s.space()
		start := s.at
		word := s.run(isLetter)
		strategy, ok := strategyOf(word)
		switch {
		case !named && ok:
			l.Strategy, named = strategy, true
		case l.Burst == 0 && strings.EqualFold(word, "burst"):
			s.space()
			if l.Burst, err = s.number("a burst", 1); err != nil {
				return err
			}
		default:
			s.at = start
			if l.Burst != 0 && !named {
				l.Strategy = GCRA
			}
			return nil
		}
	}
}

// strategyOf returns the strategy with a period that a word names.
func strategyOf(word string) (Strategy, bool) {
	for strategy := SlidingWindow; strategy <= GCRA; strategy++ {
		if strings.EqualFold(word, strategy.String()) {
			return strategy, true
		}
	}
	return 0, false
}

// number reads a number of what is named, from least to MaxAmount.
func (s *scanner) number(what string, least int64) (int64, error) {
	start := s.at
	digits := s.run(isDigit)
	if n := atoi(digits); digits != "" && n >= least && n <= MaxAmount {
		return n, nil
	}
	return 0, s.wrong(start, fmt.Sprintf("want %s of %d to %d", what, least, MaxAmount))
}

// word reads a word, in whatever case, and nothing if another stands there.
func (s *scanner) word(want string) bool {
	start := s.at
	if strings.EqualFold(s.run(isLetter), want) {
		return true
	}
	s.at = start
	return false
}

// per reads "per", also in front of a word: "10perhour".
func (s *scanner) per() bool {
	if end := s.at + len("per"); end <= len(s.text) && strings.EqualFold(s.text[s.at:end], "per") {
		s.at = end
		return true
	}
	return false
}

// separator reads what stands between the limits of a list.
func (s *scanner) separator() bool { return s.byte(',') || s.byte(';') || s.byte('|') }

func (s *scanner) byte(want byte) bool {
	if s.done() || s.peek() != want {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() { s.run(isSpace) }

// run reads the bytes of a kind.
func (s *scanner) run(kind func(byte) bool) string {
	start := s.at
	for !s.done() && kind(s.peek()) {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *scanner) done() bool { return s.at == len(s.text) }

func (s *scanner) peek() byte {
	s.steps++
	return s.text[s.at]
}

func (s *scanner) wrong(offset int, msg string) error {
	return &NotationError{Text: s.text, Offset: offset, Msg: msg}
}

func isSpace(c byte) bool      { return c == ' ' || '\t' <= c && c <= '\r' }
func isDigit(c byte) bool      { return '0' <= c && c <= '9' }
func isLetter(c byte) bool     { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isPeriodByte(c byte) bool { return isDigit(c) || isLetter(c) || c == '.' }

// atoi returns the value of digits, or one that is out of every bound.
func atoi(digits string) int64 {
	n := int64(0)
	for i := range len(digits) {
		n = min(n*10+int64(digits[i]-'0'), MaxAmount+int64(MaxPeriod))
	}
	return n
}
