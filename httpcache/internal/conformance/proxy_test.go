package conformance_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/hone-go/hone/httpcache/internal/conformance"
)

// What the suite's origin does reaches the cache as it is; what is about the
// connection does not (RFC 9110 §7.6.1).
func TestProxy(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hangup":
			panic(http.ErrAbortHandler)
		case "/echo":
			w.Header().Set("Keep-Alive", "timeout=5")
			w.Header().Set("X-End", "2")
			w.Header().Set("Trailer", "X-Trailer")
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, r.Host+" "+r.URL.RawQuery+" ["+r.Header.Get("Accept-Encoding")+"] ["+r.Header.Get("X-Gone")+"]")
			w.Header().Set("X-Trailer", "3")
		}
	}))
	defer origin.Close()
	to, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(conformance.Proxy(to))
	defer proxy.Close()

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy.URL+"/echo?a=%20b", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "shop.example"
	r.Header = http.Header{"Accept-Encoding": {"x"}, "Connection": {"X-Gone"}, "X-Gone": {"1"}}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if want := "shop.example a=%20b [x] []"; resp.StatusCode != http.StatusTeapot || string(body) != want {
		t.Errorf("answer = %d %q, want 418 %q", resp.StatusCode, body, want)
	}
	for name, want := range map[string]string{"Keep-Alive": "", "X-End": "2"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := resp.Trailer.Get("X-Trailer"); got != "3" {
		t.Errorf("trailer = %q, want 3", got)
	}

	resp, err = http.Get(proxy.URL + "/hangup")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("answer to a hangup = %d, want 502", resp.StatusCode)
	}
}
