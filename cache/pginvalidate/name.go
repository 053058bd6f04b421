package pginvalidate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxName is the length of PostgreSQL's longest identifier in bytes. It cuts
// longer ones without an error, and two could become one.
const maxName = 63

// parseName splits a name as SQL writes it, such as shop."Odd name", into its
// parts. What is not quoted is folded to lower case, as PostgreSQL does.
func parseName(s string) ([]string, error) {
	if err := checkText(s); err != nil {
		return nil, err
	}
	var names []string
	for rest := s; ; {
		name, after, err := cutName(rest)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		names = append(names, name)
		if after == "" {
			return names, nil
		}
		if after[0] != '.' {
			return nil, fmt.Errorf("%q: want a dot between names", s)
		}
		rest = after[1:]
	}
}

// cutName reads one identifier off the front of s.
func cutName(s string) (name, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		name, rest, err = cutQuoted(s[1:])
	} else {
		end := strings.IndexFunc(s, func(r rune) bool { return !nameRune(r) })
		if end < 0 {
			end = len(s)
		}
		name, rest = lowerASCII(s[:end]), s[end:]
		if name != "" && name[0] >= '0' && name[0] <= '9' || strings.HasPrefix(name, "$") {
			return "", "", errors.New("a name begins with a letter or '_', or is in double quotes")
		}
	}
	switch {
	case err != nil:
		return "", "", err
	case name == "":
		return "", "", errors.New("want a name of letters, digits and '_', or one in double quotes")
	case len(name) > maxName:
		return "", "", fmt.Errorf("a name has %d bytes, want at most %d", len(name), maxName)
	}
	return name, rest, nil
}

// cutQuoted reads an identifier up to its closing quote; two stand for one.
func cutQuoted(s string) (name, rest string, err error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `"`)
		if !found {
			return "", "", errors.New("a double quote is not closed")
		}
		b.WriteString(before)
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, nil
		}
		b.WriteByte('"')
		s = after[1:]
	}
}

func nameRune(r rune) bool {
	return r == '_' || r == '$' || r >= '0' && r <= '9' || unicode.IsLetter(r)
}

// lowerASCII folds as PostgreSQL does in a multi-byte encoding: ASCII only.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// parseColumn returns a column's name, quoted.
func parseColumn(s string) (string, error) {
	names, err := parseName(s)
	if err == nil && len(names) != 1 {
		err = fmt.Errorf("%q has a dot, want the name of a column", s)
	}
	if err != nil {
		return "", err
	}
	return quoteName(names[0]), nil
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// quoteText returns a literal that means s whatever standard_conforming_strings
// is in the session that runs it.
func quoteText(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// plainName reports whether s needs no quoting anywhere.
func plainName(s string, longest int) bool {
	return s != "" && len(s) <= longest && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// functionPrefix begins the names of the trigger functions: what has it in our
// schema is ours.
const functionPrefix = "invalidate_"

// functionName returns the plain name of the function of a table's triggers:
// readable, and made unique by a hash.
func functionName(schema, table string) string {
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, lowerASCII(schema+"_"+table))
	sum := sha256.Sum256([]byte(quoteName(schema) + "." + quoteName(table)))
	return functionPrefix + readable[:min(len(readable), 30)] + "_" + hex.EncodeToString(sum[:6])
}
