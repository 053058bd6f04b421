package page

import (
	"errors"
	"fmt"
)

// OffsetConfig configures an [Offset]. The zero value is ready to use.
type OffsetConfig struct {
	// Sort says which orders the list has. Default: none; the statements that
	// are paged then have an ORDER BY of their own, which should be total, and
	// there is no ?sort=.
	Sort Sort

	// PerPage is the page size, in rows, unless the client asks for another.
	// Default 20, or MaxPerPage if that is less.
	PerPage int

	// MaxPerPage is the largest page size: a client that asks for more gets
	// this. Default 100, or PerPage if that is more.
	MaxPerPage int

	// MaxOffset is how many rows may lie before a page; the client is told to
	// narrow the search if it asks for a deeper one. Default 10,000; negative
	// means off. Not smaller: people page through some hundred pages. Not
	// larger: the database reads all those rows, some 10 ms for 10,000, for
	// each page again.
	MaxOffset int

	// MaxCount is up to how many rows [OffsetRequest.CountQuery] counts: from
	// there on the total is "10 000+". Default 10,000; negative counts to the
	// end, which can take minutes in a large table.
	MaxCount int

	// RefuseBeyondEnd makes a page without items, other than page one, a
	// [*ParamError] with status 404. Default: an empty page, whose link "prev"
	// leads back to the last page if the total is known.
	RefuseBeyondEnd bool

	// PageParam and PerPageParam are the names of the parameters. Default
	// "page" and "per_page".
	PageParam, PerPageParam string
}

const (
	defaultMaxOffset = 10_000 // rows
	defaultMaxCount  = 10_000 // rows
)

// sorted reports whether the orders of the list are known.
func (c OffsetConfig) sorted() bool { return len(c.Sort.Columns) > 0 || len(c.Sort.Unique) > 0 }

func (c OffsetConfig) withDefaults() OffsetConfig {
	sizeDefaults(&c.PerPage, &c.MaxPerPage)
	if c.MaxOffset == 0 {
		c.MaxOffset = defaultMaxOffset
	}
	if c.MaxCount == 0 {
		c.MaxCount = defaultMaxCount
	}
	if c.PageParam == "" {
		c.PageParam = "page"
	}
	if c.PerPageParam == "" {
		c.PerPageParam = "per_page"
	}
	c.Sort = c.Sort.withDefaults()
	return c
}

func (c OffsetConfig) validate() error {
	params := []string{c.PageParam, c.PerPageParam}
	errs := []error{checkSize("OffsetConfig", c.PerPage, c.MaxPerPage)}
	if c.MaxOffset > 0 && c.MaxOffset < c.MaxPerPage {
		errs = append(errs, fmt.Errorf("page: OffsetConfig.MaxOffset is %d, want at least MaxPerPage, %d: page two would be refused",
			c.MaxOffset, c.MaxPerPage))
	}
	if c.sorted() {
		params = append(params, c.Sort.Param)
		errs = append(errs, c.Sort.validate())
	}
	errs = append(errs, checkNames("OffsetConfig", params...))
	return errors.Join(errs...)
}
