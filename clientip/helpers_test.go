package clientip_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/hone-go/hone/clientip"
)

func resolver(t testing.TB, config clientip.Config) *clientip.Resolver {
	t.Helper()
	v, err := clientip.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// request returns one from peer with the given header fields: name, value,
// name, value and so on.
func request(peer string, fields ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://backend.internal:8080/", http.NoBody)
	r.RemoteAddr = peer
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return r
}

func networks(prefixes ...string) (list []netip.Prefix) {
	for _, p := range prefixes {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

// fill returns a list of n times element.
func fill(n int, element string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = element
	}
	return list
}
