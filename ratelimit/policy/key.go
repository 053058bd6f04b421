package policy

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/internal/httpfield"
)

// A Key says whom a policy counts: it finds the client of a request. It is safe
// for concurrent use if its functions are.
type Key struct {
	name string
	// add adds the key of a request to dst; nothing if it has none.
	add func(dst []byte, r *http.Request) ([]byte, error)
}

// Name says what the key is, for people.
func (k Key) Name() string { return k.name }

// ByAddress counts by the client's address: that of [clientip.Resolver], if its
// Handler stands around the table, or else the peer's. Of an IPv6 address the
// first v6bits count, as in [clientip.Key]; 0 stands for 64. The key is empty
// if the peer has no address, as on a Unix socket. Cost: no allocation.
func ByAddress(v6bits int) Key {
	return Key{name: "address", add: func(dst []byte, r *http.Request) ([]byte, error) {
		return clientip.AppendKey(dst, addressOf(r), v6bits), nil
	}}
}

func addressOf(r *http.Request) netip.Addr {
	if c, ok := clientip.From(r.Context()); ok {
		return c.Addr
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		addr, _ := netip.ParseAddr(r.RemoteAddr) // without a port, or none
		return addr
	}
	return peer.Addr()
}

// ByHeader counts by a header field that the client authenticates with, such as
// an API key. What is counted is its SHA-256: the field itself is kept nowhere.
// The key is empty without the field, and if it is there more than once: then
// nobody can say which of them the service goes by.
//
// Before the service has checked it, a client can make up any number of them:
// limit what is refused by address too.
func ByHeader(field string) Key {
	name := http.CanonicalHeaderKey(field)
	if !httpfield.IsToken(field) {
		return Key{name: "header " + strconv.Quote(field)} // New refuses it
	}
	return Key{name: "header " + name, add: func(dst []byte, r *http.Request) ([]byte, error) {
		lines := r.Header[name]
		if len(lines) != 1 {
			return dst, nil
		}
		return appendHashed(dst, strings.TrimSpace(lines[0])), nil
	}}
}

// ByCookie is [ByHeader] for a cookie, such as a session's.
func ByCookie(name string) Key {
	return Key{name: "cookie " + name, add: func(dst []byte, r *http.Request) ([]byte, error) {
		cookies := r.CookiesNamed(name)
		if len(cookies) != 1 {
			return dst, nil
		}
		return appendHashed(dst, cookies[0].Value), nil
	}}
}

// appendHashed adds a digest of a secret.
func appendHashed(dst []byte, secret string) []byte {
	if secret == "" {
		return dst
	}
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}

// ByUser counts by what f returns, such as the ID of the user, the tenant or a
// parameter; "" is an empty key. name says what that is. The text is given to
// the store as it is: hash what is secret.
func ByUser(name string, f func(*http.Request) (string, error)) Key {
	k := Key{name: name}
	if f != nil {
		k.add = func(dst []byte, r *http.Request) ([]byte, error) {
			key, err := f(r)
			return append(dst, key...), err
		}
	}
	return k
}

// Combine counts each combination of keys apart: no two have the same key. It
// is empty if one of them is.
func Combine(keys ...Key) Key {
	names := make([]string, len(keys))
	parts := append([]Key(nil), keys...)
	complete := len(keys) > 0
	for i, k := range parts {
		names[i] = k.name
		complete = complete && k.add != nil
	}
	k := Key{name: strings.Join(names, " + ")}
	if complete {
		k.add = func(dst []byte, r *http.Request) ([]byte, error) { return addAll(dst, parts, r) }
	}
	return k
}

func addAll(dst []byte, parts []Key, r *http.Request) ([]byte, error) {
	start := len(dst)
	var room [64]byte
	for _, part := range parts {
		text, err := part.add(room[:0], r)
		if err != nil || len(text) == 0 {
			return dst[:start], err
		}
		dst = appendPart(dst, string(text))
	}
	return dst, nil
}

// appendPart adds a text and its length, so that texts one after the other can
// be told apart whatever is in them.
func appendPart(dst []byte, text string) []byte {
	dst = strconv.AppendInt(dst, int64(len(text)), 10)
	return append(append(dst, ':'), text...)
}

// BucketKey returns the key by which a rule of a table knows a client: for
// [ratelimit.Rule.Peek] and Reset. scope is as [Table.Explain] shows it; method
// is "" unless the policy counts by method; key is what the policy's Key
// returns. No two scopes, methods and keys have the same.
func BucketKey(scope, method, key string) string {
	return string(append(appendPart(appendPart(nil, scope), method), key...))
}
