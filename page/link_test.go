package page_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/hone-go/hone/page"
)

func TestLinksOfOffsetPages(t *testing.T) {
	o := newOffset(t, page.SQLite, page.OffsetConfig{})
	tests := []struct {
		name, url string
		rows      int
		total     page.Total
		want      string
	}{
		{
			"other parameters are kept", "/orders?q=a%26b&page=2&q=%C3%A5", 100, page.Exactly(100),
			`</orders?page=1&q=a%26b&q=%C3%A5>; rel="first", </orders?page=1&q=a%26b&q=%C3%A5>; rel="prev", ` +
				`</orders?page=3&q=a%26b&q=%C3%A5>; rel="next", </orders?page=5&q=a%26b&q=%C3%A5>; rel="last"`,
		},
		{
			"no total", "/orders", 100,
			page.Total{},
			`</orders?page=1>; rel="first", </orders?page=2>; rel="next"`,
		},
		{
			"the size as it was understood", "/orders?per_page=5000", 300,
			page.Total{Rows: 200, Kind: page.AtLeast},
			`</orders?page=1&per_page=100>; rel="first", </orders?page=2&per_page=100>; rel="next"`,
		},
		{
			"empty", "/orders", 0, page.Exactly(0),
			`</orders?page=1>; rel="first"`,
		},
		{
			"no page deeper than allowed", "/orders?page=501", 100_000, page.Exactly(100_000),
			`</orders?page=1>; rel="first", </orders?page=500>; rel="prev"`,
		},
		{
			"a public URL, without its password", "https://user:pass@shop.example/orders?x=1#top", 1, page.Exactly(1),
			`<https://shop.example/orders?page=1&x=1>; rel="first", <https://shop.example/orders?page=1&x=1>; rel="last"`,
		},
		{
			"a path that would be a host", "//evil.example/orders", 0, page.Exactly(0),
			`<?page=1>; rel="first"`,
		},
		{
			"nothing ends the target early", `/a%3E%3B%20rel=%22x%22/b>c?q=%3E%0d%0aSet-Cookie:x`, 0, page.Exactly(0),
			`</a%3E;%20rel=%22x%22/b%3Ec?page=1&q=%3E%0D%0ASet-Cookie%3Ax>; rel="first"`,
		},
	}
	for _, tt := range tests {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host == "evil.example" { // as a server reads the request target
			u = &url.URL{Path: tt.url}
		}
		p := offsetPage(t, o, u.RawQuery, tt.rows, tt.total)
		if got := p.Link(u); got != tt.want {
			t.Errorf("Link, %s =\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestLinksCanBeAsked follows each link of some pages: none is refused.
func TestLinksCanBeAsked(t *testing.T) {
	o := newOffset(t, page.SQLite, page.OffsetConfig{PerPage: 10, MaxOffset: 100})
	for _, query := range []string{"", "page=5", "page=11", "page=11&per_page=10", "page=2&per_page=100"} {
		for _, total := range []page.Total{{}, page.Exactly(1000), {Rows: 1000, Kind: page.AtLeast}} {
			p := offsetPage(t, o, query, 1000, total)
			for rel, u := range rels(t, p.Link(&url.URL{Path: "/"})) {
				if _, err := o.Parse(u.Query()); err != nil {
					t.Errorf("?%s: link %s, %v, is refused: %v", query, rel, u, err)
				}
			}
			for n := range p.IterPages(page.Edges{}) {
				if n > 11 {
					t.Errorf("?%s: IterPages gives %d, which is refused", query, n)
				}
			}
		}
	}
}

func TestLinkDoesNotChangeTheRequest(t *testing.T) {
	k := newKeyset(t, orderSort(), page.KeysetConfig{})
	values := parseQuery(t, "status=open&per_page=500")
	r, err := k.Parse(values)
	if err != nil {
		t.Fatal(err)
	}
	p, err := page.NewKeysetPage(r, make([]int, 101), func(int) map[string]any { return orderKey() })
	if err != nil {
		t.Fatal(err)
	}
	u := &url.URL{Path: "/orders"}
	first := p.Link(u)
	if got, want := values.Encode(), "per_page=500&status=open"; got != want {
		t.Errorf("values after Link = %s, want %s", got, want)
	}
	if got := p.Link(u); got != first {
		t.Errorf("second Link = %s, want %s", got, first)
	}
	links := rels(t, first)
	if got, want := links["next"].Query().Get("cursor"), p.NextCursor(); got != want || want == "" {
		t.Errorf("next has cursor %q, want %q", got, want)
	}
	if got, want := links["first"].RawQuery, "per_page=100&status=open"; got != want {
		t.Errorf("first has query %s, want %s", got, want)
	}
	if links["prev"] != nil || links["last"] == nil {
		t.Errorf("links of page one = %v, want last and no prev", links)
	}
}

func TestEnvelopes(t *testing.T) {
	o := newOffset(t, page.SQLite, page.OffsetConfig{PerPage: 2})
	offset := func(query string, rows int, total page.Total) any { return offsetPage(t, o, query, rows, total) }
	k := newKeyset(t, orderSort(), page.KeysetConfig{})
	r, err := k.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := page.NewKeysetPage[int](r, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		page any
		want string
	}{
		{
			offset("page=2", 5, page.Exactly(5)),
			`{"items":[3,4],"page":2,"per_page":2,"max_per_page":100,"total":5,"total_kind":"exact","pages":3,` +
				`"has_prev":true,"has_next":true,"prev_page":1,"next_page":3,"first":3,"last":4}`,
		},
		{
			offset("", 0, page.Total{}),
			`{"items":[],"page":1,"per_page":2,"max_per_page":100,"total":null,"total_kind":null,"pages":null,` +
				`"has_prev":false,"has_next":false,"prev_page":null,"next_page":null,"first":null,"last":null}`,
		},
		{
			offset("", 0, page.Exactly(0)),
			`{"items":[],"page":1,"per_page":2,"max_per_page":100,"total":0,"total_kind":"exact","pages":0,` +
				`"has_prev":false,"has_next":false,"prev_page":null,"next_page":null,"first":null,"last":null}`,
		},
		{
			offset("", 9, page.Total{Rows: 8, Kind: page.AtLeast}),
			`{"items":[1,2],"page":1,"per_page":2,"max_per_page":100,"total":8,"total_kind":"at_least","pages":4,` +
				`"has_prev":false,"has_next":true,"prev_page":null,"next_page":2,"first":1,"last":2}`,
		},
		{empty, `{"items":[],"per_page":20,"has_prev":false,"has_next":false,"prev_cursor":null,"next_cursor":null}`},
	}
	for _, tt := range tests {
		got, err := json.Marshal(tt.page)
		if err != nil || string(got) != tt.want {
			t.Errorf("Marshal = %s, %v\nwant %s", got, err, tt.want)
		}
	}
}
