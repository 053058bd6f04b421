package cachetest

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hone-go/hone/cache"
)

func valueCases() []testCase {
	return []testCase{
		{"Get/AbsentIsNoError", testAbsent},
		{"Get/ValuesOfAnyBytes", testAnyBytes},
		{"Get/EmptyIsNotNil", testEmptyValue},
		{"Get/ValueStaysAsItIs", testValueStays},
		{"Get/AppendReachesNobody", testAppend},
		{"GetMany/Order", testGetMany},
		{"Set/Replaces", testSetReplaces},
		{"Set/Many", testSetMany},
		{"Set/SlicesAreTheCallers", testCallersSlices},
		{"Set/LargeValues", testLargeValues},
		{"Add/OnlyIfAbsent", testAdd},
		{"Delete/CountsValues", testDelete},
	}
}

func testAbsent(s *suite) {
	key := s.key("missing")
	s.wantAbsent(key)
	if n := s.delete(key); n != 0 {
		s.Errorf("Delete of a missing key = %d, want 0", n)
	}
	if found, err := s.store.Touch(s.ctx, key, time.Hour); err != nil || found {
		s.Errorf("Touch of a missing key = %t, %v, want false, nil", found, err)
	}
	s.wantAbsent(key)
}

func testAnyBytes(s *suite) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, value := range []string{"x", "0", "nil", "\x00", string(all), strings.Repeat("\xff\r\n", 5000)} {
		s.set(s.key("v"), value, cache.NoExpiry)
		s.wantValue(s.key("v"), value)
	}
}

func testEmptyValue(s *suite) {
	for _, value := range [][]byte{nil, {}} {
		s.must("Set", s.store.Set(s.ctx, []cache.Entry{{Key: s.key("v"), Value: value, Life: time.Hour}}))
		item := s.get(s.key("v"))
		s.wantState(s.key("v"), item, cache.Found)
		if item.Value == nil || len(item.Value) != 0 {
			s.Errorf("Get of an empty value = %#v, want an empty slice that is not nil", item.Value)
		}
	}
}

func testValueStays(s *suite) {
	key := s.key("v")
	s.set(key, "100", cache.NoExpiry)
	item := s.get(key)
	s.increment(key, 1, cache.NoExpiry)
	s.set(key, "xyz", cache.NoExpiry)
	s.delete(key)
	if got := string(item.Value); got != "100" {
		s.Errorf("value that Get returned is %q after later writes, want %q", got, "100")
	}
}

func testAppend(s *suite) {
	value := append(make([]byte, 0, 64), "abc"...)
	s.must("Set", s.store.Set(s.ctx, []cache.Entry{{Key: s.key("v"), Value: value, Life: time.Hour}}))
	first, second := s.get(s.key("v")).Value, s.get(s.key("v")).Value
	one := append(first, '1')
	_ = append(second, '2')
	if string(one) != "abc1" {
		s.Errorf("append to one answer reached another: got %q, want %q", one, "abc1")
	}
	s.wantValue(s.key("v"), "abc")
}

func testGetMany(s *suite) {
	s.set(s.key("a"), "A", time.Hour)
	s.set(s.key("b"), "B", time.Hour)
	keys := []string{s.key("b"), s.key("missing"), s.key("a"), s.key("b")}
	items, err := s.store.GetMany(s.ctx, keys)
	s.must("GetMany", err)
	if len(items) != len(keys) {
		s.Fatalf("GetMany of %d keys = %d items", len(keys), len(items))
	}
	for i, want := range []string{"B", "", "A", "B"} {
		if got := string(items[i].Value); got != want || (items[i].State == cache.Found) != (want != "") {
			s.Errorf("GetMany item %d = %s %q, want %q", i, stateName(items[i].State), got, want)
		}
	}
	items, err = s.store.GetMany(s.ctx, nil)
	if err != nil || len(items) != 0 {
		s.Errorf("GetMany of no keys = %v, %v, want none, nil", items, err)
	}
}

func testSetReplaces(s *suite) {
	s.set(s.key("v"), "old and long", cache.NoExpiry)
	s.set(s.key("v"), "new", cache.NoExpiry)
	s.wantValue(s.key("v"), "new")
}

