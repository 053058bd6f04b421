package pginvalidate_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver"
)

// BenchmarkCommitToMiss measures from the return of COMMIT until a lookup
// finds the entry gone, and until the new row is read.
func BenchmarkCommitToMiss(b *testing.B) {
	for _, kind := range []struct {
		name  string
		store func(testing.TB) cache.Store
	}{{"memory", memoryStore}, {"redis", redisStore}} {
		b.Run("store="+kind.name, func(b *testing.B) {
			url := testserver.Postgres(b)
			conn := connect(b, url)
			run(b, conn, productsTable, "INSERT INTO shop.products VALUES (1, 1, '0')")
			migrate(b, conn, shop)
			s := newService(b, url, kind.store(b))
			start(b, url, s.cache, pginvalidate.Config{Setup: shop})
			var took []time.Duration
			read := func() string {
				row, _, err := s.product.Get(b.Context(), 1)
				if err != nil {
					b.Fatal(err)
				}
				return row
			}
			for i := 1; b.Loop(); i++ {
				before := read()
				if _, err := conn.Exec(b.Context(), "UPDATE shop.products SET name = $1", strconv.Itoa(i)); err != nil {
					b.Fatal(err)
				}
				committed := time.Now()
				for read() == before {
				}
				took = append(took, time.Since(committed))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkStatement measures what the triggers cost a statement.
func BenchmarkStatement(b *testing.B) {
	for _, with := range []bool{false, true} {
		for _, rows := range []int{1, 1000} {
			b.Run(fmt.Sprintf("rows=%d/triggers=%t", rows, with), func(b *testing.B) {
				conn := connect(b, testserver.Postgres(b))
				run(b, conn, productsTable, "INSERT INTO shop.products SELECT n, n / 10, 'x' FROM generate_series(1, 100000) n")
				if with {
					migrate(b, conn, shop)
				}
				for i := 0; b.Loop(); i++ {
					first := i * rows % 100_000
					if _, err := conn.Exec(b.Context(), "UPDATE shop.products SET name = 'y' WHERE id > $1 AND id <= $2", first, first+rows); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
