package page_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/page"
)

// cursorAfter returns the cursor that follows a page of ?query whose last row
// has this key.
func cursorAfter(t testing.TB, k *page.Keyset, query string, key map[string]any, scope ...string) string {
	t.Helper()
	r, err := k.Parse(parseQuery(t, query), scope...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := page.NewKeysetPage(r, make([]int, r.PerPage()+1), func(int) map[string]any { return key })
	if err != nil {
		t.Fatal(err)
	}
	return p.NextCursor()
}

func orderKey() map[string]any {
	return map[string]any{"placed_at": time.Unix(1e9, 123456000), "total": 5, "margin": nil, "id": 7}
}

func withCursor(t testing.TB, query, cursor string) url.Values {
	t.Helper()
	values := parseQuery(t, query)
	values.Set("cursor", cursor)
	return values
}

// wantCursorRefused checks that the error of a Parse is fit for a 400 and
// wraps cause.
func wantCursorRefused(t *testing.T, what string, err, cause error) {
	t.Helper()
	var p *page.ParamError
	if !errors.As(err, &p) || p.HTTPStatus() != 400 || p.ProblemDetail() != err.Error() || p.Param != "cursor" || !errors.Is(err, cause) {
		t.Errorf("Parse(%s) = %v, want a ParamError of 400 for cursor that wraps %v", what, err, cause)
	}
}

func TestCursorTampered(t *testing.T) {
	k := newKeyset(t, orderSort(), page.KeysetConfig{})
	good := cursorAfter(t, k, "", orderKey())
	if url.QueryEscape(good) != good {
		t.Errorf("cursor %q is not safe in a URL", good)
	}
	if _, err := k.Parse(withCursor(t, "", good)); err != nil {
		t.Fatalf("Parse(good cursor) = %v", err)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(good) {
		_, err := k.Parse(withCursor(t, "", good[:i]))
		if i == 0 { // the empty parameter, which says so
			if got, want := refusal(err), "400 cursor: must not be empty"; got != want {
				t.Errorf("Parse(empty cursor) = %s, want %s", got, want)
			}
		} else {
			wantCursorRefused(t, "truncated", err, page.ErrCursorInvalid)
		}
		for _, c := range alphabet {
			if byte(c) == good[i] {
				continue
			}
			_, err := k.Parse(withCursor(t, "", good[:i]+string(c)+good[i+1:]))
			wantCursorRefused(t, "changed", err, page.ErrCursorInvalid)
		}
	}
	for what, text := range map[string]string{
		"with a line break": good[:8] + "\n" + good[8:],
		"with padding":      good + "=",
		"twice":             good + good,
		"too long":          strings.Repeat("A", 1<<20),
		"garbage":           "null",
		"zero":              base64.RawURLEncoding.EncodeToString(make([]byte, 100)),
		"key ID too long":   base64.RawURLEncoding.EncodeToString(append([]byte{1, 255}, make([]byte, 40)...)),
	} {
		_, err := k.Parse(withCursor(t, "", text))
		wantCursorRefused(t, what, err, page.ErrCursorInvalid)
	}
	_, err := k.Parse(url.Values{"cursor": {good, good}})
	if got, want := refusal(err), "400 cursor: must be given once"; got != want {
		t.Errorf("Parse(two cursors) = %s, want %s", got, want)
	}
}

func TestCursorForeign(t *testing.T) {
	k := newKeyset(t, orderSort(), page.KeysetConfig{Unbound: []string{"fields"}})
	cursor := cursorAfter(t, k, "status=open&tag=a&tag=b&fields=id", orderKey(), "customer 7")
	for _, query := range []string{
		"status=open&tag=a&tag=b&fields=id",
		"tag=a&status=open&tag=b&fields=total&per_page=3", // other columns and sizes are the same list
		"status=open&tag=a&tag=b&sort=-placed_at,-id",     // the default, spelt out
	} {
		if _, err := k.Parse(withCursor(t, query, cursor), "customer 7"); err != nil {
			t.Errorf("Parse(%s) = %v, want no error", query, err)
		}
	}
	for _, query := range []string{
		"status=sent&tag=a&tag=b", "tag=a&tag=b", "status=open&tag=b&tag=a", "status=open&tag=ab", "status=open&tag=a&tag=b&q=",
		"status=open&tag=a&tag=b&sort=placed_at", "status=open&tag=a&tag=b&sort=-placed_at,id", "status=open&tag=a&tag=b&sort=id",
	} {
		_, err := k.Parse(withCursor(t, query, cursor), "customer 7")
		wantCursorRefused(t, query, err, page.ErrCursorForeign)
	}
	for _, scope := range [][]string{nil, {"customer 8"}, {"customer 7", ""}, {"customer ", "7"}} {
		_, err := k.Parse(withCursor(t, "status=open&tag=a&tag=b", cursor), scope...)
		wantCursorRefused(t, strings.Join(scope, "+"), err, page.ErrCursorForeign)
	}
	other := newKeyset(t, orderSort(), page.KeysetConfig{Name: "invoices"})
	_, err := other.Parse(withCursor(t, "", cursorAfter(t, k, "", orderKey())))
	wantCursorRefused(t, "cursor of another list", err, page.ErrCursorForeign)

	// Scope and filter are told apart.
	_, err = k.Parse(withCursor(t, "", cursorAfter(t, k, "x=v", orderKey())), "x", "1", "v")
	wantCursorRefused(t, "filter as scope", err, page.ErrCursorForeign)

	// A release that changes what a name means must not take old positions.
	s := orderSort()
	s.Columns[0].Expr = "shipped_at"
	_, err = newKeyset(t, s, page.KeysetConfig{}).Parse(withCursor(t, "", cursorAfter(t, k, "", orderKey())))
	wantCursorRefused(t, "cursor of another expression", err, page.ErrCursorForeign)
}

func TestCursorKeyRotation(t *testing.T) {
	before := page.Key{ID: "2025", Secret: []byte("an old secret of thirty-two bytes")}
	after := page.Key{ID: "2026", Secret: []byte("the new secret, of enough bytes too")}
	keyset := func(keys ...page.Key) *page.Keyset { return newKeyset(t, orderSort(), page.KeysetConfig{Keys: keys}) }
	cursor := cursorAfter(t, keyset(before), "", orderKey())

	if _, err := keyset(after, before).Parse(withCursor(t, "", cursor)); err != nil {
		t.Errorf("Parse(cursor of the second key) = %v, want no error", err)
	}
	_, err := keyset(after).Parse(withCursor(t, "", cursor))
	wantCursorRefused(t, "cursor of a dropped key", err, page.ErrCursorInvalid)
	_, err = keyset(page.Key{ID: "2025", Secret: after.Secret}).Parse(withCursor(t, "", cursor))
	wantCursorRefused(t, "cursor of a key of the same ID", err, page.ErrCursorInvalid)

	// The first key signs.
	_, err = keyset(after).Parse(withCursor(t, "", cursorAfter(t, keyset(after, before), "", orderKey())))
	if err != nil {
		t.Errorf("Parse(cursor of the first key) = %v, want no error", err)
	}
	secret := []byte("a secret that the caller overwrites")
	k := keyset(page.Key{ID: "k", Secret: secret})
	cursor = cursorAfter(t, k, "", orderKey())
	clear(secret)
	if _, err := k.Parse(withCursor(t, "", cursor)); err != nil {
		t.Errorf("Parse after the caller cleared its secret = %v, want no error", err)
	}
}

func TestCursorExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeyset(t, orderSort(), page.KeysetConfig{CursorTTL: time.Minute})
		cursor := cursorAfter(t, k, "", orderKey())
		time.Sleep(time.Minute - time.Nanosecond)
		if _, err := k.Parse(withCursor(t, "", cursor)); err != nil {
			t.Errorf("Parse just before the end = %v, want no error", err)
		}
		time.Sleep(time.Nanosecond)
		_, err := k.Parse(withCursor(t, "", cursor))
		wantCursorRefused(t, "expired cursor", err, page.ErrCursorExpired)
	})
}

