package cachekey

import (
	"crypto/sha256"
	"encoding/base32"
)

// DigestLen is the length of a digest in bytes.
const DigestLen = 26

// digits are base32's in lower case: a key stays one word in any log and any
// store's alphabet.
var digits = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// AppendDigest appends the first 128 bits of the SHA-256 of an encoding to
// dst, as 26 letters and digits. Two keys share one with the probability
// 2^-64 once there are 2^32 of them. Cost: no allocation but for a longer dst.
func AppendDigest(dst, encoding []byte) []byte {
	sum := sha256.Sum256(encoding)
	return digits.AppendEncode(dst, sum[:16])
}
