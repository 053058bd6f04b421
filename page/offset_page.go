package page

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// An OffsetPage is one page of a list. It must not be changed while others
// read it.
type OffsetPage[T any] struct {
	Items []T // never nil

	request OffsetRequest
	total   Total
	surplus bool // one row more was found
}

// NewOffsetPage makes the page of the rows that r's statement gave, up to
// [OffsetRequest.Limit] of them. Without a count, total is the zero Total.
//
// An error is a [*ParamError] if the page lies beyond the end and
// [OffsetConfig.RefuseBeyondEnd] says so; any other is a mistake of the
// program.
func NewOffsetPage[T any](r OffsetRequest, rows []T, total Total) (*OffsetPage[T], error) {
	items, surplus, err := cutSurplus(rows, r.perPage)
	if err != nil {
		return nil, err
	}
	if total.Rows < 0 {
		return nil, fmt.Errorf("page: the total is %d, want ≥ 0", total.Rows)
	}
	if total.Kind == Unknown {
		total = Total{}
	}
	if len(items) == 0 && r.page > 1 && r.offset.config.RefuseBeyondEnd {
		return nil, &ParamError{Param: r.offset.config.PageParam, Reason: "is beyond the last page", status: http.StatusNotFound}
	}
	return &OffsetPage[T]{Items: items, request: r, total: total, surplus: surplus}, nil
}

// Page returns the number of the page, from 1.
func (p *OffsetPage[T]) Page() int { return p.request.page }

// PerPage returns the page size in rows.
func (p *OffsetPage[T]) PerPage() int { return p.request.perPage }

// MaxPerPage returns the largest page size that a client can ask for.
func (p *OffsetPage[T]) MaxPerPage() int { return p.request.offset.config.MaxPerPage }

// Total returns what is known of the number of rows.
func (p *OffsetPage[T]) Total() Total { return p.total }

// Pages returns the number of pages that the total makes; it is as exact as
// the total. It is 0 for an empty list and if nothing is known.
func (p *OffsetPage[T]) Pages() int {
	perPage := int64(p.request.perPage)
	return int((p.total.Rows + perPage - 1) / perPage)
}

// HasNext reports whether rows follow. It needs no total.
func (p *OffsetPage[T]) HasNext() bool {
	return p.surplus || p.total.Kind == Exact && p.Page() < p.Pages()
}

// HasPrev reports whether there is a page before.
func (p *OffsetPage[T]) HasPrev() bool { return p.PrevNum() > 0 }

// NextNum returns the number of the next page, or 0 if there is none or it is
// deeper than [OffsetConfig.MaxOffset] lets a client go.
func (p *OffsetPage[T]) NextNum() int {
	if next := p.Page() + 1; p.HasNext() && next <= p.request.deepest() {
		return next
	}
	return 0
}

// PrevNum returns the number of the page before, or 0 on page one. From beyond
// the end it leads to the last page, if the total is exact, and is 0 if the
// list is empty.
func (p *OffsetPage[T]) PrevNum() int {
	if p.total.Kind == Exact {
		return min(p.Page()-1, p.Pages())
	}
	return p.Page() - 1
}

// First returns the number of the first item in the list, from 1, or 0 if the
// page is empty.
func (p *OffsetPage[T]) First() int {
	if len(p.Items) == 0 {
		return 0
	}
	return p.request.Offset() + 1
}

// Last returns the number of the last item in the list, or 0 if the page is
// empty.
func (p *OffsetPage[T]) Last() int {
	if len(p.Items) == 0 {
		return 0
	}
	return p.request.Offset() + len(p.Items)
}

// lastNum returns the number of the last page and whether that is known to be
// the last and can be asked for.
func (p *OffsetPage[T]) lastNum() (n int, known bool) {
	n = p.Pages()
	known = p.total.Kind == Exact
	if !known && !p.HasNext() && len(p.Items) > 0 {
		n, known = p.Page(), true // this one is the last
	}
	if p.HasNext() {
		n = max(n, p.Page()+1) // rows may have come since they were counted
	}
	if deepest := p.request.deepest(); n > deepest {
		return deepest, false
	}
	return n, known
}

