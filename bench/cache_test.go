package bench_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"
	jetcache "github.com/mgtv-tech/jetcache-go"
	"github.com/mgtv-tech/jetcache-go/local"
	"github.com/viccon/sturdyc"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// cachedKeys is how many keys are asked for, and lookups the length of the
// random list in which they are: both more than a processor's own caches hold.
const (
	cachedKeys = 100_000
	lookups    = 1 << 19
)

// A product is what is cached.
type product struct {
	ID    int64
	Name  string
	Price int64
	Stock int32
}

func productOf(key string) product {
	return product{ID: int64(len(key)), Name: key, Price: 1999, Stock: 7}
}

// BenchmarkNear measures a hit in memory under a string key, one of 100,000 in
// random order, by one goroutine and by one on each core. hone's goes through a
// cached function with its near cache; jetcache's is its TinyLFU, which decodes
// each time.
func BenchmarkNear(b *testing.B) {
	keys := make([]string, cachedKeys)
	for i := range keys {
		keys[i] = "product:" + strconv.Itoa(i)
	}
	random := rand.New(rand.NewPCG(1, 2))
	order := make([]string, lookups)
	for i := range order {
		order[i] = keys[random.IntN(len(keys))]
	}
	for _, impl := range nearPeers(b, keys) {
		missed := 0
		for _, k := range order {
			if _, ok := impl.get(k); !ok {
				missed++
			}
		}
		if missed > lookups/100 {
			b.Fatalf("%s misses %d of %d lookups of what was put into it: it does not do the work", impl.name, missed, lookups)
		}
		b.Run("goroutines=1/"+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				impl.get(order[i%lookups])
			}
		})
		b.Run("goroutines=cores/"+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			var started atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for i := started.Add(lookups / 16); pb.Next(); i++ {
					impl.get(order[i%lookups])
				}
			})
		})
	}
}

type nearPeer struct {
	name string
	get  func(string) (product, bool)
}

// nearPeers returns caches that have been given all keys, and have room for
// twice as many.
func nearPeers(b *testing.B, keys []string) []nearPeer {
	b.Helper()
	ctx := context.Background()
	hone := nearFunc(b)
	ot := otter.Must(&otter.Options[string, product]{MaximumSize: 2 * cachedKeys})
	st := sturdyc.New[product](2*cachedKeys, 64, time.Hour, 10)
	ri, err := ristretto.NewCache(&ristretto.Config[string, product]{NumCounters: 20 * cachedKeys, MaxCost: 2 * cachedKeys, BufferItems: 64, IgnoreInternalCost: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(ri.Close)
	const perEntry = 100 // its TinyLFU counts some 60 bytes of its own for each
	je := jetcache.New(jetcache.WithLocal(local.NewTinyLFU(2*perEntry*cachedKeys, time.Hour)), jetcache.WithName("bench"))
	b.Cleanup(je.Close)
	for i, k := range keys {
		v := productOf(k)
		ot.Set(k, v)
		st.Set(k, v)
		for !ri.Set(k, v, 1) {
			ri.Wait() // its queue is full: it would drop the value
		}
		if i%1000 == 0 {
			ri.Wait()
		}
		if err := je.Set(ctx, k, jetcache.Value(v), jetcache.TTL(time.Hour)); err != nil {
			b.Fatal(err)
		}
	}
	ri.Wait()
	// hone keeps near what was asked for twice; and what shares a mark with a
	// key that was filled later has to be read again.
	var near int64
	for range 4 {
		near = hone.Stats().NearHits
		for _, k := range keys {
			if _, _, err := hone.Get(ctx, k); err != nil {
				b.Fatal(err)
			}
		}
	}
	if near = hone.Stats().NearHits - near; near < cachedKeys*99/100 {
		b.Fatalf("of %d keys, %d are near", cachedKeys, near)
	}
	return []nearPeer{
		{"hone", func(k string) (product, bool) { v, ok, _ := hone.Get(ctx, k); return v, ok }},
		{"otter", ot.GetIfPresent},
		{"sturdyc", st.Get},
		{"ristretto", ri.Get},
		{"jetcache", func(k string) (v product, ok bool) { return v, je.Get(ctx, k, &v) == nil }},
	}
}

// nearFunc returns a cached function that has room for all keys.
func nearFunc(b *testing.B) *cache.Func[string, product] {
	b.Helper()
	store, err := memory.New(memory.Config{MaxBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	c, err := cache.New(store, cache.Config{Namespace: "bench", TTL: cache.For(time.Hour), Near: cache.Near{MaxBytes: 1 << 30}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	load := func(_ context.Context, key string) (product, error) { return productOf(key), nil }
	f, err := cache.Memoize(c, "product", load, cache.FuncConfig[string, product]{})
	if err != nil {
		b.Fatal(err)
	}
	return f
}
