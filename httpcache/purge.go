package httpcache

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/hone-go/hone/internal/bearer"
)

// PurgeHandler returns a handler that invalidates what a POST names in its form
// or query: tag, url and prefix, each any number of times. The answer is 204
// when it is done. The request must carry "Authorization: Bearer" and the
// credential, which must have at least 16 bytes; without it the answer is 401,
// in a time that tells nothing of it. There is no other way to purge by HTTP.
func (h *HTTPCache) PurgeHandler(credential string) (http.Handler, error) {
	handler, err := bearer.Handler(credential, h.purge)
	if err != nil {
		return nil, fmt.Errorf("httpcache: %w", err)
	}
	return handler, nil
}

func (h *HTTPCache) purge(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	tags, urls, prefixes := r.Form["tag"], r.Form["url"], r.Form["prefix"]
	if len(tags)+len(urls)+len(prefixes) == 0 {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	err := errors.Join(h.Invalidate(ctx, tags...), h.InvalidateURL(ctx, urls...), h.InvalidatePrefix(ctx, prefixes...))
	if err != nil {
		h.report(ctx, err)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
