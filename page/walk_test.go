package page_test

import (
	"cmp"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/page"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tables")

// A record is a row of the random tables.
type record struct {
	id, a, c int
	b        *string
	aNull    bool
}

func (r record) key() map[string]any {
	var a any = r.a
	if r.aNull {
		a = nil
	}
	return map[string]any{"id": r.id, "a": a, "b": r.b, "c": r.c}
}

// collations are those of the text of the random tables: in byte order, or
// with 'x' = 'X'.
var collations = map[page.Dialect]struct{ bytes, folded string }{
	page.SQLite:   {"BINARY", "NOCASE"},
	page.Postgres: {`"C"`, "folded"},
	page.MySQL:    {"utf8mb4_bin", "utf8mb4_general_ci"},
}

// randomTable makes a table of few different values, so that most rows tie,
// and returns its rows. Folded says whether its text ties with that of other
// case.
func randomTable(t *testing.T, db *sql.DB, dialect page.Dialect, folded bool, r *rand.Rand) []record {
	t.Helper()
	collation := collations[dialect].bytes
	if folded {
		collation = collations[dialect].folded
	}
	insert := "INSERT INTO t VALUES (" + placeholder(dialect, 1)
	for n := 2; n <= 4; n++ {
		insert += ", " + placeholder(dialect, n)
	}
	exec(t, db, "DROP TABLE IF EXISTS t")
	exec(t, db, "CREATE TABLE t (id BIGINT PRIMARY KEY, a INTEGER, b VARCHAR(20) COLLATE "+collation+", c INTEGER NOT NULL)")
	records := make([]record, r.IntN(40))
	for i := range records {
		rec := record{id: i + 1, a: r.IntN(3), aNull: r.IntN(4) == 0, c: r.IntN(3)}
		if r.IntN(3) > 0 {
			b := []string{"", "o'hara", "X", "Y", "x"}[r.IntN(5)]
			rec.b = &b
		}
		key := rec.key()
		exec(t, db, insert+")", rec.id, key["a"], rec.b, rec.c)
		records[i] = rec
	}
	return records
}

// randomSort returns an order by some of the columns, each in some direction
// with NULLs at some end.
func randomSort(r *rand.Rand) (s page.Sort, terms []string) {
	nulls := func() page.Nulls { return []page.Nulls{page.NullsFirst, page.NullsLast}[r.IntN(2)] }
	s = page.Sort{
		Columns: []page.Column{
			{Name: "id", Nulls: page.NotNull},
			{Name: "a", Nulls: nulls()},
			{Name: "b", Nulls: nulls()},
			{Name: "c", Expr: "c + 0", Nulls: page.NotNull},
		},
		Unique: []string{"id"},
	}
	names := []string{"a", "b", "c", "id"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:1+r.IntN(len(names))] {
		terms = append(terms, []string{"", "-"}[r.IntN(2)]+name)
	}
	return s, terms
}

// sorted is the slow, obvious order: every column of terms, NULLs as s says,
// then the key in the direction of the last.
func sorted(records []record, s page.Sort, terms []string, folded bool) []int {
	last := terms[len(terms)-1]
	terms = append(slices.Clone(terms), strings.TrimRight(last, "abcid")+"id")
	records = slices.Clone(records)
	slices.SortFunc(records, func(x, y record) int {
		for _, t := range terms {
			name, desc := strings.CutPrefix(t, "-")
			column := s.Columns[slices.IndexFunc(s.Columns, func(c page.Column) bool { return c.Name == name })]
			order, nullX, nullY := 0, false, false
			switch name {
			case "id":
				order = cmp.Compare(x.id, y.id)
			case "a":
				order, nullX, nullY = cmp.Compare(x.a, y.a), x.aNull, y.aNull
			case "b":
				nullX, nullY = x.b == nil, y.b == nil
				switch {
				case nullX || nullY:
				case folded:
					order = cmp.Compare(strings.ToLower(*x.b), strings.ToLower(*y.b))
				default:
					order = cmp.Compare(*x.b, *y.b)
				}
			case "c":
				order = cmp.Compare(x.c, y.c)
			}
			switch {
			case nullX && nullY:
				continue
			case nullX || nullY:
				if nullX == (column.Nulls == page.NullsFirst) {
					return -1
				}
				return 1
			case order != 0 && desc:
				return -order
			case order != 0:
				return order
			}
		}
		return 0
	})
	ids := make([]int, len(records))
	for i, r := range records {
		ids[i] = r.id
	}
	return ids
}

