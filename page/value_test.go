package page_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hone-go/hone/page"
)

type (
	orderID int64
	status  string
	broken  struct{}
)

func (broken) Value() (driver.Value, error) { return nil, errors.New("no value today") }

// TestValuesKeepTheirTypes sends each value through a cursor and looks at the
// argument that comes out.
func TestValuesKeepTheirTypes(t *testing.T) {
	k := newKeyset(t, page.Sort{
		Columns: []page.Column{{Name: "v", Nulls: page.NullsLast}, {Name: "id", Nulls: page.NotNull}},
		Unique:  []string{"id"},
	}, page.KeysetConfig{})
	text := "pointed at"
	oslo := time.FixedZone("Oslo", 3600)
	moment := time.Date(2026, 3, 1, 12, 30, 0, 123_456_789, oslo)
	tests := []struct{ in, want any }{
		{int64(math.MaxInt64), int64(math.MaxInt64)},
		{int64(math.MinInt64), int64(math.MinInt64)},
		{int64(1<<53 + 1), int64(1<<53 + 1)}, // no JSON number on the way
		{orderID(7), int64(7)},
		{uint8(200), int64(200)},
		{uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{0.1, 0.1},
		{math.Inf(-1), math.Inf(-1)},
		{true, true},
		{false, false},
		{"", ""},
		{"Blåbær \x00 '; --", "Blåbær \x00 '; --"},
		{"12345678901234567890.1234", "12345678901234567890.1234"},
		{status("open"), "open"},
		{[]byte{0, 255}, []byte{0, 255}},
		{[]byte{}, []byte{}},
		{moment, moment.UTC()},
		{time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)},
		{time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
		{&text, "pointed at"},
		{sql.NullInt64{Int64: 5, Valid: true}, int64(5)},
		{sql.NullTime{Time: moment, Valid: true}, moment.UTC()},
		{pgtype.UUID{Bytes: [16]byte{15: 9}, Valid: true}, "00000000-0000-0000-0000-000000000009"},
		{[16]byte{0: 0xab, 15: 9}, "ab000000-0000-0000-0000-000000000009"},
		{nil, nil},
		{(*string)(nil), nil},
		{(*sql.NullInt64)(nil), nil},
		{sql.NullString{}, nil},
		{[]byte(nil), nil},
	}
	for _, tt := range tests {
		cursor := cursorAfter(t, k, "sort=v", map[string]any{"v": tt.in, "id": 1})
		r, err := k.Parse(withCursor(t, "sort=v", cursor))
		if err != nil {
			t.Errorf("%#v: %v", tt.in, err)
			continue
		}
		args := r.Clauses(0).Args
		want := []any{tt.want, int64(1), 21}
		if tt.want == nil {
			want = want[1:]
		}
		if !reflect.DeepEqual(args, want) {
			t.Errorf("%#v came out as %#v, want %#v", tt.in, args, want)
		}
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	k := newKeyset(t, page.Sort{
		Columns: []page.Column{{Name: "v"}, {Name: "id", Nulls: page.NotNull}}, Unique: []string{"id"},
	}, page.KeysetConfig{})
	r, err := k.Parse(parseQuery(t, "sort=v"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		key  map[string]any
		want string
	}{
		{map[string]any{"id": 1}, `the key of a row has no "v"`},
		{map[string]any{"v": 1, "id": nil}, `column "id" is NotNull and a row has NULL in it`},
		{map[string]any{"v": math.NaN(), "id": 1}, "value is NaN"},
		{map[string]any{"v": struct{}{}, "id": 1}, "type struct {} is none that a cursor keeps"},
		{map[string]any{"v": [4]byte{}, "id": 1}, "type [4]uint8 is none that a cursor keeps"},
		{map[string]any{"v": broken{}, "id": 1}, "no value today"},
	}
	for _, tt := range tests {
		_, err := page.NewKeysetPage(r, make([]int, 21), func(int) map[string]any { return tt.key })
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("NewKeysetPage with %v = %v, want %s", tt.key, err, tt.want)
		}
		var p *page.ParamError
		if errors.As(err, &p) {
			t.Errorf("NewKeysetPage with %v blames the client: %v", tt.key, err)
		}
	}
	if _, err := page.NewKeysetPage(r, make([]int, 22), nil); err == nil {
		t.Error("NewKeysetPage with 22 rows for a page of 20 = nil, want an error")
	}
}
