package ratelimittest_test

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

func random(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d", s)
	return rand.New(rand.NewPCG(s, 1))
}

// randomLimit has numbers of every magnitude.
func randomLimit(r *rand.Rand, strategy ratelimit.Strategy) ratelimit.Limit {
	number := func(most int64) int64 {
		n := int64(1)
		for n < most && r.IntN(16) != 0 {
			n *= 8
		}
		return 1 + r.Int64N(min(n, most))
	}
	for {
		l := ratelimit.Limit{
			Strategy: strategy, Amount: number(ratelimit.MaxAmount),
			Period: time.Duration(number(ratelimit.MaxPeriod.Microseconds())) * time.Microsecond,
		}
		if strategy == ratelimit.GCRA {
			l.Burst = number(ratelimit.MaxAmount)
		}
		if l.Validate() == nil {
			return l
		}
	}
}

// TestPlanIsNeverLaxer compares Price/Drain with Period/Amount.
func TestPlanIsNeverLaxer(t *testing.T) {
	r := random(t)
	tolerated := big.NewRat(10015, 10000)
	for range 100_000 {
		l := randomLimit(r, ratelimit.GCRA)
		p := l.Plan()
		exact := big.NewRat(l.Period.Microseconds(), l.Amount)
		ratio := new(big.Rat).Quo(big.NewRat(p.Price, p.Drain), exact)
		if ratio.Cmp(big.NewRat(1, 1)) < 0 || ratio.Cmp(tolerated) > 0 {
			t.Fatalf("%+v.Plan() = %+v: a unit takes %s times as long as it should, want 1 to 1.0015", l, p, ratio.FloatString(6))
		}
		if p.Ceiling > 1<<52+ratelimit.MaxAmount || p.Ceiling/p.Price != p.Most {
			t.Fatalf("%+v.Plan() = %+v: want Ceiling = Most·Price, up to 2^52", l, p)
		}
	}
}

// TestRefundAdmitsNoMoreThanNoCharge charges at random, refunds one charge, and
// compares with a bucket that saw the same without it: in the same window, as
// windows keep their beginning.
func TestRefundAdmitsNoMoreThanNoCharge(t *testing.T) {
	r := random(t)
	for range 20_000 {
		l := ratelimit.Limit{Strategy: ratelimit.Strategy(r.IntN(5)), Amount: 20 + r.Int64N(20), Period: time.Second}
		p := l.Plan()
		var with, without ratelimit.Bucket
		now, first := int64(1e15), int64(1e15)
		var refunded ratelimit.Charge
		at := 1 + r.IntN(5) // not the first, which begins a window
		for i := range 8 {
			c := ratelimit.Charge{Limit: l, Cost: 1 + r.Int64N(5), ID: ratelimit.ID{1, byte(i)}}
			result := with.Take(&p, now, &c)
			if !result.Allowed {
				break
			}
			if i == at {
				refunded, refunded.Receipt = c, result.Receipt
			} else {
				without.Take(&p, now, &c)
			}
			now += r.Int64N(p.Period / 8)
		}
		if refunded.Cost == 0 {
			continue
		}
		with.Refund(&p, now, &refunded)
		ask := ratelimit.Charge{Limit: l, Cost: 1}
		for ; now < first+p.Period; now += 1 + r.Int64N(p.Period/10) {
			got, want := with.Peek(&p, now, &ask).Remaining, without.Peek(&p, now, &ask).Remaining
			if got > want {
				t.Fatalf("%s: after a refund Remaining = %d, without the charge %d", l.Strategy, got, want)
			}
		}
	}
}

func TestEncodedBucketsRefuseTheRest(t *testing.T) {
	p := ratelimit.Limit{Strategy: ratelimit.Concurrency, Amount: 9, Period: time.Second}.Plan()
	var b ratelimit.Bucket
	for i := range 3 {
		b.Take(&p, 1e15, &ratelimit.Charge{Cost: 2, ID: ratelimit.ID{1, byte(i)}})
	}
	data, err := b.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if err := new(ratelimit.Bucket).UnmarshalBinary(data[:n]); err == nil {
			t.Errorf("UnmarshalBinary of the first %d of %d bytes = nil, want an error", n, len(data))
		}
	}
	for _, bad := range [][]byte{append(data[:len(data):len(data)], 0), {2}, {1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f}} {
		if err := new(ratelimit.Bucket).UnmarshalBinary(bad); err == nil {
			t.Errorf("UnmarshalBinary(%x) = nil, want an error", bad)
		}
	}
}

func FuzzBucketUnmarshalBinary(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Add([]byte{1, 9, 1, 0, 1, 9, 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var b, again ratelimit.Bucket
		if b.UnmarshalBinary(data) != nil {
			return
		}
		out, err := b.AppendBinary(nil)
		if err != nil || again.UnmarshalBinary(out) != nil {
			t.Fatalf("%x was read as %+v, which is not written", data, b)
		}
		for s := range ratelimit.Concurrency + 1 {
			p := ratelimit.Limit{Strategy: s, Amount: 5, Period: time.Second}.Plan()
			for op := range ratelimit.Reset + 1 {
				c := b
				c.Log = append([]ratelimit.Entry(nil), b.Log...)
				c.Apply(&p, op, 1e15, &ratelimit.Charge{Cost: 2})
			}
		}
	})
}