func testSetMany(s *suite) {
	var entries []cache.Entry
	var keys []string
	for i := range 300 {
		keys = append(keys, s.key(strconv.Itoa(i)))
		entries = append(entries, cache.Entry{Key: keys[i], Value: []byte(keys[i]), Life: time.Hour})
	}
	s.must("Set", s.store.Set(s.ctx, entries))
	items, err := s.store.GetMany(s.ctx, keys)
	s.must("GetMany", err)
	for i, item := range items {
		if string(item.Value) != keys[i] {
			s.Fatalf("GetMany item %d = %s %q, want %q", i, stateName(item.State), item.Value, keys[i])
		}
	}
	s.must("Set of nothing", s.store.Set(s.ctx, nil))
}

// testCallersSlices: only values are kept, not the slices that list them.
func testCallersSlices(s *suite) {
	entries := []cache.Entry{{Key: s.key("a"), Value: []byte("A"), Life: time.Hour}}
	s.must("Set", s.store.Set(s.ctx, entries))
	entries[0] = cache.Entry{Key: s.key("b"), Value: []byte("B"), Life: time.Hour}
	keys := []string{s.key("a")}
	items, err := s.store.GetMany(s.ctx, keys)
	s.must("GetMany", err)
	items[0].Value, keys[0] = nil, ""
	s.wantValue(s.key("a"), "A")
	s.wantAbsent(s.key("b"))
}

// testLargeValues: a value is stored whole, or refused and nothing happens.
func testLargeValues(s *suite) {
	key := s.key("v")
	s.set(key, "small", cache.NoExpiry)
	held := newToken()
	for _, size := range []int{1<<20 - 1024, 1 << 20, 2 << 20, 100 << 20} {
		value := bytes.Repeat([]byte{'x'}, size)
		large := []cache.Entry{{Key: s.key("first"), Value: []byte("1"), Life: time.Hour}, {Key: key, Value: value, Life: time.Hour}}
		err := s.store.Set(s.ctx, large)
		switch {
		case err == nil:
			// It may have had to make room at once.
			if item := s.get(key); item.State == cache.Found && !bytes.Equal(item.Value, value) {
				s.Errorf("value of %d bytes came back as %d others", size, len(item.Value))
			}
			s.set(key, "small", cache.NoExpiry)
			s.delete(s.key("first"))
			continue
		case !errors.Is(err, cache.ErrTooLarge):
			s.Errorf("Set of %d bytes = error %v, want one that matches %q", size, err, cache.ErrTooLarge)
		}
		s.wantValue(key, "small")
		s.wantAbsent(s.key("first"))
		_, err = s.store.Add(s.ctx, cache.Entry{Key: s.key("none"), Value: value, Life: time.Hour})
		s.wantError("Add of a value that Set refused", err, cache.ErrTooLarge)
		s.wantAbsent(s.key("none"))
		s.lease(s.key("none"), held, time.Hour)
		_, err = s.store.Fill(s.ctx, []cache.Entry{{Key: s.key("none"), Value: value, Life: time.Hour}}, held)
		s.wantError("Fill with a value that Set refused", err, cache.ErrTooLarge)
		s.wantLeased(s.key("none"))
	}
}

func testAdd(s *suite) {
	key := s.key("v")
	if !s.add(key, "first", time.Hour) {
		s.Errorf("Add to a missing key = false, want true")
	}
	if s.add(key, "second", time.Hour) {
		s.Errorf("Add to a key with a value = true, want false")
	}
	s.wantValue(key, "first")
	s.delete(key)
	if !s.add(key, "third", time.Hour) {
		s.Errorf("Add after Delete = false, want true")
	}
	s.wantValue(key, "third")
	s.set(key, "", time.Hour)
	if s.add(key, "fourth", time.Hour) {
		s.Errorf("Add to a key with an empty value = true, want false")
	}
}

func testDelete(s *suite) {
	keys := []string{s.key("a"), s.key("b"), s.key("missing")}
	s.set(keys[0], "A", cache.NoExpiry)
	s.set(keys[1], "", cache.NoExpiry)
	s.set(s.key("other"), "O", cache.NoExpiry)
	if n := s.delete(keys...); n != 2 {
		s.Errorf("Delete of two values and a missing key = %d, want 2", n)
	}
	for _, key := range keys {
		s.wantAbsent(key)
	}
	s.wantValue(s.key("other"), "O")
	slices.Reverse(keys)
	if n := s.delete(keys...); n != 0 {
		s.Errorf("Delete for the second time = %d, want 0", n)
	}
	if n := s.delete(); n != 0 {
		s.Errorf("Delete of no keys = %d, want 0", n)
	}
}
