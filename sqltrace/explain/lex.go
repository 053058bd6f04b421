package explain

import (
	"strings"
	"unicode/utf8"

	"github.com/hone-go/hone/sqltrace"
)

type tokenKind uint8

const (
	tokenWord   tokenKind = iota + 1 // keyword or bare identifier
	tokenQuoted                      // quoted identifier, its text without the quotes
	tokenString                      // string literal
	tokenNumber                      // number literal
	tokenParam                       // placeholder
	tokenSymbol                      // operator or punctuation
	tokenBroken                      // a quote or comment that never ends
)

type token struct {
	kind tokenKind
	text string
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

// isName reports whether the token can name a table or a column.
func (k token) isName() bool { return k.kind == tokenWord || k.kind == tokenQuoted }

// name returns the identifier as the database compares it. SQLite compares
// all names without regard to case, PostgreSQL the quoted ones with it.
func (k token) name(d sqltrace.Dialect) string {
	if k.kind == tokenQuoted && d == sqltrace.Postgres {
		return k.text
	}
	return strings.ToLower(k.text)
}

// lex cuts sql into tokens without comments and white space. Where it is wrong
// about the end of a literal, a second statement could hide: so it follows the
// lexical rules of the dialect, and what does not end is tokenBroken.
//
// https://www.postgresql.org/docs/current/sql-syntax-lexical.html
// https://www.sqlite.org/lang.html
func lex(sql string, d sqltrace.Dialect) []token {
	l := lexer{sql: sql, postgres: d == sqltrace.Postgres}
	tokens := make([]token, 0, len(sql)/4+1)
	for l.pos < len(sql) {
		start := l.pos
		kind := l.next()
		text := sql[start:l.pos]
		switch {
		case kind == 0: // space or comment
			continue
		case kind == tokenQuoted:
			closing := text[len(text)-1:]
			text = strings.ReplaceAll(text[1:len(text)-1], closing+closing, closing)
		}
		tokens = append(tokens, token{kind, text})
	}
	return tokens
}

type lexer struct {
	sql      string
	pos      int
	postgres bool
}

// next moves over one token, by at least one byte. It returns 0 for what is
// none.
func (l *lexer) next() tokenKind {
	c, rest := l.sql[l.pos], l.sql[l.pos:]
	switch {
	case c == ' ' || c >= '\t' && c <= '\r':
		l.pos++
		return 0
	case strings.HasPrefix(rest, "--"):
		return l.lineComment()
	case strings.HasPrefix(rest, "/*"):
		return l.blockComment()
	case c == '\'':
		return l.quoted('\'', tokenString, false)
	case (c == 'e' || c == 'E') && l.postgres && strings.HasPrefix(rest[1:], "'"):
		l.pos++
		return l.quoted('\'', tokenString, true)
	case c == '"', c == '`' && !l.postgres:
		return l.quoted(c, tokenQuoted, false)
	case c == '[' && !l.postgres:
		return l.quoted(']', tokenQuoted, false)
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return l.number()
	case isWord(c):
		l.skipWord()
		return tokenWord
	case c == '$':
		return l.dollar()
	case c == '?' && !l.postgres, (c == ':' || c == '@') && !l.postgres && len(rest) > 1 && isWord(rest[1]):
		l.pos++
		l.skipWord()
		return tokenParam
	}
	return l.symbol()
}

func (l *lexer) lineComment() tokenKind {
	i := strings.IndexAny(l.sql[l.pos:], "\r\n")
	if !l.postgres {
		i = strings.IndexByte(l.sql[l.pos:], '\n')
	}
	if i < 0 {
		i = len(l.sql) - l.pos
	}
	l.pos += i
	return 0
}

// blockComment moves over a comment; PostgreSQL's nest.
func (l *lexer) blockComment() tokenKind {
	depth := 0
	for l.pos < len(l.sql) {
		rest := l.sql[l.pos:]
		switch {
		case strings.HasPrefix(rest, "/*") && (l.postgres || depth == 0):
			depth++
			l.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			l.pos += 2
			if depth == 0 {
				return 0
			}
		default:
			l.pos++
		}
	}
	return tokenBroken
}

// quoted moves past the closing quote; a doubled one stands for itself.
func (l *lexer) quoted(closing byte, kind tokenKind, backslash bool) tokenKind {
	for l.pos++; l.pos < len(l.sql); l.pos++ {
		switch c := l.sql[l.pos]; {
		case c == '\\' && backslash:
			l.pos++
		case c == closing && l.pos+1 < len(l.sql) && l.sql[l.pos+1] == closing && closing != ']':
			l.pos++
		case c == closing:
			l.pos++
			return kind
		}
	}
	l.pos = len(l.sql)
	return tokenBroken
}

func (l *lexer) number() tokenKind {
	start := l.pos
	for l.pos < len(l.sql) {
		c := l.sql[l.pos]
		exponent := l.pos > start && (c == '+' || c == '-') && l.sql[l.pos-1]|0x20 == 'e'
		if !isWord(c) && !isDigit(c) && c != '.' && !exponent {
			break
		}
		l.pos++
	}
	return tokenNumber
}

// dollar reads $1, $name, or PostgreSQL's string between equal $tag$ marks.
func (l *lexer) dollar() tokenKind {
	start := l.pos
	for l.pos++; l.pos < len(l.sql) && (isWord(l.sql[l.pos]) || isDigit(l.sql[l.pos])); l.pos++ {
	}
	digits := start+1 < len(l.sql) && isDigit(l.sql[start+1])
	if l.postgres && !digits && l.pos < len(l.sql) && l.sql[l.pos] == '$' {
		l.pos++
		tag := l.sql[start:l.pos]
		i := strings.Index(l.sql[l.pos:], tag)
		if i < 0 {
			l.pos = len(l.sql)
			return tokenBroken
		}
		l.pos += i + len(tag)
		return tokenString
	}
	if l.pos > start+1 {
		return tokenParam
	}
	return tokenSymbol
}

// symbols of more than one byte, longest first, so that ">=" is no "=".
var symbols = [...]string{"->>", "#>>", "!~*", "<=", ">=", "<>", "!=", "==", "::", "->", "#>", "||", "@>", "<@", "@@", "&&", "!~", "~~", "~*"}

func (l *lexer) symbol() tokenKind {
	rest := l.sql[l.pos:]
	for _, op := range symbols {
		if strings.HasPrefix(rest, op) {
			l.pos += len(op)
			return tokenSymbol
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	l.pos += size
	return tokenSymbol
}

func (l *lexer) skipWord() {
	for l.pos < len(l.sql) && (isWord(l.sql[l.pos]) || isDigit(l.sql[l.pos]) || l.sql[l.pos] == '$') {
		l.pos++
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}
