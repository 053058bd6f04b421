package redis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/redis"
)

// TestLimitsExpire checks that the server drops buckets when they are as new,
// and not before.
func TestLimitsExpire(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	all := charges("t:expire", "key", daily(10))
	results := apply(t, l, ratelimit.Take, all)
	var longest time.Duration
	for _, r := range results {
		longest = max(longest, r.ResetAfter)
	}
	keys, err := command(t, c, "KEYS", "*").AsStrSlice()
	if err != nil || len(keys) != len(all)+1 {
		t.Fatalf("KEYS = %q, %v, want one for each limit and two for concurrency", keys, err)
	}
	for _, k := range keys {
		ms, err := command(t, c, "PTTL", k).AsInt64()
		if left := time.Duration(ms) * time.Millisecond; err != nil || left <= 0 || left > longest+time.Second {
			t.Errorf("PTTL %q = %v, %v, want above 0 and at most %v", k, left, err, longest)
		}
	}
	apply(t, l, ratelimit.Reset, all)
	if size, err := command(t, c, "DBSIZE").AsInt64(); err != nil || size != 0 {
		t.Errorf("%d keys after Reset, %v, want none", size, err)
	}
	// What is given back leaves nothing either.
	results = apply(t, l, ratelimit.Take, all)
	for i := range all {
		all[i].Receipt = results[i].Receipt
	}
	for i, r := range apply(t, l, ratelimit.Refund, all) {
		if r.Granted != 1 && all[i].Limit.Strategy != ratelimit.GCRA { // its debt has shrunk since
			t.Errorf("%s: Refund = %+v, want one unit", all[i].Limit.Strategy, r)
		}
	}
	if size, err := command(t, c, "DBSIZE").AsInt64(); err != nil || size != 0 {
		t.Errorf("%d keys after Refund of everything, %v, want none", size, err)
	}
}

// TestLimitsExpireAfterPlainTakes: by another script.
func TestLimitsExpireAfterPlainTakes(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	for _, k := range []int{1, 2} { // of one charge, and of more
		for _, limit := range daily(10) {
			all := charges("t:plain "+limit.Strategy.String(), "key", []ratelimit.Limit{limit, limit})[:k]
			all[k-1].Limit.Amount = 20
			command(t, c, "FLUSHALL")
			var longest time.Duration
			for _, r := range apply(t, l, ratelimit.Take, all) {
				longest = max(longest, r.ResetAfter)
			}
			keys, err := command(t, c, "KEYS", "*").AsStrSlice()
			if err != nil || len(keys) < k {
				t.Fatalf("KEYS = %q, %v, want one for each limit", keys, err)
			}
			for _, key := range keys {
				ms, err := command(t, c, "PTTL", key).AsInt64()
				left := time.Duration(ms) * time.Millisecond
				if shortest := longest/2 - time.Minute; err != nil || left <= shortest || left > longest+time.Second {
					t.Errorf("%d charges of %s: PTTL = %v, %v, want above %v and at most %v", k, limit.Strategy, left, err, shortest, longest)
				}
			}
		}
	}
}

// TestLimitsHideKeys checks that what a key was cannot be read in the server.
func TestLimitsHideKeys(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	apply(t, l, ratelimit.Take, charges("t:scope", "alice@example.com", daily(10)))
	c := raw(t, n.Address())
	keys, err := command(t, c, "KEYS", "*").AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if strings.Contains(k, "alice") || !strings.HasPrefix(k, "limit:{") || len(k) > 60 {
			t.Errorf("a key is %q, want limit:{…} and no more than 60 bytes", k)
		}
	}
}

func TestLimitsForeignBucket(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	for bad, spoil := range map[string]func(key string){
		"list":   func(key string) { command(t, c, "DEL", key); command(t, c, "LPUSH", key, "x") },
		"string": func(key string) { command(t, c, "SET", key, "1 2 three") },
	} {
		command(t, c, "FLUSHALL")
		apply(t, l, ratelimit.Take, []ratelimit.Charge{plain(bad, 10, 1)})
		keys, err := command(t, c, "KEYS", "*").AsStrSlice()
		if err != nil || len(keys) != 1 {
			t.Fatalf("KEYS = %q, %v, want one", keys, err)
		}
		spoil(keys[0])
		var all []*taker
		for i := range 20 {
			tk := &taker{charges: []ratelimit.Charge{plain("good", 100, 1)}}
			if i%5 == 0 {
				tk.charges = append(tk.charges, plain(bad, 10, 1))
			}
			all = append(all, tk)
		}
		waiters(t, n, l, all, always(t))()
		for i, tk := range all {
			if i%5 == 0 {
				wantLimitsUnavailable(t, bad, tk.err)
			} else if tk.err != nil || !tk.results[0].Allowed {
				t.Errorf("beside a %s: %+v, %v, want it allowed", bad, tk.results[0], tk.err)
			}
		}
		if r := apply(t, l, ratelimit.Peek, []ratelimit.Charge{plain("good", 100, 1)})[0]; r.Remaining != 100-16 {
			t.Errorf("beside a %s: %d remain of 100, want 84: what has failed charged nothing", bad, r.Remaining)
		}
	}
}

// TestLimitsDeniedRead: what the server says is told, and nothing is charged.
func TestLimitsDeniedRead(t *testing.T) {
	n := node(t)
	l := ready(t, url(n), redis.Config{}).Limits()
	c := raw(t, n.Address())
	all := []ratelimit.Charge{plain("k", 10, 1)}
	apply(t, l, ratelimit.Take, all)
	command(t, c, "ACL", "SETUSER", "default", "-get")
	err := l.Apply(t.Context(), ratelimit.Take, all, make([]ratelimit.Result, 1))
	wantLimitsUnavailable(t, "without GET", err)
	if err != nil && strings.Contains(err.Error(), "holds something else") {
		t.Errorf("without GET: Apply = %v, want the server's error", err)
	}
	command(t, c, "ACL", "SETUSER", "default", "+get")
	if r := apply(t, l, ratelimit.Peek, all)[0]; r.Remaining != 9 {
		t.Errorf("%d remain after a denied Take, want 9", r.Remaining)
	}
}
