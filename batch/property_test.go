package batch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/batch"
)

// Goroutines that load one key after another go in step: a batch is what each
// of them needs next, as if there were rounds.
func TestBatchesAreRounds(t *testing.T) {
	for range 200 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		lists := make([][]int, 1+r.IntN(12))
		for i := range lists {
			lists[i] = make([]int, r.IntN(8))
			for j := range lists[i] {
				lists[i][j] = r.IntN(25)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			f := new(fetcher)
			g := batch.NewGroup(t.Context(), forever)
			l := newLoader(t, g, f, batch.LoaderConfig{MaxBatch: -1})
			for _, list := range lists {
				g.Go(func(ctx context.Context) error {
					for _, key := range list {
						if err := load(ctx, l, key); err != nil {
							return err
						}
					}
					return nil
				})
			}
			wait(t, g)
			if got, want := fmt.Sprint(f.batches), fmt.Sprint(rounds(lists)); got != want {
				t.Fatalf("seed %d: batches of %v = %s, want %s", seed, lists, got, want)
			}
		})
	}
}

// rounds returns what is to be fetched in each round: the first key of every
// list that is not known yet.
func rounds(lists [][]int) [][]int {
	lists = slices.Clone(lists)
	known := make(map[int]bool)
	batches := [][]int{}
	for {
		var next []int
		for i := range lists {
			for len(lists[i]) > 0 && known[lists[i][0]] {
				lists[i] = lists[i][1:]
			}
			if len(lists[i]) > 0 {
				next = append(next, lists[i][0])
			}
		}
		if len(next) == 0 {
			return batches
		}
		slices.Sort(next)
		next = slices.Compact(next)
		for _, key := range next {
			known[key] = true
		}
		batches = append(batches, next)
	}
}

// What a fetch says of a key, asked for by itself.
func obvious(key int) (int, error) {
	switch key % 7 {
	case 0:
		return 0, batch.ErrMissing
	case 1:
		return 0, errLost
	}
	return 2 * key, nil
}

func fetchObvious(_ context.Context, keys []int) (map[int]int, error) {
	values, errs := make(map[int]int), batch.KeyErrors[int]{}
	for _, key := range keys {
		switch value, err := obvious(key); {
		case err == nil:
			values[key] = value
		case !errors.Is(err, batch.ErrMissing):
			errs[key] = err
		}
	}
	if len(errs) > 0 {
		return values, errs
	}
	return values, nil
}

// Goroutines do everything that a loader offers, at random; every answer is
// that of the obvious version, or the end of the caller's own context. It runs
// on real time and goroutines, for the race detector.
func TestRandomUse(t *testing.T) {
	for range 30 {
		seed := rand.Uint64()
		patience := []time.Duration{-1, 20 * time.Microsecond}[seed%2]
		maxBatch := int(seed/2%5) - 1
		f := &fetcher{before: fetchObvious}
		g := batch.NewGroup(t.Context(), batch.GroupConfig{Patience: patience})
		var loaders []*batch.Loader[int, int]
		for range 2 {
			loaders = append(loaders, newLoader(t, g, f, batch.LoaderConfig{MaxBatch: maxBatch}))
		}
		for i := range 8 {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			g.Go(func(ctx context.Context) error {
				for range 60 {
					if err := randomOperation(ctx, r, loaders[r.IntN(2)]); err != nil {
						return fmt.Errorf("seed %d: %w", seed, err)
					}
				}
				return nil
			})
		}
		wait(t, g)
		for _, keys := range f.batches {
			if len(keys) == 0 || maxBatch > 0 && len(keys) > maxBatch || len(slices.Compact(slices.Clone(keys))) != len(keys) {
				t.Errorf("seed %d: batch = %v, want 1 to %d distinct keys", seed, keys, maxBatch)
			}
		}
	}
}

func randomOperation(ctx context.Context, r *rand.Rand, l *batch.Loader[int, int]) error {
	key := r.IntN(30)
	switch r.IntN(8) {
	case 0:
		l.Clear(key)
	case 1:
		l.Flush()
	case 2:
		if value, err := obvious(key); err == nil {
			l.Prime(key, value)
		}
	case 3:
		a, b := l.Queue(key), l.Queue(key+1)
		got, err := b.Wait(ctx)
		return errors.Join(check(key+1, got, err), func() error { got, err := a.Wait(ctx); return check(key, got, err) }())
	case 4:
		return checkMany(ctx, l, []int{key, key + 3, key, key + 1})
	case 5:
		ctx, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(50))*time.Microsecond)
		defer cancel()
		if got, err := l.Load(ctx, key); !errors.Is(err, context.DeadlineExceeded) {
			return check(key, got, err)
		}
	default:
		got, err := l.Load(ctx, key)
		return check(key, got, err)
	}
	return nil
}

func check(key, got int, err error) error {
	want, wantErr := obvious(key)
	if got != want || !errors.Is(err, wantErr) {
		return fmt.Errorf("value of %d = %d, %w, want %d, %w", key, got, err, want, wantErr)
	}
	return nil
}

func checkMany(ctx context.Context, l *batch.Loader[int, int], keys []int) error {
	values, err := l.LoadMany(ctx, keys)
	var byKey batch.KeyErrors[int]
	if err != nil && !errors.As(err, &byKey) {
		return err
	}
	for i, key := range keys {
		if err := check(key, values[i], byKey[key]); err != nil {
			return err
		}
	}
	return nil
}
