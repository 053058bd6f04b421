package httpcache

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// PurgeHandler returns a handler that invalidates what a POST names in its form
// or query: tag, url and prefix, each any number of times. The answer is 204
// when it is done. The request must carry "Authorization: Bearer" and the
// credential, which must have at least 16 bytes; without it the answer is 401,
// in a time that tells nothing of it. There is no other way to purge by HTTP.
func (h *HTTPCache) PurgeHandler(credential string) (http.Handler, error) {
	if len(credential) < minCredential {
		return nil, fmt.Errorf("httpcache: the credential has %d bytes, want at least %d", len(credential), minCredential)
	}
	want := sha256.Sum256([]byte(credential))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum := sha256.Sum256([]byte(given)) // of equal length, whatever was given
		if subtle.ConstantTimeCompare(sum[:], want[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
			return
		}
		h.purge(w, r)
	}), nil
}

// minCredential keeps a credential from being guessed.
const minCredential = 16

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
