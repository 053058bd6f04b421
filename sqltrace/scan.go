package sqltrace

import (
	"strings"
	"unicode/utf8"
)

// go-sqllexer makes the fingerprints, but a statement to be rewritten needs
// more: the place of every token, placeholders told from operators in each
// dialect, and no guess where a text is ambiguous. So the rewriter has a
// scanner of its own.

type tokenKind uint8

const (
	tokenWord    tokenKind = iota + 1 // keyword or bare identifier
	tokenQuoted                       // quoted identifier
	tokenString                       // string literal
	tokenNumber                       // number literal
	tokenParam                        // placeholder
	tokenSymbol                       // operator or punctuation
	tokenComment                      // comment, left out unless asked for
	tokenBroken                       // a quote or comment that never ends
)

// token is text[start:end] of the statement it came from.
type token struct {
	kind       tokenKind
	start, end int
	text       string
}

// is reports whether the token is the keyword or symbol s, given in capitals.
func (k token) is(s string) bool {
	return (k.kind == tokenWord || k.kind == tokenSymbol) && strings.EqualFold(k.text, s)
}

func (k token) isAny(words ...string) bool {
	for _, w := range words {
		if k.is(w) {
			return true
		}
	}
	return false
}

func (k token) isLiteral() bool { return k.kind == tokenString || k.kind == tokenNumber }

// scan cuts sql into tokens, without white space.
func scan(sql string, d Dialect) []token {
	s := scanner{sql: sql, dialect: d}
	tokens := make([]token, 0, len(sql)/4+1)
	for s.pos < len(sql) {
		if isSpace(sql[s.pos]) {
			s.pos++
			continue
		}
		start := s.pos
		kind := s.next()
		tokens = append(tokens, token{kind, start, s.pos, sql[start:s.pos]})
	}
	return tokens
}

// code returns the tokens of sql that are not comments.
func code(sql string, d Dialect) []token {
	all := scan(sql, d)
	kept := all[:0]
	for _, k := range all {
		if k.kind != tokenComment {
			kept = append(kept, k)
		}
	}
	return kept
}

type scanner struct {
	sql     string
	dialect Dialect
	pos     int
}

// next moves pos over one token, by at least one byte, and returns its kind.
func (s *scanner) next() tokenKind {
	c, rest := s.sql[s.pos], s.sql[s.pos:]
	switch {
	case strings.HasPrefix(rest, "--"), c == '#' && s.dialect == MySQL:
		return s.lineComment()
	case strings.HasPrefix(rest, "/*"):
		return s.blockComment()
	case c == '\'':
		return s.quoted('\'', tokenString, s.dialect == MySQL || s.afterE())
	case c == '"' && s.dialect == MySQL:
		return s.quoted('"', tokenString, true)
	case c == '"', c == '`':
		return s.quoted(c, tokenQuoted, false)
	case c == '[' && (s.dialect == SQLServer || s.dialect == SQLite):
		return s.quoted(']', tokenQuoted, false)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return s.number()
	case isWordStart(c):
		s.pos++
		s.skipWord()
		return tokenWord
	case c == '$':
		return s.dollar()
	case c == '?' && s.dialect != Postgres: // there it is an operator of jsonb
		s.pos++
		s.skipDigits()
		return tokenParam
	case (c == ':' || c == '@') && len(rest) > 1 && isWordPart(rest[1]) && s.startsParam():
		s.pos++
		s.skipWord()
		return tokenParam
	}
	return s.symbol()
}

// startsParam tells the placeholders :name and @name from the array slice
// a[1:n] and the system variable @@name.
func (s *scanner) startsParam() bool {
	c := s.sql[s.pos]
	if c == ':' && s.dialect == Postgres {
		return false
	}
	if s.pos == 0 {
		return true
	}
	prev := s.sql[s.pos-1]
	return prev != c && prev != ']' && !isWordPart(prev)
}

// afterE reports whether a quote opens PostgreSQL's E'…', where a backslash
// escapes.
func (s *scanner) afterE() bool {
	if s.dialect != Postgres && s.dialect != Unknown || s.pos == 0 {
		return false
	}
	if c := s.sql[s.pos-1]; c != 'E' && c != 'e' {
		return false
	}
	return s.pos == 1 || !isWordPart(s.sql[s.pos-2])
}

func (s *scanner) lineComment() tokenKind {
	if i := strings.IndexByte(s.sql[s.pos:], '\n'); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.sql)
	}
	return tokenComment
}

func (s *scanner) blockComment() tokenKind {
	nests := s.dialect == Postgres || s.dialect == SQLServer
	depth := 0
	for s.pos < len(s.sql) {
		rest := s.sql[s.pos:]
		switch {
		case strings.HasPrefix(rest, "/*") && (nests || depth == 0):
			depth++
			s.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.pos += 2
			if depth == 0 {
				return tokenComment
			}
		default:
			s.pos++
		}
	}
	return tokenBroken
}

// quoted moves past the closing quote; a doubled one stands for itself.
func (s *scanner) quoted(closing byte, kind tokenKind, backslash bool) tokenKind {
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		switch c := s.sql[s.pos]; {
		case c == '\\' && backslash:
			s.pos++
		case c == closing && s.pos+1 < len(s.sql) && s.sql[s.pos+1] == closing:
			s.pos++
		case c == closing:
			s.pos++
			return kind
		}
	}
	s.pos = len(s.sql)
	return tokenBroken
}

func (s *scanner) number() tokenKind {
	for s.pos < len(s.sql) {
		c := s.sql[s.pos]
		exponent := (c == '+' || c == '-') && (s.sql[s.pos-1]|0x20) == 'e' && isDigit(s.sql[s.pos-2])
		if !isWordPart(c) && c != '.' && !exponent {
			break
		}
		s.pos++
	}
	return tokenNumber
}

// dollar reads $1, $name, or a string between equal $tag$ marks.
func (s *scanner) dollar() tokenKind {
	start := s.pos
	s.pos++
	for s.pos < len(s.sql) && isWordPart(s.sql[s.pos]) && s.sql[s.pos] != '$' {
		s.pos++
	}
	opensString := s.pos < len(s.sql) && s.sql[s.pos] == '$' && (s.pos == start+1 || !isDigit(s.sql[start+1]))
	if opensString && (s.dialect == Postgres || s.dialect == Unknown) {
		s.pos++
		tag := s.sql[start:s.pos]
		i := strings.Index(s.sql[s.pos:], tag)
		if i < 0 {
			s.pos = len(s.sql)
			return tokenBroken
		}
		s.pos += i + len(tag)
		return tokenString
	}
	if s.pos > start+1 {
		return tokenParam
	}
	return tokenSymbol
}

// symbols of more than one byte, longest first. They matter where a prefix of
// one means something else: ">=" is no "=", and "::" starts no placeholder.
var symbols = [...]string{
	"<=>", "->>", "#>>", "<=", ">=", "<>", "!=", "==", "::", ":=", "=>", "->", "||", "#>", "@>", "<@", "@@", "&&", "!~", "~*", "|=", "^=", "*=", "+=", "-=", "/=",
}

func (s *scanner) symbol() tokenKind {
	rest := s.sql[s.pos:]
	for _, op := range symbols {
		if strings.HasPrefix(rest, op) {
			s.pos += len(op)
			return tokenSymbol
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	s.pos += size
	return tokenSymbol
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
