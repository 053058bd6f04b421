package httpcache

import (
	"net/http"
	"time"
)

// SetTTL says how long the response is fresh that the handler is about to
// write, whatever it says in Cache-Control of its age. What is not to be stored,
// such as a private one, is not. It reports false if there is no cache that
// asks. Call it before the first write.
func SetTTL(w http.ResponseWriter, ttl time.Duration) bool {
	rec := recorderOf(w)
	if rec == nil || ttl < 0 || ttl > maxLife {
		return false
	}
	rec.ttl = &ttl
	return true
}

// AddTags gives tags to the response that the handler is about to write,
// without telling the client: see [HTTPCache.Invalidate]. It reports false if
// there is no cache that asks. Call it before the handler returns.
func AddTags(w http.ResponseWriter, tags ...string) bool {
	rec := recorderOf(w)
	if rec == nil {
		return false
	}
	rec.added = append(rec.added, tags...)
	return true
}

// recorderOf looks for the cache's writer below those of other middlewares.
func recorderOf(w http.ResponseWriter) *recorder {
	for {
		if rec, ok := w.(*recorder); ok {
			return rec
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}
