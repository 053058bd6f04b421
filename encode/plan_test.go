package encode_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/hone-go/hone/encode"
)

// A plan is what the Handler does with a response that it is given whole.
func TestPlanAgreesWithHandler(t *testing.T) {
	long := strings.Repeat("all work and no play ", 100)
	type header = map[string]string
	responses := []struct {
		status int
		header header
		body   string
	}{
		{200, header{"Content-Type": "text/plain", "Etag": `"v1"`, "Accept-Ranges": "bytes"}, long},
		{200, header{"Content-Type": "text/html; charset=utf-8", "Etag": `W/"v1"`, "Vary": "Accept-Language"}, long},
		{200, header{"Content-Type": "text/plain", "Vary": "accept-encoding"}, long},
		{200, header{"Content-Type": "text/plain"}, "short"},
		{200, header{"Content-Type": "image/png", "Etag": `"v1"`}, long},
		{200, header{"Content-Type": "text/plain", "Cache-Control": "max-age=60, no-transform"}, long},
		{200, header{"Content-Type": "text/html", "Cache-Control": "public"}, long},
		{200, header{"Content-Type": "text/plain", "Content-Encoding": "deflate"}, long},
		{200, header{"Content-Type": "text/plain", "Content-Digest": "sha-256=:x:"}, long},
		{404, header{"Content-Type": "application/problem+json"}, long},
		{204, nil, ""},
	}
	requests := []header{
		{},
		{"Accept-Encoding": "gzip"},
		{"Accept-Encoding": "br;q=0.5, zstd"},
		{"Accept-Encoding": "identity;q=0, gzip"},
		{"Accept-Encoding": "compress"},
		{"Accept-Encoding": "gzip", "Cookie": "session=1"},
		{"Accept-Encoding": "gzip", "Cookie": "session=1", "Sec-Fetch-Site": "cross-site"},
	}
	for _, config := range []encode.Config{{}, {Guard: encode.GuardCredentials}, {ProxyCompresses: true}} {
		e, err := encode.New(config)
		if err != nil {
			t.Fatal(err)
		}
		for _, resp := range responses {
			kept := http.Header{}
			for name, value := range resp.header {
				kept.Set(name, value)
			}
			before := kept.Clone()
			plan := e.Plan(resp.status, kept, len(resp.body))
			for _, req := range requests {
				r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
				for name, value := range req {
					r.Header.Set(name, value)
				}
				w := httptest.NewRecorder()
				e.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					maps.Copy(w.Header(), kept.Clone())
					w.WriteHeader(resp.status)
					if resp.body != "" {
						_, _ = w.Write([]byte(resp.body))
					}
				})).ServeHTTP(w, r)
				c := plan.Coding(r, e.Negotiate(r.Header["Accept-Encoding"]))
				want := w.Result().Header
				if got := plan.Header(c); !reflect.DeepEqual(got, want) {
					t.Errorf("%+v: Header(%v) of %v for %v = %v, want the Handler's %v", config.Guard, c, resp.header, req, got, want)
				}
			}
			if !reflect.DeepEqual(kept, before) {
				t.Errorf("the plan has changed the header: %v, was %v", kept, before)
			}
		}
	}
}
