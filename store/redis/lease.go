package redis

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/internal/check"
)

// A lease on a key without a value is this and the holder's token, in the
// value's place.
const leasePrefix = "\x00lease\x00"

// A value that could be taken for a lease is stored behind this.
const escapePrefix = "\x00lease\x01"

// leaseHolder returns the token of a lease.
func leaseHolder(v []byte) (cache.Token, bool) {
	if len(v) != len(leasePrefix)+len(cache.Token{}) || string(v[:len(leasePrefix)]) != leasePrefix {
		return cache.Token{}, false
	}
	return cache.Token(v[len(leasePrefix):]), true
}

// escape returns what is stored for a value: the value, but for those that
// begin as leases and escaped values do.
func escape(v []byte) string {
	if len(v) >= len(leasePrefix) && string(v[:len(leasePrefix)-1]) == leasePrefix[:len(leasePrefix)-1] {
		return escapePrefix + string(v)
	}
	return rueidis.BinaryString(v)
}

// unescape returns the value of what is stored. It is not nil.
func unescape(v []byte) []byte {
	if len(v) == 0 {
		return []byte{}
	}
	if v[0] != 0 {
		return v
	}
	return bytes.TrimPrefix(v, []byte(escapePrefix))
}

// Claim implements [cache.Store]. With an error, the items of keys that were
// answered for are right, and the others Absent.
//
// Where there is no room for a lease, or only a replica, values are still
// found. A value that runs out during its refresh leaves the key to the next
// Claim: the refresh lease ends then.
func (s *Store) Claim(ctx context.Context, keys []string, c cache.Claim) ([]cache.Item, error) {
	life, err := milliseconds(c.Life)
	if err == nil {
		err = check.Keys(keys)
	}
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	claim := claim{store: s, keys: keys, token: string(c.Token[:]), life: life, items: make([]cache.Item, len(keys))}
	if c.Refresh || s.scripted.Load() {
		return claim.items, claim.byScript(ctx, nil, c.Refresh)
	}
	return claim.items, claim.byCommand(ctx)
}

// claim is one [Store.Claim].
type claim struct {
	store  *Store
	keys   []string
	token  string
	life   string
	items  []cache.Item
	failed firstError
}

// byCommand claims with one command for each key, which Redis has since 7.0:
// it returns what is there, or puts a lease there.
func (c *claim) byCommand(ctx context.Context) error {
	lease := leasePrefix + c.token
	results, err := c.store.conn.doMulti(ctx, func(b rueidis.Builder) []rueidis.Completed {
		cmds := make([]rueidis.Completed, len(c.keys))
		for i, k := range c.keys {
			args := b.Arbitrary("SET").Keys(k).Args(lease, "NX", "GET")
			if c.life != "0" {
				args = args.Args("PX", c.life)
			}
			cmds[i] = args.Build()
		}
		return cmds
	})
	if err != nil {
		return unavailable("claim", err)
	}
	var atomically, read []int // keys for the script, and to read only
	var refusal error
	for i, r := range results {
		v, err := r.AsBytes()
		switch {
		case rueidis.IsRedisNil(err):
			c.items[i].State = cache.Granted
		case isSyntax(err):
			c.store.scripted.Store(true)
			atomically = append(atomically, i)
		case isRefusedWrite(err):
			refusal = err
			read = append(read, i)
		case err != nil:
			c.failed.note(failure("claim", c.keys[i], err))
		default:
			holder, leased := leaseHolder(v)
			switch {
			case !leased:
				c.items[i] = cache.Item{State: cache.Found, Value: unescape(v)}
			case string(holder[:]) == c.token: // it gets a new life
				atomically = append(atomically, i)
			default:
				c.items[i].State = cache.Held
			}
		}
	}
	if len(atomically) > 0 {
		c.failed.note(c.byScript(ctx, atomically, false))
	}
	if len(read) > 0 {
		c.readOnly(ctx, read, refusal)
	}
	return c.failed.err
}

// byScript claims the keys at some places, nil for all.
func (c *claim) byScript(ctx context.Context, places []int, refresh bool) error {
	if places == nil {
		places = make([]int, len(c.keys))
		for i := range places {
			places[i] = i
		}
	}
	mode := "0"
	if refresh {
		mode = "1"
	}
	calls := make([]scriptCall, len(places))
	for i, at := range places {
		calls[i] = onKey(c.keys[at], c.token, c.life, mode)
	}
	results, err := c.store.run(ctx, claimScript, calls)
	if err != nil {
		return unavailable("claim", err)
	}
	for i, r := range results {
		at := places[i]
		m, err := r.ToMessage()
		switch {
		case err != nil:
			c.failed.note(failure("claim", c.keys[at], err))
		case m.IsInt64():
			n, _ := m.AsInt64() // it is one
			c.items[at].State = cache.Held
			if n == 1 {
				c.items[at].State = cache.Granted
			}
		default:
			v, err := m.AsBytes()
			if err != nil {
				c.failed.note(failure("claim", c.keys[at], err))
				continue
			}
			c.items[at] = cache.Item{State: cache.Found, Value: unescape(v)}
		}
	}
	return c.failed.err
}

// readOnly reads the keys at some places, whose claims were refused. Where
// there is no value, the refusal is the answer.
func (c *claim) readOnly(ctx context.Context, places []int, refusal error) {
	keys := make([]string, len(places))
	for i, at := range places {
		keys[i] = c.keys[at]
	}
	items, err := c.store.GetMany(ctx, keys)
	c.failed.note(err)
	for i, it := range items {
		c.items[places[i]] = it
		if it.State != cache.Found {
			c.failed.note(unavailable("claim", refusal))
		}
	}
}

// Extend implements [cache.Store].
func (s *Store) Extend(ctx context.Context, keys []string, token cache.Token, life time.Duration) (int, error) {
	ms, err := milliseconds(life)
	if err == nil {
		err = check.Keys(keys)
	}
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	return s.runSum(ctx, "extend", extendScript, keyCalls(keys, string(token[:]), ms))
}

// Fill implements [cache.Store].
func (s *Store) Fill(ctx context.Context, entries []cache.Entry, token cache.Token) ([]bool, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	calls, err := s.entryCalls(entries, string(token[:]))
	if err != nil {
		return nil, err
	}
	results, err := s.run(ctx, fillScript, calls)
	if err != nil {
		return nil, unavailable("fill", err)
	}
	var failed firstError
	stored := make([]bool, len(entries))
	for i, r := range results {
		n, err := r.AsInt64()
		if err != nil {
			failed.note(failure("fill", entries[i].Key, err))
		}
		stored[i] = n == 1
	}
	return stored, failed.err
}

// Release implements [cache.Store].
func (s *Store) Release(ctx context.Context, keys []string, token cache.Token) error {
	if err := check.Keys(keys); err != nil || len(keys) == 0 {
		return err
	}
	_, err := s.runSum(ctx, "release", releaseScript, keyCalls(keys, string(token[:])))
	return err
}

func isForeign(err error) bool { return errors.Is(err, ErrForeign) }
