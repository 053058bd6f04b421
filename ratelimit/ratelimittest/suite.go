package ratelimittest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// Run checks that the stores that newStore returns keep the contract of
// [ratelimit.Store]. It calls newStore once for each case, and each case has
// scopes of its own, so that stores may share a server. A store that is
// [Clocked] is also compared with a [Model]; of another, a case waits for some
// hundred milliseconds. What a store does not support has to be refused. Run it
// with the race detector.
func Run(t *testing.T, newStore func(t *testing.T) ratelimit.Store, cfg AgreementConfig) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.run(newSuite(t, newStore(t))) })
	}
	t.Run("ResultsAreTheModels", func(t *testing.T) {
		if store, ok := newStore(t).(Clocked); ok {
			RunAgreement(t, store, cfg)
		}
	})
}

// A testCase is named for the sentence of the contract that it checks.
type testCase struct {
	name string
	run  func(*suite)
}

func cases() []testCase {
	var all []testCase
	for _, part := range [][]testCase{takeCases(), manyCases(), backCases(), keyCases(), timeCases(), raceCases()} {
		all = append(all, part...)
	}
	return all
}

// A suite is what a case works with. Its helpers end the case at an error of
// the store.
type suite struct {
	testing.TB
	ctx   context.Context
	store ratelimit.Store
	clock Clocked // nil: the store's clock runs
	now   int64
	scope string // that no other case has
}

func newSuite(t testing.TB, store ratelimit.Store) *suite {
	s := &suite{TB: t, ctx: context.Background(), store: store, scope: newScope()}
	if clock, ok := store.(Clocked); ok {
		s.clock, s.now = clock, start
		clock.SetNow(start)
	}
	return s
}

// newScope returns a scope that nothing else has.
func newScope() string {
	id := newID()
	return "ratelimittest-" + hex.EncodeToString(id[:8])
}

func newID() (id ratelimit.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

var strategies = []ratelimit.Strategy{
	ratelimit.SlidingWindow, ratelimit.FixedWindow, ratelimit.MovingWindow, ratelimit.GCRA, ratelimit.Concurrency,
}

// hourly returns the limits of so many units an hour that the store supports.
// An hour is so long that nothing lapses while a case runs.
func (s *suite) hourly(amount int64) []ratelimit.Limit { return s.limits(amount, time.Hour) }

func (s *suite) limits(amount int64, period time.Duration) []ratelimit.Limit {
	s.Helper()
	var limits []ratelimit.Limit
	for _, strategy := range strategies {
		if l := (ratelimit.Limit{Strategy: strategy, Amount: amount, Period: period}); s.store.Supports(l) == nil {
			limits = append(limits, l)
		}
	}
	if len(limits) == 0 {
		s.Fatalf("Supports(%d per %s) = an error for every strategy", amount, period)
	}
	return limits
}

// charge returns a charge on the limit's bucket that is named key.
func (s *suite) charge(l ratelimit.Limit, key string, cost int64) ratelimit.Charge {
	return ratelimit.Charge{Limit: l, Scope: s.scope, Key: key, Cost: cost, ID: newID()}
}

func (s *suite) apply(op ratelimit.Op, charges ...ratelimit.Charge) []ratelimit.Result {
	s.Helper()
	// What was there before has to be overwritten.
	results := make([]ratelimit.Result, len(charges))
	for i := range results {
		results[i] = ratelimit.Result{Allowed: true, Granted: 77, Remaining: 77, RetryAfter: 77, ResetAfter: 77}
	}
	if err := s.store.Apply(s.ctx, op, charges, results); err != nil {
		s.Fatalf("Apply(%s) of %s: %v", opName(op), charges[0].Limit.Strategy, err)
	}
	return results
}

// takes takes, and checks what was granted and what remains: granted -1 is a
// refusal.
func (s *suite) takes(c ratelimit.Charge, granted, remaining int64) ratelimit.Result {
	s.Helper()
	r := s.apply(ratelimit.Take, c)[0]
	if allowed := granted >= 0; r.Allowed != allowed || r.Granted != max(0, granted) || r.Remaining != remaining {
		s.Errorf("%s: Take(cost %d, least %d) = %+v, want Allowed %t, Granted %d, Remaining %d",
			c.Limit.Strategy, c.Cost, c.Least, r, allowed, max(0, granted), remaining)
	}
	if r.Allowed && r.RetryAfter != 0 || !r.Allowed && r.RetryAfter == 0 {
		s.Errorf("%s: Take(cost %d).RetryAfter = %s with Allowed %t", c.Limit.Strategy, c.Cost, r.RetryAfter, r.Allowed)
	}
	return r
}

// remains checks what is left of a bucket.
func (s *suite) remains(l ratelimit.Limit, key string, want int64) {
	s.Helper()
	if r := s.apply(ratelimit.Peek, s.charge(l, key, 1))[0]; r.Remaining != want || r.Granted != 0 {
		s.Errorf("%s: Peek = %+v, want Granted 0, Remaining %d", l.Strategy, r, want)
	}
}

// wait lets time pass.
func (s *suite) wait(d time.Duration) {
	if s.clock == nil {
		time.Sleep(d)
		return
	}
	s.now += d.Microseconds()
	s.clock.SetNow(s.now)
}

// unavailable checks an error that means that the store gave no answer.
func (s *suite) unavailable(call string, err error) {
	s.Helper()
	if !errors.Is(err, ratelimit.ErrUnavailable) {
		s.Errorf("%s = %v, want ErrUnavailable", call, err)
	}
}
