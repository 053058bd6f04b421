package page_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/page"
)

func newOffset(t testing.TB, dialect page.Dialect, cfg page.OffsetConfig) *page.Offset {
	t.Helper()
	o, err := page.NewOffset(dialect, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// offsetPage returns the page of a list of so many rows, the numbers from 1.
func offsetPage(t testing.TB, o *page.Offset, query string, rows int, total page.Total) *page.OffsetPage[int] {
	t.Helper()
	r, err := o.Parse(parseQuery(t, query))
	if err != nil {
		t.Fatal(err)
	}
	var read []int
	for n := r.Offset() + 1; n <= rows && len(read) < r.Limit(); n++ {
		read = append(read, n)
	}
	p, err := page.NewOffsetPage(r, read, total)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParametersOfPages(t *testing.T) {
	const number = "must be a whole number of at least 1"
	tests := []struct{ query, want string }{
		{"", "page 1 of 20"},
		{"page=3&per_page=5", "page 3 of 5"},
		{"per_page=100", "page 1 of 100"},
		{"per_page=101", "page 1 of 100"},
		{"per_page=1000000000", "page 1 of 100"},
		{"per_page=99999999999999999999999999", "page 1 of 100"},
		{"page=007", "page 7 of 20"},
		{"page=501", "page 501 of 20"},
		{"per_page=100&page=101", "page 101 of 100"},
		{"page=502", "400 page: must be at most 501 with 20 per page: narrow the search to see more"},
		{"page=9223372036854775807", "400 page: must be at most 501 with 20 per page: narrow the search to see more"},
		{"page=99999999999999999999999999", "400 page: must be at most 501 with 20 per page: narrow the search to see more"},
		{"per_page=0", "400 per_page: " + number},
		{"per_page=-1", "400 per_page: " + number},
		{"per_page=1e3", "400 per_page: " + number},
		{"per_page=", "400 per_page: must not be empty"},
		{"per_page=5&per_page=5", "400 per_page: must be given once"},
		{"page=0", "400 page: " + number},
		{"page=-1", "400 page: " + number},
		{"page=%2B1", "400 page: " + number},
		{"page=1.5", "400 page: " + number},
		{"page=0x10", "400 page: " + number},
		{"page=1_0", "400 page: " + number},
		{"page=٣", "400 page: " + number},
		{"page= 1", "400 page: " + number},
		{"page=last", "400 page: " + number},
		{"page=1;DROP", "400 query: is not a well-formed list of parameters"},
		{"page=%zz", "400 query: is not a well-formed list of parameters"},
		{"page=", "400 page: must not be empty"},
		{"page=1&page=2", "400 page: must be given once"},
	}
	o := newOffset(t, page.SQLite, page.OffsetConfig{})
	k := newKeyset(t, orderSort(), page.KeysetConfig{})
	for _, tt := range tests {
		values, err := page.Values(&url.URL{RawQuery: tt.query})
		var r page.OffsetRequest
		if err == nil {
			r, err = o.Parse(values)
		}
		got := fmt.Sprintf("page %d of %d", r.Page(), r.PerPage())
		if err != nil {
			got = refusal(err)
		}
		if got != tt.want {
			t.Errorf("Offset.Parse(%s) = %s, want %s", tt.query, got, tt.want)
		}
		if !strings.HasPrefix(tt.query, "per_page") || strings.Contains(tt.query, "&page") {
			continue // keyset pages have no number
		}
		kr, err := k.Parse(values)
		got = fmt.Sprintf("page 1 of %d", kr.PerPage())
		if err != nil {
			got = refusal(err)
		}
		if got != tt.want {
			t.Errorf("Keyset.Parse(%s) = %s, want %s", tt.query, got, tt.want)
		}
	}
}

func TestMaxOffsetOff(t *testing.T) {
	o := newOffset(t, page.SQLite, page.OffsetConfig{MaxOffset: -1})
	deep := newOffset(t, page.SQLite, page.OffsetConfig{MaxOffset: math.MaxInt})
	for _, o := range []*page.Offset{o, deep} {
		r, err := o.Parse(parseQuery(t, "page=90000000000000000&per_page=100"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Offset(), 8_999_999_999_999_999_900; got != want {
			t.Errorf("Offset = %d, want %d", got, want)
		}
		// Just inside and outside of what an int holds.
		for _, n := range []int{math.MaxInt / 100, math.MaxInt/100 + 1, math.MaxInt} {
			r, err := o.Parse(parseQuery(t, fmt.Sprintf("page=%d&per_page=100", n)))
			if err == nil && (r.Offset() < 0 || r.Offset()+r.Limit() < 0) {
				t.Errorf("page %d: Offset = %d overflows", n, r.Offset())
			}
		}
		if _, err := o.Parse(parseQuery(t, fmt.Sprint("page=", math.MaxInt))); err == nil {
			t.Error("Parse of a page whose offset is no int = nil, want an error")
		}
	}
}

// TestOffsetPagesAgreeWithSlicing reads every page of tables of all small
// sizes from a database, counted and not, and compares with slices.
func TestOffsetPagesAgreeWithSlicing(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db := d.open(t)
			exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, grp INTEGER)")
			o := newOffset(t, d.dialect, page.OffsetConfig{
				Sort: page.Sort{Columns: []page.Column{{Name: "grp"}, {Name: "id", Nulls: page.NotNull}}, Unique: []string{"id"}},
				// Not more than the table may have.
				MaxCount: 15,
			})
			base := "SELECT id, grp FROM t WHERE id > " + placeholder(d.dialect, 1)
			t.Logf("-seed %d", *seed)
			r := rand.New(rand.NewPCG(*seed, 2))
			var all []int // the ids in order: grp, then id
			groups := make(map[int]int)
			for rows := range 25 {
				for perPage := 1; perPage < 8; perPage++ {
					for n := 1; n <= rows/perPage+3; n++ {
						checkOffsetPage(t, o, base, n, perPage, all, func(q page.Query) []int { return queryInts(t, db, q.SQL, q.Args...) })
					}
				}
				groups[rows] = r.IntN(4)
				exec(t, db, fmt.Sprintf("INSERT INTO t VALUES (%d, %d)", rows, groups[rows]))
				all = append(all, rows)
				slices.SortFunc(all, func(x, y int) int { return (groups[x]-groups[y])*1000 + x - y })
			}
		})
	}
}

func checkOffsetPage(t *testing.T, o *page.Offset, base string, n, perPage int, all []int, query func(page.Query) []int) {
	t.Helper()
	r, err := o.Parse(parseQuery(t, fmt.Sprintf("sort=grp&page=%d&per_page=%d", n, perPage)))
	if err != nil {
		t.Fatal(err)
	}
	rows := query(r.Query(base, -1))
	counted := r.Counted(int64(query(r.CountQuery(base, -1))[0]))
	want := all[min((n-1)*perPage, len(all)):min(n*perPage, len(all))]
	for _, total := range []page.Total{{}, counted, page.Exactly(int64(len(all)))} {
		p, err := page.NewOffsetPage(r, rows, total)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("page %d of %d among %d rows, total %v", n, perPage, len(all), total)
		if !slices.Equal(p.Items, want) {
			t.Errorf("%s: Items = %v, want %v", name, p.Items, want)
		}
		if got, want := p.HasNext(), n*perPage < len(all); got != want {
			t.Errorf("%s: HasNext = %v, want %v", name, got, want)
		}
		first, last := 0, 0
		if len(want) > 0 {
			first, last = (n-1)*perPage+1, (n-1)*perPage+len(want)
		}
		if p.First() != first || p.Last() != last {
			t.Errorf("%s: First, Last = %d, %d, want %d, %d", name, p.First(), p.Last(), first, last)
		}
	}
	want64 := page.Exactly(int64(len(all)))
	if len(all) > 15 {
		want64 = page.Total{Rows: 15, Kind: page.AtLeast}
	}
	if counted != want64 {
		t.Errorf("Counted with %d rows = %+v, want %+v", len(all), counted, want64)
	}
}

func TestOffsetStatements(t *testing.T) {
	tests := []struct {
		dialect     page.Dialect
		cfg         page.OffsetConfig
		query       string
		text, count string
		args        []any
	}{
		{
			page.Postgres,
			page.OffsetConfig{Sort: orderSort()},
			"page=3&per_page=10&sort=-total",
			"SELECT * FROM (b) AS paged ORDER BY total DESC, id DESC LIMIT $2 OFFSET $3",
			"SELECT count(*) FROM (SELECT 1 FROM (b) AS listed LIMIT $2) AS counted",
			[]any{"x", 11, 20},
		},
		{
			page.MySQL,
			page.OffsetConfig{},
			"sort=ignored",
			"b LIMIT ? OFFSET ?", "SELECT count(*) FROM (SELECT 1 FROM (b) AS listed LIMIT ?) AS counted",
			[]any{"x", 21, 0},
		},
		{
			page.SQLite,
			page.OffsetConfig{MaxCount: -1},
			"page=2",
			"b LIMIT ? OFFSET ?", "SELECT count(*) FROM (b) AS counted",
			[]any{"x", 21, 20},
		},
	}
	for _, tt := range tests {
		r, err := newOffset(t, tt.dialect, tt.cfg).Parse(parseQuery(t, tt.query))
		if err != nil {
			t.Fatal(err)
		}
		if q := r.Query("b", "x"); q.SQL != tt.text || !reflect.DeepEqual(q.Args, tt.args) {
			t.Errorf("Query = %s with %v, want %s with %v", q.SQL, q.Args, tt.text, tt.args)
		}
		if q := r.CountQuery("b", "x"); q.SQL != tt.count || q.Args[0] != "x" {
			t.Errorf("CountQuery = %s with %v, want %s", q.SQL, q.Args, tt.count)
		}
	}
}

// TestStatementsWithin pages statements that do not end as a subquery can.
func TestStatementsWithin(t *testing.T) {
	db := openSQLite(t)
	o := newOffset(t, page.SQLite, page.OffsetConfig{Sort: page.Sort{
		Columns: []page.Column{{Name: "id", Nulls: page.NotNull}}, Unique: []string{"id"},
	}})
	plain := newOffset(t, page.SQLite, page.OffsetConfig{})
	for _, base := range []string{"SELECT 7 AS id;\n", "-- name: One :one\nSELECT 7 AS id", "SELECT 7 AS id -- the one"} {
		for _, o := range []*page.Offset{o, plain} {
			r, err := o.Parse(nil)
			if err != nil {
				t.Fatal(err)
			}
			q, count := r.Query(base), r.CountQuery(base)
			if got := queryInts(t, db, q.SQL, q.Args...); !slices.Equal(got, []int{7}) {
				t.Errorf("Query(%q) finds %v, want [7]", base, got)
			}
			if got := queryInts(t, db, count.SQL, count.Args...); !slices.Equal(got, []int{1}) {
				t.Errorf("CountQuery(%q) finds %v, want [1]", base, got)
			}
		}
	}
}

func TestBeyondTheEnd(t *testing.T) {
	strict := newOffset(t, page.SQLite, page.OffsetConfig{RefuseBeyondEnd: true})
	r, err := strict.Parse(parseQuery(t, "page=9"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = page.NewOffsetPage(r, []int{}, page.Exactly(45))
	if got, want := refusal(err), "404 page: is beyond the last page"; got != want {
		t.Errorf("NewOffsetPage = %s, want %s", got, want)
	}
	// An empty list has a page one.
	if p := offsetPage(t, strict, "", 0, page.Exactly(0)); p.HasPrev() || p.HasNext() || p.Pages() != 0 {
		t.Errorf("page one of nothing has neighbours: %+v", p)
	}

	o := newOffset(t, page.SQLite, page.OffsetConfig{})
	if p := offsetPage(t, o, "page=9", 45, page.Exactly(45)); p.PrevNum() != 3 || p.HasNext() || p.Items == nil {
		t.Errorf("page 9 of 3: PrevNum, HasNext = %d, %v, want 3, false", p.PrevNum(), p.HasNext())
	}
	if p := offsetPage(t, o, "page=9", 45, page.Total{}); p.PrevNum() != 8 {
		t.Errorf("page 9 of unknown: PrevNum = %d, want 8", p.PrevNum())
	}
	if p := offsetPage(t, o, "", 45, page.Total{Rows: 45}); p.Pages() != 0 || p.Total() != (page.Total{}) {
		t.Errorf("a total of no kind makes %d pages, %+v, want none", p.Pages(), p.Total())
	}
	if _, err := page.NewOffsetPage(r, make([]int, 22), page.Total{}); err == nil || errors.As(err, new(*page.ParamError)) {
		t.Errorf("NewOffsetPage with 22 rows for a page of 20 = %v, want an error that is no ParamError", err)
	}
	if _, err := page.NewOffsetPage(r, make([]int, 1), page.Exactly(-1)); err == nil {
		t.Error("NewOffsetPage with a negative total = nil, want an error")
	}
}

func TestIterPages(t *testing.T) {
	none := page.Edges{LeftEdge: -1, LeftCurrent: -1, RightCurrent: -1, RightEdge: -1}
	tests := []struct {
		name  string
		page  int
		rows  int // with ten per page
		total page.Total
		edges page.Edges
		want  []int
	}{
		{"the middle", 7, 200, page.Exactly(200), page.Edges{}, []int{1, 2, 0, 5, 6, 7, 8, 9, 10, 11, 0, 19, 20}},
		{"the start", 1, 200, page.Exactly(200), page.Edges{}, []int{1, 2, 3, 4, 5, 0, 19, 20}},
		{"the end", 20, 200, page.Exactly(200), page.Edges{}, []int{1, 2, 0, 18, 19, 20}},
		{"spans that touch", 5, 110, page.Exactly(110), page.Edges{}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{"one page", 1, 3, page.Exactly(3), page.Edges{}, []int{1}},
		{"nothing", 1, 0, page.Exactly(0), page.Edges{}, nil},
		{"no edges", 7, 200, page.Exactly(200), none, []int{0, 7, 0}},
		{"wide edges", 2, 50, page.Exactly(50), page.Edges{RightCurrent: math.MaxInt, LeftEdge: math.MaxInt, RightEdge: math.MaxInt, LeftCurrent: math.MaxInt}, []int{1, 2, 3, 4, 5}},
		{"beyond the end", 30, 200, page.Exactly(200), page.Edges{}, []int{1, 2, 0, 19, 20}},
		{"no total", 4, 200, page.Total{}, page.Edges{}, []int{1, 2, 3, 4, 5, 0}},
		{"no total, last page", 4, 40, page.Total{}, page.Edges{}, []int{1, 2, 3, 4}},
		{"at least", 4, 200, page.Total{Rows: 100, Kind: page.AtLeast}, page.Edges{}, []int{1, 2, 3, 4, 5, 6, 7, 8, 0}},
		{"at least, on its last page", 10, 200, page.Total{Rows: 100, Kind: page.AtLeast}, page.Edges{}, []int{1, 2, 0, 8, 9, 10, 11, 0}},
		{"estimated too low", 10, 200, page.Total{Rows: 30, Kind: page.Estimated}, page.Edges{}, []int{1, 2, 0, 8, 9, 10, 11, 0}},
		{"estimated too high", 10, 100, page.Total{Rows: 900, Kind: page.Estimated}, page.Edges{}, []int{1, 2, 0, 8, 9, 10}},
		{"a row came after the count", 3, 31, page.Exactly(30), page.Edges{}, []int{1, 2, 3, 4}},
		{"deeper than allowed", 999, 1e6, page.Exactly(1e6), page.Edges{}, []int{1, 2, 0, 997, 998, 999, 1000, 1001, 0}},
		{"at the bottom", 1001, 1e6, page.Exactly(1e6), page.Edges{}, []int{1, 2, 0, 999, 1000, 1001, 0}},
	}
	o := newOffset(t, page.SQLite, page.OffsetConfig{PerPage: 10})
	for _, tt := range tests {
		p := offsetPage(t, o, fmt.Sprint("page=", tt.page), tt.rows, tt.total)
		if got := slices.Collect(p.IterPages(tt.edges)); !slices.Equal(got, tt.want) {
			t.Errorf("IterPages, %s = %v, want %v", tt.name, got, tt.want)
		}
		for n := range len(tt.want) { // a loop may stop anywhere
			seen := 0
			for range p.IterPages(tt.edges) {
				if seen++; seen == n+1 {
					break
				}
			}
		}
	}
}

func FuzzParameters(f *testing.F) {
	for _, query := range []string{"page=2&per_page=5", "page=-1", "per_page=1e9", "sort=-total,id", "cursor=AQ", "a=%zz", "page=1;b"} {
		f.Add(query)
	}
	o := newOffset(f, page.Postgres, page.OffsetConfig{Sort: orderSort()})
	k := newKeyset(f, orderSort(), page.KeysetConfig{})
	known := map[string]bool{"placed_at": true, "total": true, "id": true}
	f.Fuzz(func(t *testing.T, query string) {
		check := func(err error) bool {
			var p *page.ParamError
			if err != nil && (!errors.As(err, &p) || p.HTTPStatus() != 400) {
				t.Errorf("%q: %v, want a ParamError of 400", query, err)
			}
			return err == nil
		}
		values, err := page.Values(&url.URL{RawQuery: query})
		if !check(err) {
			return
		}
		if r, err := o.Parse(values); check(err) {
			if r.Page() < 1 || r.PerPage() < 1 || r.PerPage() > 100 || r.Offset() > 10_000 {
				t.Errorf("%q: page %d of %d is out of bounds", query, r.Page(), r.PerPage())
			}
			for part := range strings.SplitSeq(r.OrderBy(), ", ") {
				if !known[strings.TrimSuffix(part, " DESC")] {
					t.Errorf("%q: ORDER BY has %q", query, part)
				}
			}
		}
		if r, err := k.Parse(values); check(err) && values.Has("cursor") {
			t.Errorf("%q: a cursor that nobody signed gives %v", query, r.Clauses(0))
		}
	})
}
