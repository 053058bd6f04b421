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

// PreparedBodies returns the bytes of bodies that the prepared answers keep, and
// how many point to one that they do not keep.
func PreparedBodies(h *HTTPCache) (kept, pointers int) {
	for i := range h.prepared.slots {
		switch hit := h.prepared.slots[i].Load(); {
		case hit == nil || !hit.isCoded:
		case hit.coded != nil:
			kept += len(hit.coded.bytes)
		default:
			pointers++
		}
	}
	return kept, pointers
}

// PreparedBytes bounds what a prepared answer keeps.
const PreparedBytes = preparedBytes

// ResponseSize is what the near cache takes for the size of a response.
func ResponseSize(p *Response) int { return p.size() }