// A walker reads pages of a table as a client does: link by link.
type walker struct {
	t       *testing.T
	db      *sql.DB
	dialect page.Dialect
	keyset  *page.Keyset
	keys    map[int]map[string]any
	clauses bool // put the statement together by hand
}

func (w *walker) page(u *url.URL) *page.KeysetPage[int] {
	w.t.Helper()
	r, err := w.keyset.Parse(u.Query())
	if err != nil {
		w.t.Fatalf("Parse(%v): %v", u, err)
	}
	q := r.Query("SELECT id, a, b, c FROM t WHERE id > "+placeholder(w.dialect, 1), 0)
	if w.clauses {
		c := r.Clauses(1)
		q = page.Query{
			SQL:  "SELECT id FROM t WHERE id > " + placeholder(w.dialect, 1) + " AND " + c.Where + " ORDER BY " + c.OrderBy + " " + c.Limit,
			Args: slices.Concat([]any{0}, c.Args),
		}
	}
	p, err := page.NewKeysetPage(r, queryInts(w.t, w.db, q.SQL, q.Args...), func(id int) map[string]any { return w.keys[id] })
	if err != nil {
		w.t.Fatalf("NewKeysetPage: %v", err)
	}
	return p
}

// forward walks from the first page to the end and checks on the way that the
// link back leads to the page just left.
func (w *walker) forward(first *url.URL) (ids []int, last *url.URL) {
	w.t.Helper()
	var before []int
	for u := first; u != nil; {
		p := w.page(u)
		links := rels(w.t, p.Link(u))
		if before != nil {
			back := w.page(links["prev"])
			if !slices.Equal(back.Items, before) || !back.HasNext() {
				w.t.Errorf("prev of %v = %v, want %v", p.Items, back.Items, before)
			}
		}
		if p.HasNext() != (links["next"] != nil) || p.HasPrev() != (links["prev"] != nil) {
			w.t.Errorf("links %v disagree with HasPrev %v, HasNext %v", links, p.HasPrev(), p.HasNext())
		}
		if last == nil {
			last = links["last"]
		}
		ids, before, u = append(ids, p.Items...), p.Items, links["next"]
	}
	return ids, last
}

// backward walks from the last page to the start.
func (w *walker) backward(last *url.URL) (ids []int) {
	w.t.Helper()
	for u := last; u != nil; {
		p := w.page(u)
		ids = append(slices.Clone(p.Items), ids...)
		u = rels(w.t, p.Link(u))["prev"]
	}
	return ids
}

func TestWalkOfRandomTables(t *testing.T) {
	for _, d := range databases {
		for _, folded := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/folded=%t", d.name, folded), func(t *testing.T) {
				db := d.open(t)
				if d.dialect == page.Postgres && folded {
					exec(t, db, "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
				}
				t.Logf("-seed %d", *seed)
				r := rand.New(rand.NewPCG(*seed, 1))
				for range 12 {
					records := randomTable(t, db, d.dialect, folded, r)
					for range 4 {
						walkOnce(t, db, d.dialect, records, folded, r)
					}
					if t.Failed() {
						return
					}
				}
			})
		}
	}
}

func walkOnce(t *testing.T, db *sql.DB, dialect page.Dialect, records []record, folded bool, r *rand.Rand) {
	t.Helper()
	s, terms := randomSort(r)
	keyset, err := page.NewKeyset(dialect, s, page.KeysetConfig{Name: "t", Keys: testKeys})
	if err != nil {
		t.Fatal(err)
	}
	w := &walker{t: t, db: db, dialect: dialect, keyset: keyset, keys: make(map[int]map[string]any), clauses: r.IntN(2) == 0}
	for _, rec := range records {
		w.keys[rec.id] = rec.key()
	}
	first := &url.URL{Path: "/t", RawQuery: fmt.Sprintf("sort=%s&per_page=%d", strings.Join(terms, ","), 1+r.IntN(7))}
	want := sorted(records, s, terms, folded)
	got, last := w.forward(first)
	if !slices.Equal(got, want) {
		t.Errorf("forward by %v of %v, folded %v = %v, want %v", terms, s.Columns, folded, got, want)
	}
	if last == nil {
		return // one page
	}
	if got := w.backward(last); !slices.Equal(got, want) {
		t.Errorf("backward by %v of %v = %v, want %v", terms, s.Columns, got, want)
	}
}
