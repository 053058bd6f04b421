package httpcache

import "net/http"

// Ways returns the two ways of h.Handler(next): what answers if the answer is
// prepared, and what answers all requests as if none were.
func Ways(h *HTTPCache, next http.Handler) (prepared func(http.ResponseWriter, *http.Request) bool, long http.Handler) {
	prepared = func(w http.ResponseWriter, r *http.Request) bool {
		return h.std.prepared != nil && h.std.prepared.answer(w, r)
	}
	return prepared, (&view{h: h, policy: h.std.policy}).handler(next)
}

// ResponseSize is what the near cache takes for the size of a response.
func ResponseSize(p *Response) int { return p.size() }