func TestCursorTooLong(t *testing.T) {
	k := newKeyset(t, page.Sort{
		Columns: []page.Column{{Name: "id", Nulls: page.NotNull}}, Unique: []string{"id"},
	}, page.KeysetConfig{})
	r, err := k.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = page.NewKeysetPage(r, make([]int, 21), func(int) map[string]any {
		return map[string]any{"id": strings.Repeat("x", 4000)}
	})
	if err == nil || !strings.Contains(err.Error(), "want at most 4096") {
		t.Errorf("NewKeysetPage with a long key = %v, want an error that names the bound", err)
	}
}

func FuzzCursor(f *testing.F) {
	k := newKeyset(f, orderSort(), page.KeysetConfig{})
	f.Add(cursorAfter(f, k, "", orderKey()))
	f.Add("")
	f.Add("AQJrMQ")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := k.Parse(url.Values{"cursor": {text}})
		var p *page.ParamError
		switch {
		case err != nil && (!errors.As(err, &p) || p.HTTPStatus() != 400):
			t.Errorf("Parse(%q) = %v, want a ParamError of 400", text, err)
		case err == nil && r.Clauses(0).Where == "1 = 1":
			t.Errorf("Parse(%q) is page one", text)
		}
	})
}

// FuzzCursorBody fuzzes what lies behind the signature, which only a holder of
// the key can write: it must not panic either.
func FuzzCursorBody(f *testing.F) {
	f.Add([]byte{})
	f.Add(append(make([]byte, 17), "i\x02s\x03abc"...))
	f.Add(append(make([]byte, 17), "s\x7fabc"...)) // longer than there is
	f.Add(append([]byte{2, 15: 0, 16: 0}, "\x80\x01m\x02\x03d12345678"...))
	f.Fuzz(func(t *testing.T, body []byte) {
		page.ParseCursor(body)
	})
}
