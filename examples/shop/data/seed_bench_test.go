package data_test

import (
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
)

// BenchmarkSeed fills a new database of each kind with the default sizes.
func BenchmarkSeed(b *testing.B) {
	for _, on := range systems {
		b.Run("database="+string(on), func(b *testing.B) {
			db := open(b, on)
			for b.Loop() {
				if err := data.Seed(b.Context(), db, data.Sizes{}, nil); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := db.Drop(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