// Edges says how many page numbers [OffsetPage.IterPages] gives at the ends of
// the list and around the current page. A zero field means the default, a
// negative one none.
type Edges struct {
	LeftEdge     int // from page one on; default 2
	LeftCurrent  int // before the current page; default 2
	RightCurrent int // after the current page; default 4
	RightEdge    int // up to the last page; default 2
}

func (e Edges) withDefaults() Edges {
	edge := func(n, otherwise int) int {
		if n == 0 {
			return otherwise
		}
		return max(0, n)
	}
	return Edges{
		LeftEdge: edge(e.LeftEdge, 2), LeftCurrent: edge(e.LeftCurrent, 2),
		RightCurrent: edge(e.RightCurrent, 4), RightEdge: edge(e.RightEdge, 2),
	}
}

// IterPages gives the numbers for a row of links to pages, and 0 where numbers
// are left out: for page 7 of 20, with the default edges,
// 1 2 0 5 6 7 8 9 10 11 0 19 20. It gives only pages that can be asked for,
// and ends with a 0 if more may follow. Cost: what it gives, however many
// pages there are.
func (p *OffsetPage[T]) IterPages(edges Edges) iter.Seq[int] {
	edges = edges.withDefaults()
	last, known := p.lastNum()
	if !known {
		edges.RightEdge = 0 // the edge is not in sight
	}
	spans := [...]struct{ from, to int }{
		{1, edges.LeftEdge},
		{p.Page() - edges.LeftCurrent, p.Page() + min(edges.RightCurrent, last)},
		{last - min(edges.RightEdge, last) + 1, last},
	}
	return func(yield func(int) bool) {
		done := 0
		for _, s := range spans {
			from, to := max(s.from, done+1), min(s.to, last)
			if from > to {
				continue
			}
			if from > done+1 && !yield(0) {
				return
			}
			for n := from; n <= to; n++ {
				if !yield(n) {
					return
				}
			}
			done = to
		}
		if done < last || !known && p.HasNext() {
			yield(0)
		}
	}
}

// Link returns the value of a Link header (RFC 8288) for a page at u, with the
// relations first, prev, next and last as far as they are known. All other
// parameters of the request are kept. With the URL of a request the links are
// relative; a service behind a proxy that changes paths gives its public URL.
func (p *OffsetPage[T]) Link(u *url.URL) string {
	c := p.request.offset.config
	l := newLinks(u, p.request.values, c.PerPageParam, p.request.perPage)
	l.add("first", c.PageParam, "1")
	if n := p.PrevNum(); n > 0 {
		l.add("prev", c.PageParam, strconv.Itoa(n))
	}
	if n := p.NextNum(); n > 0 {
		l.add("next", c.PageParam, strconv.Itoa(n))
	}
	if n, known := p.lastNum(); known && n > 0 {
		l.add("last", c.PageParam, strconv.Itoa(n))
	}
	return l.String()
}

// MarshalJSON returns the envelope: items, page, per_page, max_per_page,
// total, total_kind, pages, has_prev, has_next, prev_page, next_page, first
// and last. What is not known, or does not exist, is null.
func (p *OffsetPage[T]) MarshalJSON() ([]byte, error) {
	var total *int64
	var pages *int
	if p.total.Kind != Unknown {
		n := p.Pages()
		total, pages = &p.total.Rows, &n
	}
	return json.Marshal(struct {
		Items      []T        `json:"items"`
		Page       int        `json:"page"`
		PerPage    int        `json:"per_page"`
		MaxPerPage int        `json:"max_per_page"`
		Total      *int64     `json:"total"`
		TotalKind  *TotalKind `json:"total_kind"`
		Pages      *int       `json:"pages"`
		HasPrev    bool       `json:"has_prev"`
		HasNext    bool       `json:"has_next"`
		PrevPage   *int       `json:"prev_page"`
		NextPage   *int       `json:"next_page"`
		First      *int       `json:"first"`
		Last       *int       `json:"last"`
	}{
		p.Items, p.Page(), p.PerPage(), p.MaxPerPage(), total, orNull(p.total.Kind), pages,
		p.HasPrev(), p.HasNext(), orNull(p.PrevNum()), orNull(p.NextNum()), orNull(p.First()), orNull(p.Last()),
	})
}
