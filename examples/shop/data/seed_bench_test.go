package data_test

import (
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
)

// BenchmarkSeed fills a new database of each kind with the default sizes.
func BenchmarkSeed(b *testing.B) {
	shoptest.Each(b, func(b *testing.B, on shoptest.System) {
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
