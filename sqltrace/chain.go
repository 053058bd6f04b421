package sqltrace

import (
	"database/sql/driver"
	"slices"
)

// chain follows whether the key of an execution stands in the row that the
// execution before it returned, as it does in a walk up a tree:
//
//	for id != 0 {
//		row := load(id)
//		id = row.ParentID
//	}
type chain struct {
	row      row // of the latest execution; zero if it had none, or several
	compared int32
	hits     [maxPositions]int32 // by column of the row
}

// row holds hashes of the first columns of a row; 0 for those beyond its end,
// and for values that are no keys.
type row [maxPositions]uint32

// A walk's key is in the row before it, in one column, in at least half of the
// comparisons: walks from several nodes start anew at each, which for paths of
// three nodes fails one in three. Rows are looked at no longer once four of
// them had nothing of the next key: a loop over a list costs four looks.
const (
	minChained  = 0.5
	chainTrials = 4
)

// pays reports whether the next row is worth looking at.
func (c *chain) pays() bool { return c.compared < chainTrials || c.followed() }

// followed reports whether the executions so far are a walk.
func (c *chain) followed() bool {
	hits := slices.Max(c.hits[:])
	return hits > 0 && float64(hits) >= minChained*float64(c.compared)
}

// compare looks for what an execution asks for in the row before it. Only
// arguments that have changed count, of which varies has a bit each: a tenant's
// number, say, is in each row and in each question.
func (c *chain) compare(a *arguments, varies uint64) {
	if c.row == (row{}) {
		return
	}
	c.compared++
	for column, value := range c.row {
		for i, arg := range a.position[:min(int(a.n), maxPositions)] {
			if value != 0 && value == arg && varies&(1<<i) != 0 {
				c.hits[column]++
				break
			}
		}
	}
	c.row = row{}
}

// maxKeyBytes is the longest value that is hashed as a key. Not smaller: URNs
// and hashes in hexadecimal have some 64. Not larger: what is longer is text.
const maxKeyBytes = 128

// hashRow hashes the first columns of a row.
func (t *state) hashRow(values []driver.Value) row {
	var hashed row
	var a arguments
	for i, v := range values[:min(len(values), maxPositions)] {
		switch v := v.(type) {
		case nil, bool:
			continue
		case string:
			if len(v) > maxKeyBytes {
				continue
			}
		case []byte:
			if len(v) > maxKeyBytes {
				continue
			}
		}
		h, _ := t.hashValue(&a, v)
		hashed[i] = uint32(h)
	}
	return hashed
}

// keep remembers the first row of an execution, for the next to be compared
// with.
func (r *request) keep(e execution, first row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.use.again.chain.row = first
}
