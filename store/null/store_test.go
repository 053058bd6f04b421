package null_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/null"
)

const key = "space:key"

func entries() []cache.Entry {
	return []cache.Entry{{Key: key, Value: []byte("v"), Life: time.Hour}}
}

func TestNothingIsKept(t *testing.T) {
	ctx, s := context.Background(), null.New()
	if err := s.Set(ctx, entries()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if added, err := s.Add(ctx, entries()[0]); !added || err != nil {
			t.Errorf("Add = %t, %v, want true, nil", added, err)
		}
		if n, err := s.Increment(ctx, key, 5, time.Hour); n != 5 || err != nil {
			t.Errorf("Increment by 5 = %d, %v, want 5, nil", n, err)
		}
	}
	if item, err := s.Get(ctx, key); item.State != cache.Absent || err != nil {
		t.Errorf("Get = %+v, %v, want Absent, nil", item, err)
	}
	items, err := s.GetMany(ctx, []string{key, "space:other"})
	if want := make([]cache.Item, 2); !reflect.DeepEqual(items, want) || err != nil {
		t.Errorf("GetMany = %+v, %v, want two that are Absent", items, err)
	}
	if found, err := s.Touch(ctx, key, time.Hour); found || err != nil {
		t.Errorf("Touch = %t, %v, want false, nil", found, err)
	}
	if n, err := s.Delete(ctx, []string{key}); n != 0 || err != nil {
		t.Errorf("Delete = %d, %v, want 0, nil", n, err)
	}
}

func TestEveryClaimIsGranted(t *testing.T) {
	ctx, s := context.Background(), null.New()
	for i := range byte(3) {
		token := cache.Token{i}
		items, err := s.Claim(ctx, []string{key, "space:other"}, cache.Claim{Token: token, Life: time.Hour})
		want := []cache.Item{{State: cache.Granted}, {State: cache.Granted}}
		if !reflect.DeepEqual(items, want) || err != nil {
			t.Errorf("Claim = %+v, %v, want %+v", items, err, want)
		}
		if held, err := s.Extend(ctx, []string{key, "space:other"}, token, time.Hour); held != 2 || err != nil {
			t.Errorf("Extend of 2 = %d, %v, want 2, nil", held, err)
		}
		if stored, err := s.Fill(ctx, entries(), token); !reflect.DeepEqual(stored, []bool{false}) || err != nil {
			t.Errorf("Fill = %v, %v, want [false], nil", stored, err)
		}
		if err := s.Release(ctx, []string{key}, token); err != nil {
			t.Errorf("Release failed: %v", err)
		}
	}
}

func TestGenerationsRise(t *testing.T) {
	ctx, s := context.Background(), new(null.Store)
	last := int64(0)
	for range 3 {
		of, now, err := s.Generations(ctx, "space", []string{"a", "b"})
		if !reflect.DeepEqual(of, []int64{now, now}) || now <= last || err != nil {
			t.Errorf("Generations = %v, %d, %v, want all the present one, above %d", of, now, err, last)
		}
		last = now
		if n, err := s.Invalidate(ctx, "space", []string{"a"}); n <= now || err != nil {
			t.Errorf("Invalidate = %d, %v, want above %d", n, err, now)
		}
	}
}

func TestLocal(t *testing.T) {
	s := null.New()
	if !s.Local() {
		t.Errorf("Local() = false, want true")
	}
	if off := time.Since(s.Now()); off < 0 || off > time.Minute {
		t.Errorf("Now() is %v ago, want the present", off)
	}
}

func TestCloseMakesCallsFail(t *testing.T) {
	ctx, s := context.Background(), null.New()
	if err := s.Ping(ctx); err != nil {
		t.Errorf("Ping before Close = %v, want nil", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
	}
	errs := []error{s.Ping(ctx), s.Set(ctx, entries()), s.Release(ctx, nil, cache.Token{})}
	note := func(_ any, err error) { errs = append(errs, err) }
	note(s.Get(ctx, key))
	note(s.GetMany(ctx, nil))
	note(s.Add(ctx, entries()[0]))
	note(s.Delete(ctx, nil))
	note(s.Increment(ctx, key, 1, time.Hour))
	note(s.Touch(ctx, key, time.Hour))
	note(s.Claim(ctx, nil, cache.Claim{}))
	note(s.Extend(ctx, nil, cache.Token{}, time.Hour))
	note(s.Fill(ctx, nil, cache.Token{}))
	note(s.Invalidate(ctx, "space", nil))
	_, _, err := s.Generations(ctx, "space", nil)
	for i, err := range append(errs, err) {
		if !errors.Is(err, cache.ErrUnavailable) {
			t.Errorf("call %d after Close = %v, want an error that matches %q", i, err, cache.ErrUnavailable)
		}
	}
}
