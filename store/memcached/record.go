package memcached

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/hone-go/hone/cache"
)

// A record is what an item says of a key: its value and its lease.
type record struct {
	hasValue bool
	value    []byte
	ends     int64 // of the value, in milliseconds since 1970; 0 is never

	hasLease bool
	token    cache.Token
	until    int64 // the lease's end, likewise

	cas uint64 // of the item; 0: there is none
}

// An item's flags. Others are those of foreign items, which count as absent.
const (
	flagItem  = 0x686F_0000
	flagValue = 1
	flagLease = 2
)

// recordOf reads an item as it is now: what has ended is not there.
func recordOf(item *memcache.Item, now int64) record {
	r := record{cas: item.CasID}
	b, flags := item.Value, item.Flags
	if flags&^(flagValue|flagLease) != flagItem {
		return record{cas: item.CasID}
	}
	if flags&flagLease != 0 {
		if len(b) < 8+len(r.token) {
			return record{cas: item.CasID}
		}
		r.until = int64(binary.BigEndian.Uint64(b))
		r.token = cache.Token(b[8:])
		r.hasLease = r.until > now
		b = b[8+len(r.token):]
	}
	if flags&flagValue != 0 && len(b) >= 8 {
		r.ends = int64(binary.BigEndian.Uint64(b))
		r.hasValue = r.ends == 0 || r.ends > now
		r.value = b[8:len(b):len(b)]
	}
	return r
}

// item returns the item of the record. One with neither value nor lease is as
// good as none, and ends soon.
func (r *record) item(name string, now int64) *memcache.Item {
	item := &memcache.Item{Key: name, Flags: flagItem, Expiration: 1, CasID: r.cas}
	b := make([]byte, 0, 8+len(r.token)+8+len(r.value))
	last := int64(0)
	if r.hasLease {
		item.Flags |= flagLease
		b = binary.BigEndian.AppendUint64(b, uint64(r.until))
		b = append(b, r.token[:]...)
		last = r.until
	}
	if r.hasValue {
		item.Flags |= flagValue
		b = binary.BigEndian.AppendUint64(b, uint64(r.ends))
		b = append(b, r.value...)
		last = max(last, r.ends)
	}
	item.Value = b
	switch {
	case r.hasValue && r.ends == 0:
		item.Expiration = 0
	case last != 0:
		item.Expiration = expiration(last, now)
	}
	return item
}

// isFree reports whether the token may have the lease.
func (r *record) isFree(token cache.Token) bool { return !r.hasLease || r.token == token }

func (r *record) isHeldBy(token cache.Token) bool { return r.hasLease && r.token == token }

// setLease gives the token the lease.
func (r *record) setLease(token cache.Token, until int64) {
	r.hasLease, r.token, r.until = true, token, until
}

// dropLease ends the lease.
func (r *record) dropLease() { r.hasLease, r.token, r.until = false, cache.Token{}, 0 }

// setValue stores a value and ends the lease.
func (r *record) setValue(value []byte, ends int64) {
	r.hasValue, r.value, r.ends = true, value, ends
	r.dropLease()
}

// expiration returns an end in memcached's terms: seconds from now, or a point
// in time if that is far. The server counts whole seconds and may be almost one
// ahead in its count: one more makes it never early. The record has the true
// end.
func expiration(end, now int64) int32 {
	const month = 30 * 24 * 60 * 60
	if seconds := (end-now+999)/1000 + 1; seconds < month {
		return int32(seconds)
	}
	if at := (end+999)/1000 + 1; at <= math.MaxInt32 {
		return int32(at)
	}
	return 0 // after 2038: the record alone knows
}

// nameOf returns the name of a key's item.
func nameOf(key string) string {
	for i := range len(key) {
		if c := key[i]; c <= ' ' || c >= 0x7f {
			return hashed("{k}", key)
		}
	}
	return key
}

// hashed returns a name that no key has: keys have no braces.
func hashed(prefix, s string) string {
	sum := sha256.Sum256([]byte(s))
	return string(base64.RawURLEncoding.AppendEncode([]byte(prefix), sum[:]))
}
