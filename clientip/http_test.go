package clientip_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hone-go/hone/clientip"
)

func TestHandler(t *testing.T) {
	type key struct{}
	one := clientip.Hops{For: 1}
	tests := []struct {
		name   string
		config clientip.Config
		header string
		want   string // RemoteAddr that the next handler sees
	}{
		{"kept", clientip.Config{Hops: one}, "203.0.113.7", peers},
		{"set", clientip.Config{Hops: one, SetRemoteAddr: true}, "203.0.113.7", "203.0.113.7:0"},
		{"set, IPv6", clientip.Config{Hops: one, SetRemoteAddr: true}, "2001:db8::7", "[2001:db8::7]:0"},
		{"set, but it is the peer", clientip.Config{Hops: one, SetRemoteAddr: true}, "x", peers},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := resolver(t, tt.config)
			r := request(peers, "X-Forwarded-For", tt.header)
			r = r.WithContext(context.WithValue(r.Context(), key{}, "kept"))
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{$}", func(_ http.ResponseWriter, inner *http.Request) {
				c, ok := clientip.From(inner.Context())
				if !ok || c != v.Resolve(r) {
					t.Errorf("From = %+v, %t, want what Resolve returns", c, ok)
				}
				if inner.RemoteAddr != tt.want {
					t.Errorf("RemoteAddr = %q, want %q", inner.RemoteAddr, tt.want)
				}
				if inner.Context().Value(key{}) != "kept" {
					t.Error("the request's context lost its values")
				}
			})
			v.Handler(mux).ServeHTTP(httptest.NewRecorder(), r)
			if r.RemoteAddr != peers {
				t.Errorf("RemoteAddr outside = %q, want %q", r.RemoteAddr, peers)
			}
			if got, want := r.Pattern, "GET /{$}"; got != want {
				t.Errorf("Pattern outside = %q, want %q", got, want)
			}
		})
	}
}

func TestHandlerKeepsCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	handler := resolver(t, clientip.Config{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		if r.Context().Err() == nil {
			t.Error("the request's context does not end with its parent")
		}
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
}

func TestFromWithoutHandler(t *testing.T) {
	if c, ok := clientip.From(t.Context()); ok || c != (clientip.Client{}) {
		t.Errorf("From = %+v, %t, want nothing", c, ok)
	}
}

func TestAllocations(t *testing.T) {
	v := resolver(t, clientip.Config{Trusted: clientip.Private().Networks, Hops: clientip.Hops{Proto: 1, Host: 1}})
	handler := v.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { clientip.From(r.Context()) }))
	r := commonRequest()
	if n := testing.AllocsPerRun(100, func() { handler.ServeHTTP(nil, r) }); n > 1 {
		t.Errorf("Handler allocates %v times, want once", n)
	}
}
