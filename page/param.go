package page

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// Values returns the query parameters of u, or a [*ParamError] if the query is
// malformed. It is for use instead of [url.URL.Query], which drops what it
// cannot read: ?page=%zz would become page one.
func Values(u *url.URL) (url.Values, error) {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, &ParamError{Reason: "is not a well-formed list of parameters"}
	}
	return values, nil
}

// single returns the one value of a parameter and whether it was given.
func single(values url.Values, param string) (value string, given bool, err error) {
	all := values[param]
	switch {
	case len(all) == 0:
		return "", false, nil
	case len(all) > 1:
		return "", false, &ParamError{Param: param, Reason: "must be given once"}
	case all[0] == "":
		return "", false, &ParamError{Param: param, Reason: "must not be empty"}
	}
	return all[0], true, nil
}

// positive returns the value of a parameter that is a whole number from 1 on.
// One too large for an int is the largest int: the caller bounds it anyway.
func positive(values url.Values, param string, otherwise int) (int, error) {
	text, given, err := single(values, param)
	if err != nil || !given {
		return otherwise, err
	}
	if strings.Trim(text, "0123456789") != "" {
		return 0, &ParamError{Param: param, Reason: "must be a whole number of at least 1"}
	}
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt, nil
	}
	if err != nil || n < 1 {
		return 0, &ParamError{Param: param, Reason: "must be a whole number of at least 1"}
	}
	return n, nil
}

// Page sizes, in rows, that both kinds of page share.
const (
	// Not smaller: a list of ten is two requests for one screen. Not larger:
	// most clients look at the first few rows only.
	defaultPerPage = 20
	// Not smaller: programs that walk a list pay a round trip per page. Not
	// larger: a row of a list is some kilobytes with what is attached to it.
	defaultMaxPerPage = 100
	// Bound of the bound. Not smaller: an internal API may hand out large
	// pages. Not larger: such a page no longer fits in memory.
	maxMaxPerPage = 1_000_000
)

// size returns the page size that values ask for, at most limit.
func size(values url.Values, param string, otherwise, limit int) (int, error) {
	n, err := positive(values, param, otherwise)
	return min(n, limit), err
}

// sizeDefaults fills in the page size and its bound. A bound below the usual
// page size makes that smaller too.
func sizeDefaults(perPage, maxPerPage *int) {
	if *maxPerPage == 0 {
		*maxPerPage = max(defaultMaxPerPage, *perPage)
	}
	if *perPage == 0 {
		*perPage = min(defaultPerPage, *maxPerPage)
	}
}

// checkSize validates a page size and its bound.
func checkSize(config string, perPage, maxPerPage int) error {
	var errs []error
	if maxPerPage < 1 || maxPerPage > maxMaxPerPage {
		errs = append(errs, fmt.Errorf("page: %s.MaxPerPage is %d, want 1 to %d", config, maxPerPage, maxMaxPerPage))
	}
	if perPage < 1 || perPage > maxPerPage {
		errs = append(errs, fmt.Errorf("page: %s.PerPage is %d, want 1 to MaxPerPage, %d", config, perPage, maxPerPage))
	}
	return errors.Join(errs...)
}

// checkNames refuses two parameters of one name.
func checkNames(config string, names ...string) error {
	seen := make(map[string]bool)
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("page: %s gives two parameters the name %q", config, name)
		}
		seen[name] = true
	}
	return nil
}
