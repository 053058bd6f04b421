package respond_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/respond"
)

// oneCell returns the line of a row with one cell of text.
func oneCell(t testing.TB, s string, cfg respond.CSVConfig) string {
	t.Helper()
	cfg.NoHeader = true
	c, err := respond.NewCSV([]string{"a"}, func(row *respond.CSVRow, s string) { row.Text(s) }, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := c.Write(t.Context(), &b, func(yield func(string, error) bool) { yield(s, nil) }); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	tests := []struct {
		clause, in, want string
	}{
		{"RFC 4180 §2.5", "oak", "oak"},
		{"RFC 4180 §2.6 comma", "a,b", `"a,b"`},
		{"RFC 4180 §2.6 line", "a\r\nb", "\"a\r\nb\""},
		{"RFC 4180 §2.6 lone CR", "a\rb", "\"a\rb\""},
		{"RFC 4180 §2.7", `a"b`, `"a""b"`},
		{"RFC 4180 §2.7 all", `""`, `""""""`},
		{"RFC 4180 §2.4 spaces", " a", `" a"`},
		{"RFC 4180 §2.4 spaces", "a ", `"a "`},
		{"an empty line is skipped", "", `""`},
		{"formula", "=1+1", `"'=1+1"`},
		{"formula", `=HYPERLINK("http://x";"y")`, `"'=HYPERLINK(""http://x"";""y"")"`},
		{"formula", "@SUM(A1)", `"'@SUM(A1)"`},
		{"formula", "-1+cmd|' /C calc'!A0", `"'-1+cmd|' /C calc'!A0"`},
		{"formula", "+49 30 1234", `"'+49 30 1234"`},
		{"formula", "\t=1", "\"'\t=1\""},
		{"formula", "\r=1", "\"'\r=1\""},
		{"formula", "\n=1", "\"'\n=1\""},
		{"formula", "＝1", `"'＝1"`},
		{"number", "-12.5", "-12.5"},
		{"number", "+7", "+7"},
		{"no number", "-", `"'-"`},
		{"no number", "-1.", `"'-1."`},
		{"no number", "-1.2.3", `"'-1.2.3"`},
		{"within", "a=b", "a=b"},
		{"other letters", "Ärger", "Ärger"},
	}
	for _, tt := range tests {
		if got := oneCell(t, tt.in, respond.CSVConfig{}); got != tt.want+"\r\n" {
			t.Errorf("%s: Text(%q) = %q, want %q", tt.clause, tt.in, got, tt.want)
		}
	}
	if got := oneCell(t, "=1+1", respond.CSVConfig{KeepFormulas: true}); got != "=1+1\r\n" {
		t.Errorf("Text(=1+1) with KeepFormulas = %q, want it as it is", got)
	}
	if got := oneCell(t, "a,b;c", respond.CSVConfig{Comma: ';'}); got != "\"a,b;c\"\r\n" {
		t.Errorf("Text(a,b;c) with semicolons = %q, want quotes", got)
	}
	if got := oneCell(t, "a", respond.CSVConfig{BOM: true}); got != "\uFEFFa\r\n" {
		t.Errorf("Text(a) with BOM = %q, want the mark first", got)
	}
}

func TestCells(t *testing.T) {
	c, err := respond.NewCSV([]string{"=a", "b", "c", "d", "e"}, func(row *respond.CSVRow, at time.Time) {
		row.Int(-5)
		row.Float(1e21)
		row.Bool(true)
		row.Time(at)
		row.Null()
	}, respond.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	n, err := c.Write(t.Context(), &b, func(yield func(time.Time, error) bool) { yield(at, nil) })
	want := "\"'=a\",b,c,d,e\r\n-5,1000000000000000000000,true,2026-01-02T03:04:05.000006Z,\r\n"
	if n != 1 || err != nil || b.String() != want {
		t.Errorf("Write = %d, %v, %q, want %q", n, err, b.String(), want)
	}
}

// Whatever is written, encoding/csv reads it back.
func TestCSVIsReadBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	const alphabet = "ab ,;\"\n=-+é\t'"
	c, err := respond.NewCSV([]string{"a", "b", "c"}, func(row *respond.CSVRow, cells []string) {
		for _, cell := range cells {
			row.Text(cell)
		}
	}, respond.CSVConfig{NoHeader: true, KeepFormulas: true})
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	for range 2000 {
		var cells []string
		for range 3 {
			var cell strings.Builder
			for range r.IntN(5) {
				cell.WriteByte(alphabet[r.IntN(len(alphabet))])
			}
			cells = append(cells, cell.String())
		}
		want = append(want, cells)
	}
	var b bytes.Buffer
	if _, err := c.Write(t.Context(), &b, func(yield func([]string, error) bool) {
		for _, cells := range want {
			if !yield(cells, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	got, err := stdcsv.NewReader(&b).ReadAll()
	if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("seed %d: read back %d rows, %v, not what was written", seed, len(got), err)
	}
}

func TestRowsDoNotAllocate(t *testing.T) {
	c := newCSV(t, respond.CSVConfig{})
	var b bytes.Buffer
	b.Grow(1 << 20)
	run := func(n int64) float64 {
		return testing.AllocsPerRun(5, func() {
			b.Reset()
			_, _ = c.Write(t.Context(), &b, sales(n))
		})
	}
	if few, many := run(10), run(10_000); many > few+20 {
		t.Errorf("10,000 rows = %v allocations, 10 rows = %v, want about the same", many, few)
	}
}
