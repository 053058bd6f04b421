package sqlscan_test

import (
	"testing"

	"github.com/hone-go/hone/internal/sqlscan"
)

// one scans a text of a single token.
func one(t *testing.T, sql string, d sqlscan.Dialect) sqlscan.Token {
	t.Helper()
	tokens := sqlscan.Scan(sql, d)
	if len(tokens) != 1 {
		t.Fatalf("Scan(%q, %q) = %s, want one token", sql, d, describe(tokens))
	}
	return tokens[0]
}

func TestIs(t *testing.T) {
	tests := []struct {
		sql, word string
		want      bool
	}{
		{"select", "SELECT", true},
		{"SELECT", "select", true},
		{"selects", "SELECT", false},
		{"(", "(", true},
		{`"select"`, "SELECT", false},
		{`"select"`, `"SELECT"`, false},
		{"'('", "'('", false},
		{"$1", "$1", false},
	}
	for _, tt := range tests {
		k := one(t, tt.sql, sqlscan.Postgres)
		if got := k.Is(tt.word); got != tt.want {
			t.Errorf("%q.Is(%q) = %t, want %t", tt.sql, tt.word, got, tt.want)
		}
		if got := k.IsAny("nothing", tt.word); got != tt.want {
			t.Errorf("%q.IsAny(…, %q) = %t, want %t", tt.sql, tt.word, got, tt.want)
		}
	}
	if (sqlscan.Token{}).Is("") || one(t, "a", sqlscan.Postgres).IsAny() {
		t.Error("no token is a word, or a word is one of none")
	}
}

func TestName(t *testing.T) {
	tests := []struct {
		sql     string
		dialect sqlscan.Dialect
		want    string
	}{
		{"Orders", pg, "orders"},
		{`"Orders"`, pg, "Orders"},
		{`"Orders"`, lite, "orders"},
		{`"a""B"`, pg, `a"B`},
		{"`a``B`", my, "a`b"},
		{"[a]]B]", ms, "a]b"},
		{"[A]", lite, "a"},
		{`""`, pg, ""},
	}
	for _, tt := range tests {
		k := one(t, tt.sql, tt.dialect)
		if got := k.Name(tt.dialect); got != tt.want || !k.IsName() {
			t.Errorf("%s.Name(%q) = %q, IsName() = %t, want %q, true", tt.sql, tt.dialect, got, k.IsName(), tt.want)
		}
	}
}

func TestUnquoted(t *testing.T) {
	tests := []struct {
		sql     string
		dialect sqlscan.Dialect
		want    string
	}{
		{"'it''s'", pg, "it's"},
		{`E'it\'s'`, pg, `it\'s`},
		{"e'a'", pg, "a"},
		{`"it's"`, my, "it's"},
		{"$$a$b$$", pg, "a$b"},
		{"$x$a$$b$x$", pg, "a$$b"},
		{"$$$$", pg, ""},
		{"Orders", pg, "Orders"},
		{"$1", pg, "$1"},
		{"'open", pg, "'open"},
	}
	for _, tt := range tests {
		if got := one(t, tt.sql, tt.dialect).Unquoted(); got != tt.want {
			t.Errorf("%s.Unquoted() = %q, want %q", tt.sql, got, tt.want)
		}
	}
}
