package conformance

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// Proxy returns a handler that passes every request to the origin and every
// response back: what stands behind the cache under test.
func Proxy(origin *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(origin)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			// A connection per request: on a kept one, net/http repeats a
			// request that the origin hung up on, and the suite counts it.
			DisableKeepAlives: true,
			// The client's Accept-Encoding, and nothing of the transport's.
			DisableCompression: true,
		},
		// The suite's origin hangs up where a test says so: a 502, as any
		// gateway answers, and nothing to log.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}
