package memcached

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"github.com/bradfitz/gomemcache/memcache"
)

// A ledger has the generations of a namespace. They begin with the
// microseconds since 1970, and there are not so many invalidations: a new
// ledger is above one that was lost.
type ledger struct {
	now    int64 // the present generation
	floor  int64 // no tag is of an earlier one
	filter [filterLen]byte
	cas    uint64
}

// The filter is a Bloom filter of 4 bits for each tag
// (https://en.wikipedia.org/wiki/Bloom_filter). With 1000 tags it is wrong
// about one in 6000 others, with 10,000 about one in four: those seem forgotten
// when they are first met, which costs their entries once. Not smaller: half of
// it is wrong ten times as often. Not larger: it is read with the generations.
const (
	filterLen  = 4 << 10
	filterBits = 4
)

func ledgerName(namespace string) string { return hashed("{n}", namespace) }

func ledgerOf(item *memcache.Item) (*ledger, error) {
	b := item.Value
	if len(b) != 16+filterLen {
		return nil, unavailable(fmt.Errorf("%s is no ledger: flush the servers", item.Key))
	}
	return &ledger{
		now:    int64(binary.BigEndian.Uint64(b)),
		floor:  int64(binary.BigEndian.Uint64(b[8:])),
		filter: [filterLen]byte(b[16:]),
		cas:    item.CasID,
	}, nil
}

func (l *ledger) item(name string) *memcache.Item {
	b := make([]byte, 0, 16+filterLen)
	b = binary.BigEndian.AppendUint64(b, uint64(l.now))
	b = binary.BigEndian.AppendUint64(b, uint64(l.floor))
	return &memcache.Item{Key: name, Value: append(b, l.filter[:]...), CasID: l.cas}
}

// knows reports whether a tag may have been added. It is never wrong if it was.
func (l *ledger) knows(tag string) bool {
	for _, bit := range bitsOf(tag) {
		if l.filter[bit/8]&(1<<(bit%8)) == 0 {
			return false
		}
	}
	return true
}

func (l *ledger) add(tag string) {
	for _, bit := range bitsOf(tag) {
		l.filter[bit/8] |= 1 << (bit % 8)
	}
}

// bitsOf returns the bits of a tag, by 15 bits of a hash each.
func bitsOf(tag string) (bits [filterBits]uint64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(tag)) // never fails
	sum := h.Sum64()
	for i := range bits {
		bits[i] = sum % (8 * filterLen)
		sum >>= 15
	}
	return bits
}
