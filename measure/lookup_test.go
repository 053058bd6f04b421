package measure_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/hone-go/hone/measure"
)

// race calls at(key(g)) from several goroutines at once and returns what each
// got.
func race(at func(string) *string, key func(g int) string) []*string {
	var wg sync.WaitGroup
	got := make([]*string, 4)
	ready := make(chan struct{})
	for g := range got {
		wg.Go(func() {
			<-ready
			got[g] = at(key(g))
		})
	}
	close(ready)
	wg.Wait()
	return got
}

// The windows in which these go wrong are short: hence the rounds.
const rounds = 2000

func TestLookupMakesAKeyOnce(t *testing.T) {
	for range rounds {
		got := race(measure.NewLookup(10), func(int) string { return "k" })
		for _, v := range got {
			if v != got[0] {
				t.Fatal("two goroutines got different values for one key")
			}
		}
	}
}

func TestLookupKeepsItsLimit(t *testing.T) {
	for range rounds {
		own := 0
		for _, v := range race(measure.NewLookup(2), strconv.Itoa) {
			if *v != "other" {
				own++
			}
		}
		if own != 2 {
			t.Fatalf("%d of 4 keys have a value of their own, want 2", own)
		}
	}
}
