package encode_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
)

// RFC 9110 §12.5.3.
func TestNegotiate(t *testing.T) {
	const gz, br, zst, id = encode.Gzip, encode.Brotli, encode.Zstd, encode.Identity
	tests := []struct {
		in       string
		want     encode.Coding
		identity bool
	}{
		{"", id, true},
		{"gzip", gz, true},
		{"gzip, deflate, br, zstd", zst, true},
		{"gzip, br", gz, true},
		{"GZIP;Q=1", gz, true},
		{"x-gzip", gz, true},
		{"gzip;q=1, br;q=0.9, zstd;q=0.001", gz, true},
		{"gzip;q=0", id, true},
		{"*", zst, true},
		{"*, zstd;q=0", gz, true},
		{"gzip;q=0.3, *;q=0.8", zst, true},
		{"*;q=0", id, false},
		{"gzip, *;q=0", gz, false},
		{"identity;q=0", id, false},
		{"identity;q=0, gzip", gz, false},
		{"identity, *;q=0", id, true},
		{"identity, gzip;q=0.5", id, true},
		{"identity, gzip", gz, true},
		{"identity;q=0.001, gzip;q=0.001", gz, true},
		{"identity;q=0.5, gzip", gz, true},
		{"deflate, compress", id, true},
		{"gzip, gzip;q=0", id, true},
		{"gzip;q=0, gzip", id, true},
		{"gzip;q=5", id, true},
		{"gzip;q=5, br", br, true},
		{"gzip;level=9", id, true},
		{"gzip br", id, true},
		{`"gzip, br"`, id, true},
		{"gzip\x00, br", br, true},
		{",,,gzip,,", gz, true},
		{strings.Repeat("a;q=0.5,", 100_000) + "gzip", gz, true},
	}
	e := newEncoder(t, encode.Config{})
	for _, tt := range tests {
		n := e.Negotiate([]string{tt.in})
		if n.Coding != tt.want || n.Accepts(id) != tt.identity {
			t.Errorf("Negotiate(%.60q) = %v, identity %t, want %v, %t", tt.in, n.Coding, n.Accepts(id), tt.want, tt.identity)
		}
	}
	if n := e.Negotiate(nil); n.Coding != id || !n.Accepts(id) || !n.Accepts(zst) {
		t.Errorf("Negotiate(no field) = %v, want identity, everything acceptable", n)
	}
	e = newEncoder(t, encode.Config{Codings: []encode.Coding{br, gz}})
	if n := e.Negotiate([]string{"zstd, br, gzip"}); n.Coding != br || n.Accepts(zst) {
		t.Errorf("Negotiate() with br, gzip on offer = %v, want br", n)
	}
}

// slowNegotiate asks, for each coding in turn, what the clause says of it.
func slowNegotiate(field string) (encode.Coding, bool) {
	weight := func(name string) (float64, bool) {
		least, found := 1.0, false
		for _, element := range strings.Split(field, ",") {
			token, param, has := strings.Cut(strings.Trim(element, " \t"), ";")
			token = strings.ToLower(strings.TrimRight(token, " \t"))
			if token != name && !(token == "x-gzip" && name == "gzip") {
				continue
			}
			q := 1.0
			if has {
				param = strings.ToLower(strings.Trim(param, " \t"))
				value, ok := strings.CutPrefix(param, "q=")
				whole, decimals, _ := strings.Cut(value, ".")
				if !ok || whole != "0" && whole != "1" || len(decimals) > 3 || strings.Trim(decimals, "0123456789") != "" {
					continue
				}
				var err error
				if q, err = strconv.ParseFloat(value, 64); err != nil || q > 1 {
					continue
				}
			}
			least, found = min(least, q), true
		}
		return least, found
	}
	star, hasStar := weight("*")
	identity, named := weight("identity")
	best, coding := 0.0, encode.Identity
	for _, c := range []encode.Coding{encode.Zstd, encode.Gzip, encode.Brotli} {
		q, ok := weight(c.String())
		if !ok {
			q, ok = star, hasStar
		}
		if ok && q > best {
			best, coding = q, c
		}
	}
	if named && identity > best {
		coding = encode.Identity
	}
	return coding, named && identity > 0 || !named && (!hasStar || star > 0)
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"gzip, deflate, br;q=0.5, *;q=0", "identity;q=0", "zstd;q=0.999,x-gzip", "gzip;q=1.0,gzip;q=0."} {
		f.Add(seed)
	}
	e := newEncoder(f, encode.Config{})
	f.Fuzz(func(t *testing.T, in string) {
		if strings.ContainsRune(in, '"') {
			t.Skip("the slow version knows no quoted strings")
		}
		n := e.Negotiate([]string{in})
		if coding, identity := slowNegotiate(in); n.Coding != coding || n.Accepts(encode.Identity) != identity {
			t.Errorf("Negotiate(%q) = %v, identity %t, want %v, %t", in, n.Coding, n.Accepts(encode.Identity), coding, identity)
		}
	})
}

func TestNegotiateAllocatesNothing(t *testing.T) {
	e := newEncoder(t, encode.Config{})
	field := []string{"gzip, deflate, br;q=0.9, zstd;q=0.8, *;q=0.1"}
	if got := testing.AllocsPerRun(100, func() { e.Negotiate(field) }); got != 0 {
		t.Errorf("Negotiate() allocates %v times, want 0", got)
	}
}
