package sqlscan

import (
	"strings"
	"unicode/utf8"
)

// Scan cuts sql into tokens, comments included. Only white space is between
// them, so the tokens and the gaps make up the text.
//
// Cost: linear in the length, some 20 ns a token; one allocation for most
// texts. Scan each text once, not each execution.
func Scan(sql string, d Dialect) []Token {
	s := scanner{sql: sql, rules: rulesOf(d)}
	tokens := make([]Token, 0, len(sql)/3+1) // real statements have a token each four bytes or so
	for s.pos < len(sql) {
		if isSpace(sql[s.pos]) {
			s.pos++
			continue
		}
		start := s.pos
		kind := s.next()
		tokens = append(tokens, Token{kind, start, sql[start:s.pos]})
	}
	return tokens
}

// Code is Scan without the comments.
func Code(sql string, d Dialect) []Token {
	all := Scan(sql, d)
	kept := all[:0]
	for _, t := range all {
		if t.Kind != Comment {
			kept = append(kept, t)
		}
	}
	return kept
}

type scanner struct {
	sql   string
	rules rules
	pos   int
}

// next moves pos over one token, by at least one byte, and returns its kind.
func (s *scanner) next() Kind {
	c, rest := s.sql[s.pos], s.sql[s.pos:]
	switch {
	case strings.HasPrefix(rest, "--"), c == '#' && s.rules.hashComment:
		return s.lineComment()
	case strings.HasPrefix(rest, "/*"):
		return s.blockComment()
	case c == '\'':
		return s.quoted('\'', String, s.rules.backslash)
	case (c == 'E' || c == 'e') && s.rules.escapeString && strings.HasPrefix(rest[1:], "'"):
		s.pos++
		return s.quoted('\'', String, true)
	case c == '"' && s.rules.doubleString:
		return s.quoted('"', String, s.rules.backslash)
	case c == '"', c == '`' && s.rules.backQuote:
		return s.quoted(c, Quoted, false)
	case c == '[' && s.rules.bracket:
		return s.quoted(']', Quoted, false)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return s.number()
	case isWordStart(c):
		s.skipWord()
		return Word
	case c == '$':
		return s.dollar()
	case c == '?' && s.rules.question:
		s.pos++
		s.skipDigits()
		return Param
	case (c == ':' || c == '@') && s.beginsParam():
		s.pos++
		s.skipWord()
		return Param
	}
	return s.symbol()
}

// beginsParam tells the placeholders :name and @name from the array slice
// a[1:n], the system variable @@name, and the absolute value of a call, @f(x).
func (s *scanner) beginsParam() bool {
	c, rest := s.sql[s.pos], s.sql[s.pos+1:]
	if c == ':' && !s.rules.colon || rest == "" || !isWordPart(rest[0]) {
		return false
	}
	if s.pos > 0 {
		if prev := s.sql[s.pos-1]; prev == c || prev == ']' || isWordPart(prev) {
			return false
		}
	}
	return !s.rules.atOperand || !isCall(rest)
}

// isCall reports whether s begins with a word and a parenthesis.
func isCall(s string) bool {
	w := scanner{sql: s}
	w.skipWord()
	for w.pos < len(s) && isSpace(s[w.pos]) {
		w.pos++
	}
	return w.pos < len(s) && s[w.pos] == '('
}

func (s *scanner) lineComment() Kind {
	ends := "\n"
	if s.rules.returnEnds {
		ends = "\r\n"
	}
	if i := strings.IndexAny(s.sql[s.pos:], ends); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.sql)
	}
	return Comment
}

func (s *scanner) blockComment() Kind {
	depth := 0
	for s.pos < len(s.sql) {
		rest := s.sql[s.pos:]
		switch {
		case strings.HasPrefix(rest, "/*") && (s.rules.nested || depth == 0):
			depth++
			s.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.pos += 2
			if depth == 0 {
				return Comment
			}
		default:
			s.pos++
		}
	}
	return Broken
}

// quoted moves past the closing quote; a doubled one stands for itself.
func (s *scanner) quoted(closing byte, kind Kind, backslash bool) Kind {
	doubles := closing != ']' || s.rules.doubleBracket
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		switch c := s.sql[s.pos]; {
		case c == '\\' && backslash:
			s.pos++
		case c == closing && doubles && s.pos+1 < len(s.sql) && s.sql[s.pos+1] == closing:
			s.pos++
		case c == closing:
			s.pos++
			return kind
		}
	}
	s.pos = len(s.sql)
	return Broken
}

// number reads digits and whatever word is glued to them: 0x1F, 1_000, 1e-5.
func (s *scanner) number() Kind {
	rest := s.sql[s.pos:]
	hex := len(rest) > 1 && rest[0] == '0' && rest[1]|0x20 == 'x' // 0x1e-5 is a difference
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		c := s.sql[s.pos]
		if isWordStart(c) || isDigit(c) || c == '.' {
			continue
		}
		if c != '+' && c != '-' || hex || s.sql[s.pos-1]|0x20 != 'e' {
			break
		}
		if before := s.sql[s.pos-2]; !isDigit(before) && before != '.' {
			break
		}
	}
	return Number
}

// dollar reads $1, $name, or a string between equal $tag$ marks.
func (s *scanner) dollar() Kind {
	start := s.pos
	s.pos++
	for s.pos < len(s.sql) && (isWordStart(s.sql[s.pos]) || isDigit(s.sql[s.pos])) {
		s.pos++
	}
	opensString := s.pos < len(s.sql) && s.sql[s.pos] == '$' && !isDigit(s.sql[start+1])
	if opensString && s.rules.dollarString {
		s.pos++
		tag := s.sql[start:s.pos]
		i := strings.Index(s.sql[s.pos:], tag)
		if i < 0 {
			s.pos = len(s.sql)
			return Broken
		}
		s.pos += i + len(tag)
		return String
	}
	if s.pos > start+1 {
		return Param
	}
	return Symbol
}

// punctuation are the symbols that begin no longer one.
const punctuation = "(),.;[]"

// symbols of more than one byte, each before what it begins with. They matter
// where a part of one means something else: ">=" is no "=", "<<" no "<", and
// "::" begins no placeholder.
var symbols = [...]string{
	"<=>", "<<=", ">>=", "->>", "#>>", "!~*",
	"<=", ">=", "<>", "!=", "==", "=>", ":=", "::", "<<", ">>", "->", "#>", "||", "&&", "@>", "<@", "@@", "!~", "~~", "~*",
	"|=", "^=", "*=", "+=", "-=", "/=",
}

func (s *scanner) symbol() Kind {
	rest := s.sql[s.pos:]
	if strings.IndexByte(punctuation, rest[0]) >= 0 {
		s.pos++
		return Symbol
	}
	for _, op := range symbols {
		if strings.HasPrefix(rest, op) {
			s.pos += len(op)
			return Symbol
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	s.pos += size
	return Symbol
}

func (s *scanner) skipWord() {
	for s.pos < len(s.sql) && isWordPart(s.sql[s.pos]) {
		s.pos++
	}
}

func (s *scanner) skipDigits() {
	for s.pos < len(s.sql) && isDigit(s.sql[s.pos]) {
		s.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func isWordPart(c byte) bool { return isWordStart(c) || isDigit(c) || c == '$' }
