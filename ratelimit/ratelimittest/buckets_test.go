package ratelimittest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/ratelimittest"
)

// buckets is the plainest store of [ratelimit.Bucket]s, kept encoded.
type buckets struct {
	mu     sync.Mutex
	now    int64 // 0: the time
	stored map[bucket][]byte
}

type bucket struct {
	limit      ratelimit.Limit
	scope, key string
}

func newBuckets() *buckets { return &buckets{stored: make(map[bucket][]byte)} }

func (s *buckets) SetNow(micros int64)            { s.now = micros }
func (s *buckets) Supports(ratelimit.Limit) error { return nil }
func (s *buckets) Ping(context.Context) error     { return nil }
func (s *buckets) Apply(ctx context.Context, op ratelimit.Op, charges []ratelimit.Charge, results []ratelimit.Result) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now
	if now == 0 {
		now = time.Now().UnixMicro()
	}
	accounts := make([]ratelimit.Account, len(charges))
	for i, c := range charges {
		p := c.Limit.Plan()
		accounts[i] = ratelimit.Account{Plan: &p}
		if data, ok := s.stored[bucket{c.Limit, c.Scope, c.Key}]; ok {
			if err := accounts[i].Bucket.UnmarshalBinary(data); err != nil {
				return err
			}
		}
	}
	if !ratelimit.ApplyAll(op, now, accounts, charges, results) {
		return nil
	}
	for i, c := range charges {
		data, err := accounts[i].Bucket.AppendBinary(nil)
		if err != nil {
			return err
		}
		s.stored[bucket{c.Limit, c.Scope, c.Key}] = data
	}
	return nil
}

func TestBucketsAgreeWithTheModel(t *testing.T) {
	for range 20 {
		ratelimittest.RunAgreement(t, newBuckets(), ratelimittest.AgreementConfig{Seed: *seed})
	}
}

func TestBucketsConform(t *testing.T) {
	ratelimittest.Run(t, func(*testing.T) ratelimit.Store { return newBuckets() }, ratelimittest.AgreementConfig{Seed: *seed})
}

func TestModelConforms(t *testing.T) {
	ratelimittest.Run(t, func(*testing.T) ratelimit.Store { return ratelimittest.NewModel(0) }, ratelimittest.AgreementConfig{Seed: *seed})
}

// TestRunningClockConforms hides the hook of the clock.
func TestRunningClockConforms(t *testing.T) {
	ratelimittest.Run(t, func(*testing.T) ratelimit.Store {
		return struct{ ratelimit.Store }{newBuckets()}
	}, ratelimittest.AgreementConfig{})
}
