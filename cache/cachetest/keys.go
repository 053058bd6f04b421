package cachetest

import (
	"strings"
	"time"

	"github.com/hone-go/hone/cache"
)

func keyCases() []testCase {
	return []testCase{
		{"Key/AnyBytes", testKeys},
		{"Key/Refused", testKeysRefused},
	}
}

func testKeys(s *suite) {
	longest := s.key("")
	longest += strings.Repeat("x", cache.MaxKeyLen-len(longest))
	keys := []string{
		s.key(""), s.key("a"), s.key("A"), s.key("a "), s.key(" a"), s.key("a\x00"), s.key("\x00a"), s.key("a\nb\r\n"),
		s.key("\xff\xfe\x80"), s.key("ä€😀"), s.key("a:b"), s.key("*?[a]\\"), s.key("%s"), s.key("\x7f\t"),
		longest, longest[:cache.MaxKeyLen-1],
	}
	for _, key := range keys {
		s.set(key, "value of "+key, time.Hour)
	}
	for _, key := range keys {
		s.wantValue(key, "value of "+key)
		s.wantState(key, s.claim(key, cache.Claim{Token: newToken(), Life: time.Hour}), cache.Found)
	}
	for _, key := range keys {
		if n := s.delete(key); n != 1 {
			s.Errorf("Delete(%q) = %d, want 1: two keys are one", key, n)
		}
		by := newToken()
		s.lease(key, by, time.Hour)
		if !s.fill(key, "filled", by) {
			s.Errorf("Fill(%q) by its holder = false, want true", key)
		}
	}
}

func testKeysRefused(s *suite) {
	tooLong := s.key("")
	tooLong += strings.Repeat("x", cache.MaxKeyLen+1-len(tooLong))
	good, by := s.key("good"), newToken()
	s.lease(s.key("leased"), by, time.Hour)
	for name, key := range map[string]string{
		"empty": "", "long": tooLong, "open": s.key("{"), "close": s.key("}"), "tag": "{" + s.space + "}:a",
	} {
		keys := []string{good, key}
		entries := []cache.Entry{{Key: good, Value: []byte("v"), Life: time.Hour}, {Key: key, Value: []byte("v"), Life: time.Hour}}
		calls := map[string]func() error{
			"Get":       func() error { _, err := s.store.Get(s.ctx, key); return err },
			"GetMany":   func() error { _, err := s.store.GetMany(s.ctx, keys); return err },
			"Set":       func() error { return s.store.Set(s.ctx, entries) },
			"Add":       func() error { _, err := s.store.Add(s.ctx, entries[1]); return err },
			"Delete":    func() error { _, err := s.store.Delete(s.ctx, keys); return err },
			"Increment": func() error { _, err := s.store.Increment(s.ctx, key, 1, time.Hour); return err },
			"Touch":     func() error { _, err := s.store.Touch(s.ctx, key, time.Hour); return err },
			"Claim": func() error {
				_, err := s.store.Claim(s.ctx, keys, cache.Claim{Token: newToken(), Life: time.Hour})
				return err
			},
			"Extend":  func() error { _, err := s.store.Extend(s.ctx, keys, by, time.Hour); return err },
			"Fill":    func() error { _, err := s.store.Fill(s.ctx, entries, by); return err },
			"Release": func() error { return s.store.Release(s.ctx, []string{s.key("leased"), key}, by) },
		}
		for call, f := range calls {
			s.wantError(call+" with a key that is wrong ("+name+")", f(), cache.ErrKey)
		}
	}
	s.wantAbsent(good)
	s.wantFree(good)
	s.wantLeased(s.key("leased"))
}
