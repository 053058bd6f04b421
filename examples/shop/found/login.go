package found

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/respond"
)

type staff struct{ db *data.DB }

// nobody is the hash that an unknown login is checked against, so that it
// takes as long as a known one. No password has it.
const nobody = "pbkdf2-sha256$600000$bm9ib2R5IGlzIGhlcmUhIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// login answers POST /api/login. It tells nobody whether it was the login or
// the password that is wrong.
func (s staff) login(w http.ResponseWriter, r *http.Request) error {
	var given api.Credentials
	if err := api.Read(w, r, &given); err != nil {
		return err
	}
	if err := given.Validate(); err != nil {
		return err
	}
	member := api.Staff{Login: given.Login}
	hash := nobody
	err := s.db.QueryRowContext(r.Context(), `SELECT name, password_hash FROM staff WHERE login = $1`, given.Login).
		Scan(&member.Name, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	match, err := matches(hash, given.Password)
	if err != nil {
		return fmt.Errorf("password hash of %q: %w", given.Login, err)
	}
	if !match {
		return respond.Problemf(http.StatusUnauthorized, "login or password is wrong")
	}
	return api.Write(w, r, http.StatusOK, member)
}

// matches reports whether a password has a hash, which is written
// pbkdf2-sha256$rounds$salt$key. How long it takes depends on the rounds alone.
func matches(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 4 || parts[0] != "pbkdf2-sha256" {
		return false, errors.New("unknown form")
	}
	rounds, err := strconv.Atoi(parts[1])
	if err != nil {
		return false, err
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return false, err
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil {
		return false, err
	}
	got, err := pbkdf2.Key(sha256.New, password, salt, rounds, len(want))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
