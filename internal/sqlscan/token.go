package sqlscan

import "strings"

// Kind is what a token is.
type Kind uint8

// The kinds. The zero value is no token.
const (
	Word    Kind = iota + 1 // keyword or bare identifier
	Quoted                  // quoted identifier
	String                  // string literal
	Number                  // number literal
	Param                   // placeholder
	Symbol                  // operator or punctuation
	Comment                 // comment, without the line's end
	Broken                  // a quote or comment that never ends, up to the end of the text
)

// A Token is a piece of a statement. It shares the statement's memory.
type Token struct {
	Kind  Kind
	Start int    // where it begins in the statement, in bytes
	Text  string // as written, with its quotes; never empty
}

// End returns where the token ends in the statement, in bytes.
func (t Token) End() int { return t.Start + len(t.Text) }

// Is reports whether the token is the keyword or symbol s, in either case. A
// quoted name is no keyword.
func (t Token) Is(s string) bool {
	return (t.Kind == Word || t.Kind == Symbol) && strings.EqualFold(t.Text, s)
}

// IsAny reports whether the token is one of the keywords or symbols.
func (t Token) IsAny(words ...string) bool {
	for _, w := range words {
		if t.Is(w) {
			return true
		}
	}
	return false
}

// IsLiteral reports whether the token is a value written into the text.
func (t Token) IsLiteral() bool { return t.Kind == String || t.Kind == Number }

// IsName reports whether the token can name a table or a column. Keywords can.
func (t Token) IsName() bool { return t.Kind == Word || t.Kind == Quoted }

// Name returns an identifier as the database compares it: without its quotes,
// and in lower case, except that PostgreSQL minds the case of quoted names.
func (t Token) Name(d Dialect) string {
	if t.Kind == Quoted && d == Postgres {
		return t.Unquoted()
	}
	return strings.ToLower(t.Unquoted())
}

// Unquoted returns what is between the quotes of a quoted identifier or a
// string, and the text of any other token. A doubled quote counts once;
// backslashes stay as written.
func (t Token) Unquoted() string {
	if t.Kind != Quoted && t.Kind != String {
		return t.Text
	}
	text := t.Text
	switch text[0] {
	case '$':
		tag := strings.IndexByte(text[1:], '$') + len("$$")
		return text[tag : len(text)-tag]
	case 'E', 'e':
		text = text[1:]
	}
	closing := text[len(text)-1:]
	return strings.ReplaceAll(text[1:len(text)-1], closing+closing, closing)
}
