// Package bearer keeps a handler for those who have a credential.
package bearer

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
)

// MinCredential is how many bytes a credential must have, so that it cannot be
// guessed.
const MinCredential = 16

// Handler returns next for requests that carry "Authorization: Bearer" (RFC
// 6750 §2.1) and the credential. Any other is answered with 401, in a time that
// tells nothing of the credential. The error, which does not hold it, says that
// it is too short.
func Handler(credential string, next http.HandlerFunc) (http.Handler, error) {
	if len(credential) < MinCredential {
		return nil, fmt.Errorf("the credential has %d bytes, want at least %d", len(credential), MinCredential)
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
		next(w, r)
	}), nil
}
