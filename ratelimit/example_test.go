package ratelimit_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/memory"
)

// A limiter on a store of this process. With store/redis's Limits in its place,
// all processes count together.
func Example() {
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		log.Fatal(err)
	}
	limiter, err := ratelimit.New(store, ratelimit.Config{Namespace: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	defer limiter.Close()
	search, err := limiter.Rule("search", "3/minute; 1000/day", ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen})
	if err != nil {
		log.Fatal(err)
	}

	for range 4 {
		d, err := search.Take(context.Background(), "alice", 1)
		if err != nil {
			log.Fatal(err)
		}
		q := d.Closest()
		fmt.Printf("allowed %t: %d left of %s\n", d.Allowed, q.Remaining, q.Limit)
	}
	// Output:
	// allowed true: 2 left of 3/minute
	// allowed true: 1 left of 3/minute
	// allowed true: 0 left of 3/minute
	// allowed false: 0 left of 3/minute
}

// exampleLimiter is what the other examples begin with.
func exampleLimiter() *ratelimit.Limiter {
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		log.Fatal(err)
	}
	limiter, err := ratelimit.New(store, ratelimit.Config{Namespace: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	return limiter
}

// All rules of a request are decided together: a refusal charges none of them.
func ExampleLimiter_Take() {
	limiter := exampleLimiter()
	defer limiter.Close()
	open := ratelimit.RuleConfig{OnStoreError: ratelimit.FailOpen}
	address, err := limiter.Rule("address", "100/minute", open)
	if err != nil {
		log.Fatal(err)
	}
	export, err := limiter.Rule("export", "1/day", open)
	if err != nil {
		log.Fatal(err)
	}

	for range 3 {
		d, err := limiter.Take(context.Background(), address.Use("192.0.2.1", 1), export.Use("alice", 1))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("allowed", d.Allowed, "by", d.Closest().Rule.Name())
	}
	d, err := address.Peek(context.Background(), "192.0.2.1", 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Closest().Remaining, "left to the address")
	// Output:
	// allowed true by export
	// allowed false by export
	// allowed false by export
	// 99 left to the address
}

// Only failed logins count. A try is charged before the password is looked at,
// so that a thousand at once do not all pass, and a success takes it back.
func ExampleLimiter_Reserve() {
	limiter := exampleLimiter()
	defer limiter.Close()
	login, err := limiter.Rule("login", "2/hour", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed, Refunds: true})
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	for _, password := range []string{"right", "wrong", "right", "wrong", "right"} {
		try, d, err := limiter.Reserve(ctx, login.Use("alice", 1))
		switch {
		case err != nil:
			log.Fatal(err)
		case !d.Allowed:
			fmt.Println("too many failures")
			continue
		}
		if password == "right" {
			err = try.Cancel(ctx)
		} else {
			err = try.Commit(ctx)
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(password)
	}
	// Output:
	// right
	// wrong
	// right
	// wrong
	// too many failures
}

// A worker waits for its turn, up to the deadline of its context.
func ExampleRule_Wait() {
	limiter := exampleLimiter()
	defer limiter.Close()
	mail, err := limiter.Rule("mail", "100/second burst 1", ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	for range 6 {
		if _, err := mail.Wait(ctx, "smtp", 1); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("six mails took at least 50ms:", time.Since(began) >= 50*time.Millisecond)
	// Output:
	// six mails took at least 50ms: true
}
