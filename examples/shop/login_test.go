package shop_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLogin(t *testing.T) {
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		login := func(body string) (*httptest.ResponseRecorder, time.Duration) {
			start := time.Now()
			w := f.do(t.Context(), "POST", "/api/login", body)
			return w, time.Since(start)
		}
		right, _ := login(`{"login": "owen", "password": "forty-foot-larch"}`)
		if want := `{"login":"owen","name":"Owen Thackeray"}`; right.Code != http.StatusOK || strings.TrimSpace(right.Body.String()) != want {
			t.Errorf("the right password = %d %s, want 200 %s", right.Code, right.Body, want)
		}
		wrong, wrongTime := login(`{"login": "owen", "password": "forty-foot-birch"}`)
		wantProblem(t, "a wrong password", wrong, http.StatusUnauthorized, "login or password is wrong")
		unknown, unknownTime := login(`{"login": "oscar", "password": "forty-foot-larch"}`)
		if unknown.Code != wrong.Code || unknown.Body.String() != wrong.Body.String() {
			t.Errorf("an unknown login = %d %s, want what a wrong password gets", unknown.Code, unknown.Body)
		}
		// Without the same hashing the two are a hundred times apart.
		if unknownTime < wrongTime/8 {
			t.Errorf("an unknown login takes %v, a wrong password %v: the difference tells which it was", unknownTime, wrongTime)
		}
	})
}

// A damaged hash is our failure, not a wrong password.
func TestLoginBadHash(t *testing.T) {
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		for _, hash := range []string{
			"", "plain", "md5$1$AAAA$AAAA", "pbkdf2-sha256$x$AAAA$AAAA", "pbkdf2-sha256$1$!$AAAA",
			"pbkdf2-sha256$1$AAAA$!", "pbkdf2-sha256$1$AAAA$",
		} {
			if _, err := f.db.ExecContext(t.Context(), `UPDATE staff SET password_hash = $1`, hash); err != nil {
				t.Fatal(err)
			}
			w := f.do(t.Context(), "POST", "/api/login", `{"login": "owen", "password": "forty-foot-larch"}`)
			wantProblem(t, "a hash of "+hash, w, http.StatusInternalServerError, "something went wrong")
		}
	})
}
