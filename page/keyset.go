package page

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// A Keyset makes pages that begin after the last row of the page before. It
// is safe for concurrent use.
type Keyset struct {
	dialect Dialect
	sort    Sort
	config  KeysetConfig
	keys    keyring
}

// NewKeyset returns a Keyset for lists with these orders. An error names
// everything that is wrong: an order that is not total, above all.
func NewKeyset(dialect Dialect, sort Sort, cfg KeysetConfig) (*Keyset, error) {
	sort, cfg = sort.withDefaults(), cfg.withDefaults()
	err := errors.Join(checkDialect(dialect), sort.validate(), cfg.validate(sort.Param))
	if err != nil {
		return nil, err
	}
	return &Keyset{dialect: dialect, sort: sort, config: cfg, keys: newKeyring(cfg.Keys)}, nil
}

func checkDialect(d Dialect) error {
	if !d.valid() {
		return fmt.Errorf("page: the dialect is %q, want a Dialect constant", string(d))
	}
	return nil
}

// Parse reads a request for a page: ?cursor=, ?per_page= and ?sort=. A cursor
// is bound to the sort, to all other parameters, and to scope, which is what
// else chooses the rows: a customer in the path, the user's tenant. Every
// error is a [*ParamError].
func (k *Keyset) Parse(values url.Values, scope ...string) (KeysetRequest, error) {
	terms, err := k.sort.parse(values)
	if err != nil {
		return KeysetRequest{}, err
	}
	perPage, err := size(values, k.config.PerPageParam, k.config.PerPage, k.config.MaxPerPage)
	if err != nil {
		return KeysetRequest{}, err
	}
	now := time.Now()
	r := KeysetRequest{
		keyset: k, values: maps.Clone(values), terms: terms, perPage: perPage, now: now,
		at: cursor{list: k.fingerprint(terms, values, scope)},
	}
	text, given, err := single(values, k.config.CursorParam)
	if err != nil || !given {
		return r, err
	}
	if r.at, err = k.open(text, r.at.list, terms, now); err != nil {
		return KeysetRequest{}, &ParamError{Param: k.config.CursorParam, Reason: cursorReason(err), Err: err}
	}
	return r, nil
}

// open returns the cursor with this text if it belongs to the list and has
// not expired.
func (k *Keyset) open(text string, list fingerprint, terms []term, now time.Time) (cursor, error) {
	c, err := k.keys.open(text)
	switch {
	case err != nil:
		return cursor{}, err
	case c.list != list:
		return cursor{}, ErrCursorForeign
	case !c.expires.IsZero() && !now.Before(c.expires):
		return cursor{}, ErrCursorExpired
	case c.values != nil && len(c.values) != len(terms):
		return cursor{}, ErrCursorInvalid
	}
	for i, v := range c.values {
		if v == nil && terms[i].nulls == NotNull {
			return cursor{}, ErrCursorInvalid
		}
	}
	return c, nil
}

func cursorReason(err error) string {
	switch {
	case errors.Is(err, ErrCursorForeign):
		return "belongs to another list, sort or filter"
	case errors.Is(err, ErrCursorExpired):
		return "has expired"
	}
	return "is not valid"
}

// fingerprint covers all that decides which rows a list has and in what order.
func (k *Keyset) fingerprint(terms []term, values url.Values, scope []string) fingerprint {
	parts := []string{k.config.Name, strconv.Itoa(len(terms))}
	for _, t := range terms {
		parts = append(parts, t.name, t.expr, t.cast, strconv.FormatBool(t.desc), strconv.Itoa(int(t.nulls)))
	}
	parts = append(parts, strconv.Itoa(len(scope)))
	parts = append(parts, scope...)
	for _, param := range slices.Sorted(maps.Keys(values)) {
		own := param == k.config.CursorParam || param == k.config.PerPageParam || param == k.sort.Param
		if own || slices.Contains(k.config.Unbound, param) {
			continue
		}
		parts = append(parts, param, strconv.Itoa(len(values[param])))
		parts = append(parts, values[param]...)
	}
	return fingerprintOf(parts)
}

// A KeysetRequest is a request for a page, understood. [Keyset.Parse] makes
// it. It is safe for concurrent use.
type KeysetRequest struct {
	keyset  *Keyset
	values  url.Values
	terms   []term
	perPage int
	at      cursor
	now     time.Time
}

// PerPage returns the page size in rows.
func (r KeysetRequest) PerPage() int { return r.perPage }

// Clauses are parts of a SELECT, for statements that are put together by hand:
//
//	… WHERE active AND {Where} ORDER BY {OrderBy} {Limit}
type Clauses struct {
	Where   string // a predicate, always true on a first page
	OrderBy string // the list, without the keyword
	Limit   string // with its keyword
	Args    []any  // of Where, then of Limit
}

// Clauses returns the parts of the statement that reads the page and one row
// more. Bound is how many arguments the text before Where has. A page before a
// cursor is read backward: [NewKeysetPage] turns its rows round.
func (r KeysetRequest) Clauses(bound int) Clauses {
	terms := r.terms
	if r.at.backward {
		terms = reversed(terms)
	}
	b := &binder{dialect: r.keyset.dialect, bound: bound}
	c := Clauses{Where: "1 = 1", OrderBy: orderBy(r.keyset.dialect, terms)}
	if r.at.values != nil {
		c.Where = b.after(terms, r.at.values)
	}
	c.Limit = "LIMIT " + b.bind(r.perPage+1)
	c.Args = b.args
	return c
}

// Query returns the statement that reads the page, and one row more, of base:
// any SELECT without ORDER BY whose columns the Exprs of the [Sort] name, such
// as the text of a statement that sqlc generated. Args are base's own. The
// planners see through the subquery unless base groups, or has DISTINCT, UNION
// or a limit.
func (r KeysetRequest) Query(base string, args ...any) Query {
	c := r.Clauses(len(args))
	return Query{
		SQL:  "SELECT * FROM (" + inner(base) + ") AS paged WHERE " + c.Where + " ORDER BY " + c.OrderBy + " " + c.Limit,
		Args: slices.Concat(args, c.Args),
	}
}
