package memory_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/memory"
)

// benchKeys are as long as a Cache's.
func benchKeys() []string {
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = "shop:" + strconv.Itoa(1e9+i) + "0123456789012345678901234567890123456789"
	}
	return keys
}

// BenchmarkGet reads 100,000 keys in all goroutines: the store, and otter as it
// stands under it.
func BenchmarkGet(b *testing.B) {
	keys := benchKeys()
	value := make([]byte, 100)
	b.Run("store", func(b *testing.B) {
		s := open(b, memory.Config{MaxBytes: 256 << 20})
		for _, key := range keys {
			set(b, s, key, string(value), time.Hour)
		}
		ctx := context.Background()
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if item, err := s.Get(ctx, keys[i%len(keys)]); err != nil || item.State != cache.Found {
					b.Errorf("Get = %+v, %v, want Found", item, err)
					return
				}
			}
		})
	})
	b.Run("otter", func(b *testing.B) {
		o := otter.Must(&otter.Options[string, []byte]{
			MaximumWeight:    256 << 20,
			Weigher:          func(key string, value []byte) uint32 { return uint32(len(key) + len(value)) },
			ExpiryCalculator: otter.ExpiryWriting[string, []byte](time.Hour),
		})
		defer o.StopAllGoroutines()
		for _, key := range keys {
			o.Set(key, value)
		}
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, ok := o.GetIfPresent(keys[i%len(keys)]); !ok {
					b.Error("GetIfPresent found nothing")
					return
				}
			}
		})
	})
}

func BenchmarkSet(b *testing.B) {
	keys := benchKeys()
	s := open(b, memory.Config{MaxBytes: 256 << 20})
	value := make([]byte, 100)
	ctx := context.Background()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		entry := make([]cache.Entry, 1)
		for i := 0; pb.Next(); i++ {
			entry[0] = cache.Entry{Key: keys[i%len(keys)], Value: value, Life: time.Hour}
			if err := s.Set(ctx, entry); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkMiss is the round of a load: a claim, a fill, and the deletion that
// makes the next claim miss.
func BenchmarkMiss(b *testing.B) {
	s := open(b, memory.Config{})
	keys := []string{benchKeys()[0]}
	entries := []cache.Entry{{Key: keys[0], Value: make([]byte, 100), Life: time.Hour}}
	claim := cache.Claim{Token: cache.Token{1}, Life: time.Second}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Claim(ctx, keys, claim)
		if stored, _ := s.Fill(ctx, entries, claim.Token); !stored[0] {
			b.Fatal("Fill by the holder stored nothing")
		}
		_, _ = s.Delete(ctx, keys)
	}
}

// BenchmarkTold is what a near cache asks on every hit.
func BenchmarkTold(b *testing.B) {
	s := open(b, memory.Config{})
	w, err := s.Watch("shop", cache.Events{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w.Told()
		}
	})
}
