package bearer_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/bearer"
)

const credential = "sixteen bytes or"

func TestHandler(t *testing.T) {
	h, err := bearer.Handler(credential, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		authorization string
		want          int
	}{
		{"Bearer " + credential, http.StatusNoContent},
		{"bearer " + credential, http.StatusNoContent}, // RFC 9110 §11.1: of any case
		{"", http.StatusUnauthorized},
		{"Bearer", http.StatusUnauthorized},
		{"Bearer ", http.StatusUnauthorized},
		{"Basic " + credential, http.StatusUnauthorized},
		{credential, http.StatusUnauthorized},
		{"Bearer " + credential + "x", http.StatusUnauthorized},
		{"Bearer " + credential[:15], http.StatusUnauthorized},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Authorization", tt.authorization)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("Authorization: %q: %d, want %d", tt.authorization, w.Code, tt.want)
		}
		if got := w.Header().Get("WWW-Authenticate"); (got == "Bearer") != (tt.want == http.StatusUnauthorized) {
			t.Errorf("Authorization: %q: WWW-Authenticate = %q", tt.authorization, got)
		}
	}
}

func TestHandlerRefusesWhatCanBeGuessed(t *testing.T) {
	h, err := bearer.Handler(credential[:15], nil)
	if err == nil || h != nil || strings.Contains(err.Error(), credential[:15]) {
		t.Errorf("Handler of 15 bytes = %v, %v, want an error without them", h, err)
	}
}
