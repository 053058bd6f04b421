package page

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// KeysetConfig configures a [Keyset]. Name and Keys are required.
type KeysetConfig struct {
	// Name names the list, such as "orders". A cursor of one list is refused
	// by a list of another name, even if they share keys and columns.
	Name string

	// Keys sign cursors: new ones with the first, and a cursor signed with any
	// of them is accepted. To rotate, put the new key second in every process,
	// then first, and drop the old one when its last cursor is no longer in
	// use. All processes of a service need the same keys.
	Keys []Key

	// PerPage is the page size, in rows, unless the client asks for another.
	// Default 20, or MaxPerPage if that is less.
	PerPage int

	// MaxPerPage is the largest page size: a client that asks for more gets
	// this. Default 100, or PerPage if that is more.
	MaxPerPage int

	// CursorTTL is how long a cursor is valid, in whole seconds. Default 0:
	// for ever.
	CursorTTL time.Duration

	// Unbound names parameters that do not choose rows, such as "fields". All
	// others are taken for the filter, and a cursor is refused if they differ
	// from those of the page that it comes from.
	Unbound []string

	// CursorParam and PerPageParam are the names of the parameters. Default
	// "cursor" and "per_page".
	CursorParam, PerPageParam string
}

func (c KeysetConfig) withDefaults() KeysetConfig {
	sizeDefaults(&c.PerPage, &c.MaxPerPage)
	if c.CursorParam == "" {
		c.CursorParam = "cursor"
	}
	if c.PerPageParam == "" {
		c.PerPageParam = "per_page"
	}
	c.Unbound = slices.Clone(c.Unbound)
	return c
}

func (c KeysetConfig) validate(sortParam string) error {
	var errs []error
	if c.Name == "" {
		errs = append(errs, errors.New("page: KeysetConfig.Name is empty, want a name that no other list has"))
	}
	if len(c.Keys) == 0 {
		errs = append(errs, errors.New("page: KeysetConfig.Keys is empty, want at least one"))
	}
	for i, k := range c.Keys {
		if len(k.ID) < 1 || len(k.ID) > maxKeyID {
			errs = append(errs, fmt.Errorf("page: KeysetConfig.Keys[%d].ID has %d bytes, want 1 to %d", i, len(k.ID), maxKeyID))
		}
		if len(k.Secret) < minSecret {
			errs = append(errs, fmt.Errorf("page: KeysetConfig.Keys[%d].Secret has %d bytes, want ≥ %d", i, len(k.Secret), minSecret))
		}
		if slices.ContainsFunc(c.Keys[:i], func(other Key) bool { return other.ID == k.ID }) {
			errs = append(errs, fmt.Errorf("page: KeysetConfig.Keys has the ID %q twice", k.ID))
		}
	}
	if c.CursorTTL < 0 || c.CursorTTL%time.Second != 0 {
		errs = append(errs, fmt.Errorf("page: KeysetConfig.CursorTTL is %v, want whole seconds, or 0 for no expiry", c.CursorTTL))
	}
	errs = append(errs,
		checkSize("KeysetConfig", c.PerPage, c.MaxPerPage),
		checkNames("KeysetConfig", c.CursorParam, c.PerPageParam, sortParam))
	return errors.Join(errs...)
}
