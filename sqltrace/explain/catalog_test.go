package explain_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/sqltrace/explain"
)

func TestServes(t *testing.T) {
	tests := []struct {
		have, want string // columns; "-" before one is descending
		equal      int
		serves     bool
	}{
		{"a", "a", 1, true},
		{"a b", "a", 1, true},
		{"b a", "a", 1, false},
		{"b a", "a b", 2, true}, // the order of equalities is free
		{"a", "a b", 2, false},
		{"a b c", "b a c", 2, true},
		{"a -b", "a -b", 1, true},
		{"a b", "a -b", 1, true}, // read backwards
		{"-a b", "a -b", 0, true},
		{"a b", "a -b", 0, false},
		{"b a", "a b", 0, false},
	}
	for _, tt := range tests {
		if got := explain.Serves(columns(tt.have), columns(tt.want), tt.equal); got != tt.serves {
			t.Errorf("serves(%q, %q, %d) = %t, want %t", tt.have, tt.want, tt.equal, got, tt.serves)
		}
	}
}

func columns(text string) []explain.Column {
	var list []explain.Column
	for f := range strings.FieldsSeq(text) {
		name, descending := strings.CutPrefix(f, "-")
		list = append(list, explain.Column{Name: name, Descending: descending})
	}
	return list
}

// TestSQLiteCosts: the estimates, for 5,000 items of 500 owners.
func TestSQLiteCosts(t *testing.T) {
	db := openSQLite(t)
	db.exec(t, itemsLite...)
	tests := []struct {
		query         query
		before, after float64
	}{
		{query{`SELECT * FROM item WHERE owner_id = ?`, []any{5}}, 5000, 10},
		{query{`SELECT * FROM item ORDER BY made LIMIT 10`, nil}, 10_000, 10}, // read, and sorted
		{query{`SELECT o.name, (SELECT count(*) FROM item i WHERE i.owner_id = o.id) FROM owner o`, nil}, 500 + 500*5000, 500 + 500*10},
		{query{`SELECT id FROM item WHERE id = ? UNION ALL SELECT o.id FROM item JOIN owner o ON o.id = item.owner_id WHERE kind = ?`, []any{1, "kind 1"}}, 1 + 5000 + 1000, 1 + 1000 + 1000},
	}
	for _, tt := range tests {
		r := db.advise(t, explain.Config{}, tt.query)
		if len(r.Advice) == 0 || r.Advice[0].Before != tt.before || r.Advice[0].After != tt.after {
			t.Errorf("%s: %+v, want cost %v → %v", tt.query.sql, r.Advice, tt.before, tt.after)
		}
	}
}
