//go:build unix

package memcached_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/limitstest"
	"github.com/hone-go/hone/store/memcached"
)

// TestLimitsWithoutServer: killed, and started again with nothing left.
func TestLimitsWithoutServer(t *testing.T) {
	n := start(t)
	l := open(t, n.Address()).Limits()
	limitstest.MustTake(t, l, limitstest.Three("a"))
	n.Kill()
	if _, err := limitstest.Take(t.Context(), l, limitstest.Three("a")); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Take without a server = %v, want ErrUnavailable", err)
	}
	if err := l.Ping(t.Context()); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Ping without a server = %v, want ErrUnavailable", err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := limitstest.MustTake(t, l, limitstest.Three("a")); r.Remaining != 2 {
		t.Errorf("Take after the restart = %+v, want Remaining 2: memcached has forgotten", r)
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLimitsOnFrozenServer(t *testing.T) {
	n := start(t)
	l := open(t, n.Address()).Limits()
	limitstest.MustTake(t, l, limitstest.Three("a"))
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	limitstest.WaitFrozen(t, l, limitstest.Three("a"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := limitstest.Take(ctx, l, limitstest.Three("a")); !errors.Is(err, ratelimit.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Take of a frozen server = %v, want ErrUnavailable for the deadline", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("Take with a deadline of 20ms took %s", d)
	}
	if err := n.Thaw(); err != nil {
		t.Fatal(err)
	}
	if r := limitstest.MustTake(t, l, limitstest.Three("a")); r.Allowed {
		t.Errorf("Take after it = %+v, want the charge before it to count", r)
	}
}

// TestEvictedBucketIsAsNew is what the type's comment warns of.
func TestEvictedBucketIsAsNew(t *testing.T) {
	n := start(t, "-m", "2")
	l := open(t, n.Address()).Limits()
	limitstest.MustTake(t, l, limitstest.Three("first"))
	if r := limitstest.MustTake(t, l, limitstest.Three("first")); r.Allowed {
		t.Fatalf("Take = %+v, want a refusal", r)
	}
	for i := range 60_000 {
		if _, err := limitstest.Take(t.Context(), l, limitstest.Three(fmt.Sprint(i))); err != nil && !errors.Is(err, ratelimit.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if r := limitstest.MustTake(t, l, limitstest.Three("first")); !r.Allowed || r.Remaining != 2 {
		t.Errorf("Take after 60,000 other keys in 2 MiB = %+v, want it as new", r)
	}
}

// TestItemOutlivesItsBucket by ten seconds: the server's memory is not held for
// longer.
func TestItemOutlivesItsBucket(t *testing.T) {
	n := start(t)
	l := open(t, n.Address()).Limits()
	c := limitstest.Three("a")
	c.Limit = ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 5, Period: time.Second}
	limitstest.MustTake(t, l, c)
	item := items(t, n.Address())
	var seconds int
	if _, err := fmt.Sscanf(item[strings.Index(item, "exp=")+len("exp="):], "%d", &seconds); err != nil {
		t.Fatalf("metadump = %q: %v", item, err)
	}
	if left := time.Until(time.Unix(int64(seconds), 0)); left < 8*time.Second || left > 15*time.Second {
		t.Errorf("the item lives for %s, want some 11s", left)
	}
	if strings.Count(item, "key=") != 1 || !strings.Contains(item, "%7Bl%7D") {
		t.Errorf("items = %q, want one whose name begins with {l}", item)
	}
}

// TestForeignItemAdmitsNothing: what is no bucket is not taken for an empty one.
func TestForeignItemAdmitsNothing(t *testing.T) {
	n := start(t)
	l := open(t, n.Address()).Limits()
	limitstest.MustTake(t, l, limitstest.Three("a"))
	item := items(t, n.Address())
	_, name, _ := strings.Cut(item, "%7Bl%7D")
	name, _, _ = strings.Cut(name, " ")
	client := memcache.New(n.Address())
	if err := client.Set(&memcache.Item{Key: memcached.BucketName(name), Value: []byte("junk")}); err != nil {
		t.Fatal(err)
	}
	if _, err := limitstest.Take(t.Context(), l, limitstest.Three("a")); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Take = %v, want ErrUnavailable", err)
	}
	if err := l.Apply(t.Context(), ratelimit.Reset, []ratelimit.Charge{limitstest.Three("a")}, make([]ratelimit.Result, 1)); err != nil {
		t.Fatal(err)
	}
	if r := limitstest.MustTake(t, l, limitstest.Three("a")); !r.Allowed {
		t.Errorf("Take after Reset = %+v, want Allowed", r)
	}
}
