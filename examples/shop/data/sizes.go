package data

import (
	"errors"
	"fmt"
)

// Sizes says how much trade [Seed] makes up. A zero field means its default.
// Each order has one to five lines, three on average.
type Sizes struct {
	Customers int // default 5,000
	Products  int // default 1,000, at most 3,600: the range has no more
	Orders    int // default 100,000
}

func (s Sizes) withDefaults() Sizes {
	if s.Customers == 0 {
		s.Customers = 5_000
	}
	if s.Products == 0 {
		s.Products = 1_000
	}
	if s.Orders == 0 {
		s.Orders = 100_000
	}
	return s
}

func (s Sizes) validate() error {
	var errs []error
	if s.Customers < 1 {
		errs = append(errs, fmt.Errorf("data: Sizes.Customers is %d, want > 0", s.Customers))
	}
	if s.Products < maxLines || s.Products > maxProducts {
		errs = append(errs, fmt.Errorf("data: Sizes.Products is %d, want %d to %d", s.Products, maxLines, maxProducts))
	}
	if s.Orders < 1 {
		errs = append(errs, fmt.Errorf("data: Sizes.Orders is %d, want > 0", s.Orders))
	}
	return errors.Join(errs...)
}
