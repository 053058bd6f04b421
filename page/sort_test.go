package page_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/page"
)

func orderSort() page.Sort {
	return page.Sort{
		Columns: []page.Column{
			{Name: "placed_at", Nulls: page.NotNull},
			{Name: "total", Nulls: page.NotNull},
			{Name: "margin", Internal: true},
			{Name: "id", Nulls: page.NotNull},
		},
		Unique:  []string{"id"},
		Default: "-placed_at",
	}
}

func newKeyset(t testing.TB, s page.Sort, cfg page.KeysetConfig) *page.Keyset {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "orders"
	}
	if cfg.Keys == nil {
		cfg.Keys = testKeys
	}
	k, err := page.NewKeyset(page.Postgres, s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSortOfClients(t *testing.T) {
	const refused = "400 sort: must be one or more of placed_at, total, id, separated by commas, a minus before a name for descending"
	tests := []struct{ query, want string }{
		{"", "placed_at DESC, id DESC"},
		{"sort=total", "total, id"},
		{"sort=-total,placed_at", "total DESC, placed_at, id"},
		{"sort=-total,id", "total DESC, id"},
		{"sort=id,total", "id"},
		{"sort=", "400 sort: must not be empty"},
		{"sort=total&sort=id", "400 sort: must be given once"},
		{"sort=total,-total", "400 sort: must not name a column twice"},
		{"sort=margin", refused},
		{"sort=total,", refused},
		{"sort=--total", refused},
		{"sort=TOTAL", refused},
		{"sort=+total", refused},
		{"sort=total DESC", refused},
		{"sort=id%3B DROP TABLE orders--", refused},
		{"sort=(SELECT password FROM staff)", refused},
		{"sort=id%00", refused},
		{"sort=1", refused},
		{"sort=" + strings.Repeat("total,", 100_000), "400 sort: must not name a column twice"},
	}
	k := newKeyset(t, orderSort(), page.KeysetConfig{})
	o, err := page.NewOffset(page.Postgres, page.OffsetConfig{Sort: orderSort()})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		values := parseQuery(t, tt.query)
		r, err := k.Parse(values)
		got := refusal(err)
		if err == nil {
			got = r.Clauses(0).OrderBy
		}
		if got != tt.want {
			t.Errorf("Keyset.Parse(%.40q) = %s, want %s", tt.query, got, tt.want)
		}
		or, err := o.Parse(values)
		got = refusal(err)
		if err == nil {
			got = or.OrderBy()
		}
		if got != tt.want {
			t.Errorf("Offset.Parse(%.40q) = %s, want %s", tt.query, got, tt.want)
		}
	}
}

func TestSortWithoutColumnsForClients(t *testing.T) {
	k := newKeyset(t, page.Sort{
		Columns: []page.Column{{Name: "id", Nulls: page.NotNull, Internal: true}}, Unique: []string{"id"},
	}, page.KeysetConfig{})
	_, err := k.Parse(parseQuery(t, "sort=id"))
	if got, want := refusal(err), "400 sort: is not supported: the list has one order"; got != want {
		t.Errorf("Parse(sort=id) = %s, want %s", got, want)
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	id := page.Column{Name: "id", Nulls: page.NotNull}
	good := page.KeysetConfig{Name: "t", Keys: testKeys}
	tests := []struct {
		name string
		sort page.Sort
		cfg  page.KeysetConfig
		want string
	}{
		{"no unique columns", page.Sort{Columns: []page.Column{id}}, good, "Sort.Unique is empty"},
		{"unknown unique column", page.Sort{Columns: []page.Column{id}, Unique: []string{"no"}}, good, `Sort.Unique has "no", which is not among`},
		{"unique column twice", page.Sort{Columns: []page.Column{id}, Unique: []string{"id", "id"}}, good, `Sort.Unique has "id" twice`},
		{"nullable key", page.Sort{Columns: []page.Column{{Name: "id"}}, Unique: []string{"id"}}, good, "which is not NotNull"},
		{"name", page.Sort{Columns: []page.Column{id, {Name: "a,b"}}, Unique: []string{"id"}}, good, `the name "a,b"`},
		{"column twice", page.Sort{Columns: []page.Column{id, id}, Unique: []string{"id"}}, good, `has "id" twice`},
		{"nulls", page.Sort{Columns: []page.Column{id, {Name: "a", Nulls: 9}}, Unique: []string{"id"}}, good, `Nulls of column "a" is 9`},
		{"default", page.Sort{Columns: []page.Column{id}, Unique: []string{"id"}, Default: "-x"}, good, `Sort.Default "-x" must be`},
		{"everything", page.Sort{}, page.KeysetConfig{CursorTTL: -1, PerPage: -2, MaxPerPage: -3}, strings.Join([]string{
			"page: Sort.Unique is empty, want the columns that no two rows share: pages of rows that tie skip and repeat rows",
			"page: KeysetConfig.Name is empty, want a name that no other list has",
			"page: KeysetConfig.Keys is empty, want at least one",
			"page: KeysetConfig.CursorTTL is -1ns, want whole seconds, or 0 for no expiry",
			"page: KeysetConfig.MaxPerPage is -3, want 1 to 1000000",
			"page: KeysetConfig.PerPage is -2, want 1 to MaxPerPage, -3",
		}, "\n")},
		{"short secret", orderSort(), page.KeysetConfig{Name: "t", Keys: []page.Key{{ID: "a", Secret: []byte("short")}}}, "Secret has 5 bytes, want ≥ 32"},
		{"key IDs", orderSort(), page.KeysetConfig{Name: "t", Keys: []page.Key{{ID: "", Secret: testKeys[0].Secret}, testKeys[0], testKeys[0]}}, `has the ID "k1" twice`},
		{"parameters", orderSort(), page.KeysetConfig{Name: "t", Keys: testKeys, CursorParam: "sort"}, `two parameters the name "sort"`},
	}
	for _, tt := range tests {
		_, err := page.NewKeyset(page.SQLite, tt.sort, tt.cfg)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("NewKeyset with %s = %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := page.NewKeyset("oracle", orderSort(), good); err == nil || !strings.Contains(err.Error(), `dialect is "oracle"`) {
		t.Errorf("NewKeyset(oracle) = %v, want an error that names the dialect", err)
	}
	for _, tt := range []struct {
		cfg  page.OffsetConfig
		want string
	}{
		{page.OffsetConfig{PerPage: 50, MaxPerPage: 20}, "PerPage is 50, want 1 to MaxPerPage, 20"},
		{page.OffsetConfig{MaxPerPage: -1}, "MaxPerPage is -1"},
		{page.OffsetConfig{MaxOffset: 50}, "MaxOffset is 50, want at least MaxPerPage, 100"},
		{page.OffsetConfig{PageParam: "p", PerPageParam: "p"}, `two parameters the name "p"`},
		{page.OffsetConfig{Sort: page.Sort{Columns: []page.Column{id}}}, "Sort.Unique is empty"},
	} {
		if _, err := page.NewOffset(page.SQLite, tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("NewOffset(%+v) = %v, want %s", tt.cfg, err, tt.want)
		}
	}
	if _, err := page.NewOffset(page.SQLite, page.OffsetConfig{PageParam: "sort"}); err != nil {
		t.Errorf("NewOffset with page parameter sort and no Sort = %v, want no error", err)
	}
}
