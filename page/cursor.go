package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Key signs cursors.
type Key struct {
	// ID says in the cursor which key signed it: 1 to 16 bytes, not secret.
	ID string
	// Secret is at least 32 random bytes.
	Secret []byte
}

// A cursor is a place between two rows and the direction to read in. Without
// values it is the edge that the direction leads away from.
type cursor struct {
	backward bool
	values   []any // nil or one per term, plain
	expires  time.Time
	list     fingerprint
}

// A fingerprint stands for the list that a cursor belongs to: its name, its
// order and its filter.
type fingerprint [16]byte

const (
	// The first byte of a cursor; another format gets another.
	cursorVersion = 1

	flagBackward = 1 << 0
	flagExpires  = 1 << 1

	// The longest cursor, in characters. Not smaller: a sort by two columns of
	// text of some hundred characters should work. Not larger: servers and
	// proxies refuse a URL of 8 KB.
	maxCursor = 4096

	minSecret = 32 // bytes: as long as the hash, which RFC 2104 §3 asks for
	maxKeyID  = 16 // bytes
)

// cursorText is strict: without it several texts would be the same cursor.
var cursorText = base64.RawURLEncoding.Strict()

// keyring signs with its first key and knows the signatures of all.
type keyring []Key

func newKeyring(keys []Key) keyring {
	ring := slices.Clone(keys)
	for i := range ring {
		ring[i].Secret = slices.Clone(ring[i].Secret)
	}
	return ring
}

// sign returns the text of c:
//
//	version, key ID (length, bytes), flags, fingerprint, [expiry,] values, HMAC-SHA-256 of all that
func (k keyring) sign(c cursor) (string, error) {
	b := append([]byte{cursorVersion, byte(len(k[0].ID))}, k[0].ID...)
	var flags byte
	if c.backward {
		flags |= flagBackward
	}
	if !c.expires.IsZero() {
		flags |= flagExpires
	}
	b = append(b, flags)
	b = append(b, c.list[:]...)
	if !c.expires.IsZero() {
		b = binary.AppendVarint(b, c.expires.Unix())
	}
	for _, v := range c.values {
		b = appendValue(b, v)
	}
	b = append(b, k[0].mac(b)...)
	if n := cursorText.EncodedLen(len(b)); n > maxCursor {
		return "", fmt.Errorf("page: cursor has %d characters, want at most %d: sort by shorter values", n, maxCursor)
	}
	return cursorText.EncodeToString(b), nil
}

// open returns the cursor with this text. The signature is checked before
// anything behind the key ID is looked at.
func (k keyring) open(text string) (cursor, error) {
	// The decoder skips line breaks.
	if len(text) > maxCursor || strings.ContainsAny(text, "\r\n") {
		return cursor{}, ErrCursorInvalid
	}
	b, err := cursorText.DecodeString(text)
	if err != nil || len(b) < 2+sha256.Size || b[0] != cursorVersion {
		return cursor{}, ErrCursorInvalid
	}
	signed, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	body := signed[2:]
	if int(signed[1]) > len(body) {
		return cursor{}, ErrCursorInvalid
	}
	id, body := string(body[:signed[1]]), body[signed[1]:]
	i := slices.IndexFunc(k, func(key Key) bool { return key.ID == id })
	if i < 0 || !hmac.Equal(mac, k[i].mac(signed)) {
		return cursor{}, ErrCursorInvalid
	}
	c, ok := parseCursor(body)
	if !ok {
		return cursor{}, ErrCursorInvalid
	}
	return c, nil
}

// parseCursor reads what follows the key ID.
func parseCursor(b []byte) (c cursor, ok bool) {
	if len(b) < 1+len(c.list) {
		return cursor{}, false
	}
	flags := b[0]
	b = b[1+copy(c.list[:], b[1:]):]
	c.backward = flags&flagBackward != 0
	if flags&flagExpires != 0 {
		seconds, n := binary.Varint(b)
		if n <= 0 {
			return cursor{}, false
		}
		c.expires, b = time.Unix(seconds, 0), b[n:]
	}
	for len(b) > 0 {
		var v any
		if v, b, ok = cutValue(b); !ok {
			return cursor{}, false
		}
		c.values = append(c.values, v)
	}
	return c, true
}

// mac returns the signature of b. The prefix keeps the key, should something
// else use it too, from signing a cursor by accident.
func (k Key) mac(b []byte) []byte {
	h := hmac.New(sha256.New, k.Secret)
	h.Write([]byte("hone page cursor\x00"))
	h.Write(b)
	return h.Sum(nil)
}

// fingerprintOf hashes parts; each has its length before it, so that no two
// lists of parts are hashed alike.
func fingerprintOf(parts []string) fingerprint {
	var b []byte
	for _, p := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	sum := sha256.Sum256(b)
	return fingerprint(sum[:])
}
