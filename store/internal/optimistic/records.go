package optimistic

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A Record is what is kept under a name.
type Record struct {
	Data    []byte
	Version uint64 // no two records of a name have the same; 0: there is none
}

// Records keeps records, by names of 22 letters, digits, - and _. Its errors
// match [ratelimit.ErrUnavailable]. It is safe for concurrent use.
type Records interface {
	// Read returns the records of names, in their order.
	Read(ctx context.Context, names []string) ([]Record, error)
	// Swap stores data under a name if the record of that version is still
	// there, or, with version 0, if there is none. It reports whether it has.
	// The record may be forgotten when its life is over.
	Swap(ctx context.Context, name string, version uint64, data []byte, life time.Duration) (bool, error)
	// Delete forgets what is kept under names.
	Delete(ctx context.Context, names []string) error
}

// nameOf names the bucket of a charge. Nobody can find two buckets with one
// name: that would be a collision of 128 bits of SHA-256. What the key was
// cannot be read from it.
func nameOf(c *ratelimit.Charge) string {
	b := make([]byte, 0, 256)
	for _, s := range []string{c.Scope, c.Key} {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, byte(c.Limit.Strategy))
	for _, n := range []int64{c.Limit.Amount, int64(c.Limit.Period), c.Limit.Burst} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
