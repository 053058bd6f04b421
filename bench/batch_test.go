package bench_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/graph-gophers/dataloader/v7"
	"github.com/vikstrous/dataloadgen"

	"github.com/hone-go/hone/batch"
)

// The shapes and the settings are those of dataloadgen's own comparison with
// graph-gophers/dataloader: batches of at most 100, a wait of 500 ns, a new
// loader for each round, and one key in 100 that is not found. Both wait 16 ms
// where nothing is set; the groups named wait=default show that as well.
const (
	batchKeys = 100
	batchWait = 500 * time.Nanosecond
)

type user struct{ ID, Name string }

var errNoUser = errors.New("user not found")

func userOf(key int) user {
	id := strconv.Itoa(key)
	return user{ID: id, Name: "user " + id}
}

func found(key int) bool { return key%100 != 1 }

func newHone(b *testing.B) (*batch.Group, *batch.Loader[int, user]) {
	g := batch.NewGroup(context.Background(), batch.GroupConfig{})
	l, err := batch.NewLoader(g, func(_ context.Context, keys []int) (map[int]user, error) {
		users := make(map[int]user, len(keys))
		for _, key := range keys {
			if found(key) {
				users[key] = userOf(key)
			}
		}
		return users, nil
	}, batch.LoaderConfig{MaxBatch: batchKeys})
	if err != nil {
		b.Fatal(err)
	}
	return g, l
}

func newDataloadgen(options ...dataloadgen.Option) *dataloadgen.Loader[int, user] {
	return dataloadgen.NewLoader(func(_ context.Context, keys []int) ([]user, []error) {
		users, errs := make([]user, len(keys)), make([]error, len(keys))
		for i, key := range keys {
			if found(key) {
				users[i] = userOf(key)
			} else {
				errs[i] = errNoUser
			}
		}
		return users, errs
	}, append(options, dataloadgen.WithBatchCapacity(batchKeys))...)
}

func newGraphGophers(options ...dataloader.Option[int, user]) *dataloader.Loader[int, user] {
	return dataloader.NewBatchedLoader(func(_ context.Context, keys []int) []*dataloader.Result[user] {
		results := make([]*dataloader.Result[user], len(keys))
		for i, key := range keys {
			if found(key) {
				results[i] = &dataloader.Result[user]{Data: userOf(key)}
			} else {
				results[i] = &dataloader.Result[user]{Error: errNoUser}
			}
		}
		return results
	}, append(options, dataloader.WithBatchCapacity[int, user](batchKeys))...)
}

// BenchmarkBatch has one request in an iteration.
func BenchmarkBatch(b *testing.B) {
	b.Run("unique", func(b *testing.B) { promises(b, func(i int) int { return i }) })
	b.Run("duplicate", func(b *testing.B) { promises(b, func(i int) int { return i / 10 }) })
	b.Run("cached", func(b *testing.B) { promises(b, func(int) int { return 1 }) })
	b.Run("concurrent", func(b *testing.B) { concurrent(b, batchWait) })
	b.Run("concurrent/wait=default", func(b *testing.B) { concurrent(b, 16*time.Millisecond) })
	b.Run("many", many)
}

// promises asks for 100 keys and then waits for each. With keys that repeat,
// no batch is filled.
func promises(b *testing.B, key func(i int) int) {
	ctx := context.Background()
	b.Run("hone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, l := newHone(b)
			thunks := make([]batch.Promise[int, user], batchKeys)
			for i := range thunks {
				thunks[i] = l.Queue(key(i))
			}
			for _, t := range thunks {
				_, _ = t.Wait(ctx)
			}
		}
	})
	b.Run("dataloadgen", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l := newDataloadgen(dataloadgen.WithWait(batchWait))
			thunks := make([]func() (user, error), batchKeys)
			for i := range thunks {
				thunks[i] = l.LoadThunk(ctx, key(i))
			}
			for _, t := range thunks {
				_, _ = t()
			}
		}
	})
	b.Run("graph-gophers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l := newGraphGophers(dataloader.WithWait[int, user](batchWait))
			thunks := make([]dataloader.Thunk[user], batchKeys)
			for i := range thunks {
				thunks[i] = l.Load(ctx, key(i))
			}
			for _, t := range thunks {
				_, _ = t()
			}
		}
	})
}

// concurrent has ten goroutines, each of which loads a key of its own ten
// times.
func concurrent(b *testing.B, wait time.Duration) {
	ctx := context.Background()
	b.Run("hone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g, l := newHone(b)
			for key := range 10 {
				g.Go(func(ctx context.Context) error {
					for range 10 {
						_, _ = l.Load(ctx, key)
					}
					return nil
				})
			}
			_ = g.Wait()
		}
	})
	peer := func(name string, load func() func(key int)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				load := load()
				var wg sync.WaitGroup
				for key := range 10 {
					wg.Go(func() {
						for range 10 {
							load(key)
						}
					})
				}
				wg.Wait()
			}
		})
	}
	peer("dataloadgen", func() func(int) {
		l := newDataloadgen(dataloadgen.WithWait(wait))
		return func(key int) { _, _ = l.Load(ctx, key) }
	})
	peer("graph-gophers", func() func(int) {
		l := newGraphGophers(dataloader.WithWait[int, user](wait))
		return func(key int) { _, _ = l.Load(ctx, key)() }
	})
}

// many asks for 10,000 keys in one call.
func many(b *testing.B) {
	ctx := context.Background()
	keys := make([]int, 10_000)
	for i := range keys {
		keys[i] = i
	}
	b.Run("hone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, l := newHone(b)
			_, _ = l.LoadMany(ctx, keys)
		}
	})
	b.Run("dataloadgen", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = newDataloadgen(dataloadgen.WithWait(batchWait)).LoadAll(ctx, keys)
		}
	})
	b.Run("graph-gophers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = newGraphGophers(dataloader.WithWait[int, user](batchWait)).LoadMany(ctx, keys)()
		}
	})
}
