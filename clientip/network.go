package clientip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// networks is a set of addresses: prefixes in order, none within another.
type networks []netip.Prefix

// newNetworks returns the addresses of the prefixes, which are masked.
func newNetworks(prefixes []netip.Prefix) networks {
	sorted := slices.Clone(prefixes)
	slices.SortFunc(sorted, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits() // the wider first
	})
	var set networks
	for _, p := range sorted {
		// Two prefixes are disjoint or one holds the other.
		if len(set) == 0 || !set[len(set)-1].Contains(p.Addr()) {
			set = append(set, p)
		}
	}
	return set
}

// contains reports whether one of them has addr. Cost: logarithmic, and no
// allocation.
func (n networks) contains(addr netip.Addr) bool {
	low, high := 0, len(n)
	for low < high { // to the first that begins after addr
		if mid := (low + high) / 2; n[mid].Addr().Compare(addr) <= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low > 0 && n[low-1].Contains(addr)
}

// ParseNetworks reads networks such as "10.0.0.0/8", or addresses, separated
// by commas or white space; the rest of a line after # is a comment. It is for
// lists from files and the environment. The error joins all problems.
func ParseNetworks(text string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	var errs []error
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return r <= ' ' || r == ',' }) {
			p, err := netip.ParsePrefix(word)
			if err != nil && !strings.Contains(word, "/") {
				var addr netip.Addr
				if addr, err = netip.ParseAddr(word); err == nil {
					p, err = addr.Prefix(addr.BitLen())
				}
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("clientip: %q is neither a network nor an address", word))
				continue
			}
			prefixes = append(prefixes, p)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return prefixes, nil
}
