package page

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
)

// A KeysetPage is one page of a list. It must not be changed while others
// read it.
type KeysetPage[T any] struct {
	Items []T // never nil

	request          KeysetRequest
	hasPrev, hasNext bool
	prev, next, last string // cursors
}

// NewKeysetPage makes the page of the rows that r's statement gave. Key
// returns what an item has in the columns of the [Sort], by name: text,
// numbers, booleans, bytes, times, arrays of 16 bytes for UUIDs, nil for NULL,
// pointers to these and [database/sql/driver.Valuer]s. They must be exactly what the database compares: a decimal
// as text, a time with all its microseconds, and as text if the database keeps
// it as text. Key is called for the first and the last item only.
//
// An error is a mistake of the program: a key without a column of the order,
// of a type that no cursor keeps, or NULL in a column that is NotNull; or more
// rows than the statement can give.
func NewKeysetPage[T any](r KeysetRequest, rows []T, key func(T) map[string]any) (*KeysetPage[T], error) {
	items, surplus, err := cutSurplus(rows, r.perPage)
	if err != nil {
		return nil, err
	}
	p := &KeysetPage[T]{Items: items, request: r}
	// Behind the page lies the row that the cursor was made of; ahead lies a
	// row if one more was found than fits.
	behind := r.at.values != nil
	if r.at.backward {
		slices.Reverse(p.Items)
		p.hasPrev, p.hasNext = surplus, behind
	} else {
		p.hasPrev, p.hasNext = behind, surplus
	}
	if p.prev, err = p.cursor(p.hasPrev, true, key); err != nil {
		return nil, err
	}
	if p.next, err = p.cursor(p.hasNext, false, key); err != nil {
		return nil, err
	}
	if p.hasNext {
		p.last, err = r.sign(cursor{backward: true})
	}
	return p, err
}

// cutSurplus returns a copy of the rows that fit a page and whether there was
// one more.
func cutSurplus[T any](rows []T, perPage int) (items []T, surplus bool, err error) {
	if len(rows) > perPage+1 {
		return nil, false, fmt.Errorf("page: %d rows for a page of %d: read them with the statement of the request", len(rows), perPage)
	}
	items = append(make([]T, 0, perPage), rows[:min(len(rows), perPage)]...)
	return items, len(rows) > perPage, nil
}

// cursor returns the cursor of the page before or after p, if there is one.
// If p is empty, that is the page at the edge: all rows are on the side that
// the request came from.
func (p *KeysetPage[T]) cursor(exists, backward bool, key func(T) map[string]any) (string, error) {
	if !exists {
		return "", nil
	}
	c := cursor{backward: backward}
	if len(p.Items) > 0 {
		boundary := p.Items[len(p.Items)-1]
		if backward {
			boundary = p.Items[0]
		}
		values := key(boundary)
		for _, t := range p.request.terms {
			v, ok := values[t.name]
			if !ok {
				return "", fmt.Errorf("page: the key of a row has no %q, want all columns of the order", t.name)
			}
			v, err := plain(v)
			if err != nil {
				return "", fmt.Errorf("page: column %q: %w", t.name, err)
			}
			if v == nil && t.nulls == NotNull {
				return "", fmt.Errorf("page: column %q is NotNull and a row has NULL in it: say NullsFirst or NullsLast", t.name)
			}
			c.values = append(c.values, v)
		}
	}
	return p.request.sign(c)
}

// sign completes c with what it is bound to.
func (r KeysetRequest) sign(c cursor) (string, error) {
	c.list = r.at.list
	if ttl := r.keyset.config.CursorTTL; ttl > 0 {
		c.expires = r.now.Add(ttl)
	}
	return r.keyset.keys.sign(c)
}

// PerPage returns the page size in rows.
func (p *KeysetPage[T]) PerPage() int { return p.request.perPage }

// HasNext reports whether rows follow. On a page that was reached backward
// they did when the cursor was made.
func (p *KeysetPage[T]) HasNext() bool { return p.hasNext }

// HasPrev reports whether rows come before. On a page that was reached forward
// they did when the cursor was made.
func (p *KeysetPage[T]) HasPrev() bool { return p.hasPrev }

// NextCursor returns the cursor of the next page, or "".
func (p *KeysetPage[T]) NextCursor() string { return p.next }

// PrevCursor returns the cursor of the page before, or "".
func (p *KeysetPage[T]) PrevCursor() string { return p.prev }

// Link returns the value of a Link header for a page at u, with the relations
// first, prev, next and last as far as they exist; see [OffsetPage.Link]. The
// last page has as many rows as any other, if there are as many: it is read
// from the end.
func (p *KeysetPage[T]) Link(u *url.URL) string {
	k := p.request.keyset
	l := newLinks(u, p.request.values, k.config.PerPageParam, p.request.perPage)
	l.add("first", k.config.CursorParam, "")
	for _, to := range []struct{ rel, cursor string }{{"prev", p.prev}, {"next", p.next}, {"last", p.last}} {
		if to.cursor != "" {
			l.add(to.rel, k.config.CursorParam, to.cursor)
		}
	}
	return l.String()
}

// MarshalJSON returns the envelope: items, per_page, has_prev, has_next,
// prev_cursor and next_cursor, which are null where there is no page.
func (p *KeysetPage[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Items      []T     `json:"items"`
		PerPage    int     `json:"per_page"`
		HasPrev    bool    `json:"has_prev"`
		HasNext    bool    `json:"has_next"`
		PrevCursor *string `json:"prev_cursor"`
		NextCursor *string `json:"next_cursor"`
	}{p.Items, p.PerPage(), p.hasPrev, p.hasNext, orNull(p.prev), orNull(p.next)})
}

// orNull returns nil, JSON's null, for a zero value.
func orNull[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
