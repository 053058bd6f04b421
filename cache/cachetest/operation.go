package cachetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/hone-go/hone/cache"
)

// An operation is one call of a random list, with names instead of keys: each
// store gets a namespace of its own.
type operation struct {
	verb    string
	names   []string // of keys or tags
	values  []string
	token   byte
	life    time.Duration
	delta   int64
	refresh bool
}

func (o operation) String() string {
	return fmt.Sprintf("%s%q values=%q token=%d life=%v delta=%d refresh=%t",
		o.verb, o.names, o.values, o.token, o.life, o.delta, o.refresh)
}

var verbs = []string{
	"Get", "GetMany", "Set", "Add", "Delete", "Increment", "Touch", "Claim", "Claim", "Extend", "Fill", "Fill",
	"Release", "Generations", "Invalidate",
}

// newOperations makes the list. Few keys, tokens and tags, so that they meet.
func newOperations(cfg AgreementConfig) []operation {
	r := rand.New(rand.NewPCG(cfg.Seed, 0))
	ops := make([]operation, cfg.Operations)
	for i := range ops {
		o := operation{
			verb: verbs[r.IntN(len(verbs))], token: byte(1 + r.IntN(3)),
			life: lifeOf(r), delta: r.Int64N(11) - 5, refresh: r.IntN(3) == 0,
		}
		for range 1 + r.IntN(4) {
			name := string(rune('a' + r.IntN(6)))
			if !slices.Contains(o.names, name) {
				o.names = append(o.names, name)
				o.values = append(o.values, []string{"", "x", "41", "9223372036854775807", name + strconv.Itoa(i)}[r.IntN(5)])
			}
		}
		if o.verb == "Invalidate" && r.IntN(4) == 0 {
			o.names = nil
		}
		ops[i] = o
	}
	return ops
}

// A runner carries out operations on one store.
type runner struct {
	store       cache.Store
	space       string
	generations []*generationAnswer
}

func newRunner(store cache.Store) *runner { return &runner{store: store, space: newSpace()} }

// An answer is what all verbs but those of generations return.
type answer struct {
	Items  []cache.Item
	Bools  []bool
	Number int64
	Err    string
}

// A generationAnswer holds generations, and in the end their ranks.
type generationAnswer struct {
	Numbers []int64
	Err     string
}

func (o operation) answer(r *runner) any {
	switch o.verb {
	case "Generations":
		of, now, err := r.store.Generations(context.Background(), r.space, o.names)
		return r.keep(append(of, now), err)
	case "Invalidate":
		now, err := r.store.Invalidate(context.Background(), r.space, o.names)
		return r.keep([]int64{now}, err)
	}
	return o.call(r)
}

func (r *runner) keep(numbers []int64, err error) *generationAnswer {
	a := &generationAnswer{Numbers: numbers, Err: errorName(err)}
	r.generations = append(r.generations, a)
	return a
}

// call carries out a verb on keys.
func (o operation) call(r *runner) any {
	ctx, s := context.Background(), r.store
	var a answer
	var err error
	keys := make([]string, len(o.names))
	entries := make([]cache.Entry, len(o.names))
	for i, name := range o.names {
		keys[i] = r.space + ":" + name
		entries[i] = cache.Entry{Key: keys[i], Value: []byte(o.values[i]), Life: o.life}
	}
	token := cache.Token{o.token}
	one := func(b bool) []bool { return []bool{b} }
	var n int
	var yes bool
	switch o.verb {
	case "Get":
		var item cache.Item
		item, err = s.Get(ctx, keys[0])
		a.Items = []cache.Item{item}
	case "GetMany":
		a.Items, err = s.GetMany(ctx, keys)
	case "Set":
		err = s.Set(ctx, entries)
	case "Add":
		yes, err = s.Add(ctx, entries[0])
		a.Bools = one(yes)
	case "Delete":
		n, err = s.Delete(ctx, keys)
		a.Number = int64(n)
	case "Increment":
		a.Number, err = s.Increment(ctx, keys[0], o.delta, o.life)
	case "Touch":
		yes, err = s.Touch(ctx, keys[0], o.life)
		a.Bools = one(yes)
	case "Claim":
		a.Items, err = s.Claim(ctx, keys, cache.Claim{Token: token, Life: time.Hour, Refresh: o.refresh})
	case "Extend":
		n, err = s.Extend(ctx, keys, token, time.Hour)
		a.Number = int64(n)
	case "Fill":
		a.Bools, err = s.Fill(ctx, entries, token)
	case "Release":
		err = s.Release(ctx, keys, token)
	}
	a.Err = errorName(err)
	if err != nil {
		return answer{Err: a.Err} // what comes with an error is free
	}
	return a
}

// errorName returns the sentinel that an error matches.
func errorName(err error) string {
	if err == nil {
		return ""
	}
	for _, sentinel := range []error{cache.ErrUnavailable, cache.ErrTooLarge, cache.ErrKey, cache.ErrLife, cache.ErrNotNumber} {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	return err.Error()
}

// rankGenerations replaces each generation by its rank among all that the store
// returned: stores may start at any and rise by any.
func (r *runner) rankGenerations() {
	var all []int64
	for _, a := range r.generations {
		all = append(all, a.Numbers...)
	}
	slices.SortFunc(all, cmp.Compare[int64])
	all = slices.Compact(all)
	for _, a := range r.generations {
		for i, n := range a.Numbers {
			rank, _ := slices.BinarySearch(all, n)
			a.Numbers[i] = int64(rank)
		}
	}
}
