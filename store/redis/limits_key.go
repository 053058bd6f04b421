package redis

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/hone-go/hone/ratelimit"
)

// limitKeyBytes is the length of a bucket's name: "limit:{", 11, "}:" and 22.
const limitKeyBytes = 42

// limitKey names the bucket of a charge.
func limitKey(c *ratelimit.Charge) string {
	var name [limitKeyBytes]byte
	return string(appendLimitKey(name[:0], c))
}

// appendLimitKey appends the name of the bucket of a charge. Keys of one
// Charge.Key share a slot. Nobody can find two buckets with one name: that would
// be a collision of 128 bits of SHA-256. What the key was cannot be read from
// it.
func appendLimitKey(out []byte, c *ratelimit.Charge) []byte {
	b := make([]byte, 0, 256)
	b = append(b, c.Key...)
	subject := sha256.Sum256(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(c.Key))) // read from its end, this is one to one
	b = append(b, c.Scope...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(c.Scope)))
	b = append(b, byte(c.Limit.Strategy))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Limit.Amount))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Limit.Period))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Limit.Burst))
	bucket := sha256.Sum256(b)
	out = append(out, "limit:{"...)
	out = base64.RawURLEncoding.AppendEncode(out, subject[:8])
	out = append(out, "}:"...)
	return base64.RawURLEncoding.AppendEncode(out, bucket[:16])
}
