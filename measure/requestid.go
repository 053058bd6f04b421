package measure

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// maxIDBytes is the longest request ID that is taken over. Not shorter: trace
// headers in use have up to 100. Not longer: it is repeated in every log line.
const maxIDBytes = 128

// RequestID returns the ID of the request that ctx belongs to: what
// X-Request-ID brought if it is sane, up to 128 letters, digits and
// "-_.:+/=@", and otherwise 128 random bits in hexadecimal, made on first use.
// Without a request it returns "". The ID is unique, not secret.
func RequestID(ctx context.Context) string {
	if q := requestFrom(ctx); q != nil {
		return q.requestID()
	}
	return ""
}

func (q *request) requestID() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.id == "" {
		q.mu.id = newID()
	}
	return q.mu.id
}

// saneID keeps whoever sends an ID from writing lines or markup into logs.
func saneID(s string) bool {
	if s == "" || len(s) > maxIDBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-_.:+/=@", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func newID() string {
	// ChaCha8, seeded by the operating system.
	b := binary.LittleEndian.AppendUint64(nil, rand.Uint64())
	b = binary.LittleEndian.AppendUint64(b, rand.Uint64())
	return hex.EncodeToString(b)
}
