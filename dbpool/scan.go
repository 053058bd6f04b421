package dbpool

import "strings"

// tokenKind tells the tokens of PostgreSQL's SQL apart as far as the lint needs.
type tokenKind uint8

const (
	word   tokenKind = iota + 1 // keyword or bare identifier
	quoted                      // "identifier"
	text                        // string literal of any kind
	symbol                      // anything else, one byte each
)

type token struct {
	kind tokenKind
	text string // a word in lower case; of a string, what is between the quotes
}

func (t token) is(s string) bool {
	return (t.kind == word || t.kind == symbol) && t.text == s
}

// scan cuts PostgreSQL's SQL into tokens, without white space and comments. A
// quote or comment that never ends reaches to the end of the text.
func scan(sql string) []token {
	var tokens []token
	for i := 0; i < len(sql); {
		n, t := next(sql[i:])
		if t.kind != 0 {
			tokens = append(tokens, t)
		}
		i += n
	}
	return tokens
}

// next reads what s, which is not empty, begins with, and returns its length.
// The kind is 0 for what is no token.
func next(s string) (int, token) {
	switch c := s[0]; {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		return 1, token{}
	case strings.HasPrefix(s, "--"):
		if i := strings.IndexAny(s, "\r\n"); i >= 0 {
			return i, token{}
		}
		return len(s), token{}
	case strings.HasPrefix(s, "/*"):
		return comment(s), token{}
	case c == '\'':
		n, body := quotedText(s, '\'', false)
		return n, token{text, body}
	case c == '"':
		n, body := quotedText(s, '"', false)
		return n, token{quoted, body}
	case c == '$':
		if n, body, ok := dollar(s); ok {
			return n, token{text, body}
		}
		return 1, token{symbol, "$"}
	case (c == 'e' || c == 'E') && len(s) > 1 && s[1] == '\'':
		n, body := quotedText(s[1:], '\'', true)
		return n + 1, token{text, body}
	case wordByte(c):
		n := 1
		for n < len(s) && (wordByte(s[n]) || s[n] == '$') {
			n++
		}
		return n, token{word, strings.ToLower(s[:n])}
	default:
		return 1, token{symbol, s[:1]}
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// comment returns the length of the comment that s begins with; they nest.
func comment(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// quotedText returns the length of the quoted text that s begins with, and what is
// between the quotes. A doubled quote does not end it, nor, with escapes, one
// after a backslash.
func quotedText(s string, mark byte, escapes bool) (int, string) {
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == mark && i+1 < len(s) && s[i+1] == mark:
			i++
		case s[i] == mark:
			return i + 1, s[1:i]
		}
	}
	return len(s), s[1:]
}

// dollar reads $tag$ … $tag$. It is not one if s is a parameter such as $1.
func dollar(s string) (int, string, bool) {
	end := 1
	for end < len(s) && wordByte(s[end]) {
		end++
	}
	if end == len(s) || s[end] != '$' || s[1] >= '0' && s[1] <= '9' {
		return 0, "", false
	}
	tag := s[:end+1]
	body, _, ended := strings.Cut(s[len(tag):], tag)
	n := len(tag) + len(body)
	if ended {
		n += len(tag)
	}
	return n, body, true
}
