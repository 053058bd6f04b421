package pginvalidate

import (
	"errors"
	"fmt"
	"strings"
)

// A tagTemplate is a tag with columns in it.
type tagTemplate []part

// A part is a text, or a quoted column.
type part struct{ text, column string }

// parseTemplate reads a tag such as "product:{id}".
func parseTemplate(s string) (tagTemplate, error) {
	if s == "" {
		return nil, errors.New("is empty, want a tag")
	}
	if err := checkText(s); err != nil {
		return nil, err
	}
	var t tagTemplate
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "{{"), strings.HasPrefix(s[i:], "}}"):
			text.WriteByte(s[i])
			i++
		case s[i] == '}':
			return nil, fmt.Errorf("%q: a '}' stands alone, want \"}}\" for a brace", s)
		case s[i] != '{':
			text.WriteByte(s[i])
		default:
			name, rest, err := cutName(s[i+1:])
			if err != nil {
				return nil, fmt.Errorf("%q: %w", s, err)
			}
			if !strings.HasPrefix(rest, "}") {
				return nil, fmt.Errorf("%q: want '}' after the column %s", s, quoteName(name))
			}
			t = append(t, part{text: text.String()}, part{column: quoteName(name)})
			text.Reset()
			i = len(s) - len(rest)
		}
	}
	return append(t, part{text: text.String()}), nil
}

// expression returns the tag of a row in SQL. column says how to write one.
func (t tagTemplate) expression(column func(string) string) string {
	var parts []string
	for _, p := range t {
		switch {
		case p.column != "":
			parts = append(parts, "coalesce("+column(p.column)+", '')")
		case p.text != "":
			parts = append(parts, quoteText(p.text))
		}
	}
	return strings.Join(parts, " || ")
}
