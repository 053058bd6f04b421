package page

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
)

// An Offset makes pages that have numbers. It is safe for concurrent use.
type Offset struct {
	dialect Dialect
	config  OffsetConfig
}

// NewOffset returns an Offset. An error names every field of cfg that is
// wrong.
func NewOffset(dialect Dialect, cfg OffsetConfig) (*Offset, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(checkDialect(dialect), cfg.validate()); err != nil {
		return nil, err
	}
	return &Offset{dialect: dialect, config: cfg}, nil
}

// Parse reads a request for a page: ?page=, ?per_page= and, if the list has
// orders, ?sort=. Every error is a [*ParamError].
func (o *Offset) Parse(values url.Values) (OffsetRequest, error) {
	r := OffsetRequest{offset: o, values: maps.Clone(values)}
	var err error
	if o.config.sorted() {
		if r.terms, err = o.config.Sort.parse(values); err != nil {
			return OffsetRequest{}, err
		}
	}
	if r.perPage, err = size(values, o.config.PerPageParam, o.config.PerPage, o.config.MaxPerPage); err != nil {
		return OffsetRequest{}, err
	}
	if r.page, err = positive(values, o.config.PageParam, 1); err != nil {
		return OffsetRequest{}, err
	}
	if deepest := r.deepest(); r.page > deepest {
		return OffsetRequest{}, &ParamError{
			Param:  o.config.PageParam,
			Reason: fmt.Sprintf("must be at most %d with %d per page: narrow the search to see more", deepest, r.perPage),
		}
	}
	return r, nil
}

// An OffsetRequest is a request for a page, understood. [Offset.Parse] makes
// it. It is safe for concurrent use.
type OffsetRequest struct {
	offset  *Offset
	values  url.Values
	terms   []term
	page    int
	perPage int
}

// Page returns the number of the page, from 1.
func (r OffsetRequest) Page() int { return r.page }

// PerPage returns the page size in rows.
func (r OffsetRequest) PerPage() int { return r.perPage }

// Offset returns how many rows lie before the page.
func (r OffsetRequest) Offset() int { return (r.page - 1) * r.perPage }

// Limit returns how many rows to read: one more than the page has, which
// tells whether another follows, whatever the total.
func (r OffsetRequest) Limit() int { return r.perPage + 1 }

// deepest returns the largest number of a page that may be asked for.
func (r OffsetRequest) deepest() int {
	rows := math.MaxInt - 2*r.perPage // neither Offset nor Last may overflow
	if bound := r.offset.config.MaxOffset; bound >= 0 {
		rows = min(rows, bound)
	}
	return rows/r.perPage + 1
}

// OrderBy returns the ORDER BY list, without the keyword, or "" if the list
// has no orders.
func (r OffsetRequest) OrderBy() string { return orderBy(r.offset.dialect, r.terms) }

// Query returns the statement that reads the page, and one row more, of base:
// any SELECT without LIMIT, and without ORDER BY if the list has orders. Args
// are base's own.
func (r OffsetRequest) Query(base string, args ...any) Query {
	sql := inner(base)
	if len(r.terms) > 0 {
		sql = "SELECT * FROM (" + sql + ") AS paged ORDER BY " + r.OrderBy()
	}
	b := &binder{dialect: r.offset.dialect, bound: len(args)}
	sql += " LIMIT " + b.bind(r.Limit())
	sql += " OFFSET " + b.bind(r.Offset())
	return Query{SQL: sql, Args: slices.Concat(args, b.args)}
}

// CountQuery returns the statement that counts the rows of base as far as
// [OffsetConfig.MaxCount] says; what it gives goes to [OffsetRequest.Counted].
// Base is best without ORDER BY. MySQL wants its columns to have different
// names.
func (r OffsetRequest) CountQuery(base string, args ...any) Query {
	limit := r.offset.config.MaxCount
	if limit < 0 {
		return Query{SQL: "SELECT count(*) FROM (" + inner(base) + ") AS counted", Args: slices.Clone(args)}
	}
	b := &binder{dialect: r.offset.dialect, bound: len(args)}
	sql := "SELECT count(*) FROM (SELECT 1 FROM (" + inner(base) + ") AS listed LIMIT " + b.bind(limit+1) + ") AS counted"
	return Query{SQL: sql, Args: slices.Concat(args, b.args)}
}

// Counted returns the total for what [OffsetRequest.CountQuery] gave.
func (r OffsetRequest) Counted(count int64) Total {
	if limit := r.offset.config.MaxCount; limit >= 0 && count > int64(limit) {
		return Total{Rows: int64(limit), Kind: AtLeast}
	}
	return Exactly(count)
}
