package batch_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hone-go/hone/batch"
)

// An order has a key, or none where it is negative.
type order struct {
	key   int
	one   line
	lines []line
}

func keyOf(o *order) (int, bool) { return o.key, o.key >= 0 }

func TestAttachOne(t *testing.T) {
	db := table{lines: []line{{0, 5}, {2, 7}}}
	orders := []order{{key: 2}, {key: -1}, {key: 3}, {key: 0}, {key: 2}, {key: 3}, {key: 1}}
	missing, err := batch.AttachOne(t.Context(), orders, keyOf, newRelation(t, db.query, 0),
		func(o *order, l line) { o.one = l })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(missing), "[3 1]"; got != want {
		t.Errorf("missing = %s, want %s", got, want)
	}
	if err := missing.Err(); !errors.Is(err, batch.ErrMissing) {
		t.Errorf("missing.Err() = %v, want %v", err, batch.ErrMissing)
	}
	for i, want := range []int{7, 0, 0, 5, 7, 0, 0} {
		if got := orders[i].one.id; got != want {
			t.Errorf("order %d has line %d, want %d", i, got, want)
		}
	}
}

func TestNothingMissing(t *testing.T) {
	var db table
	missing, err := batch.AttachOne(t.Context(), []order{{key: -1}}, keyOf, newRelation(t, db.query, 0), func(*order, line) {})
	if err != nil || missing != nil || missing.Err() != nil {
		t.Errorf("AttachOne = %v, %v, want nothing missing", missing, err)
	}
	if len(db.chunks) > 0 {
		t.Errorf("queries for no key = %v, want none", db.chunks)
	}
}

// Parents of one key share their rows, and an append to one must not reach the
// other.
func TestAttachedSlicesDoNotGrowIntoEachOther(t *testing.T) {
	db := table{lines: []line{{1, 1}, {1, 2}, {1, 3}}}
	orders := []order{{key: 1}, {key: 1}}
	err := batch.AttachMany(t.Context(), orders, keyOf, newRelation(t, db.query, 0),
		func(o *order, lines []line) { o.lines = lines })
	if err != nil {
		t.Fatal(err)
	}
	first := append(orders[0].lines, line{1, 4})
	_ = append(orders[1].lines, line{1, 5})
	if got, want := fmt.Sprint(first), "[{1 1} {1 2} {1 3} {1 4}]"; got != want {
		t.Errorf("the first's lines = %s, want %s", got, want)
	}
}

// Random orders and lines, against one query for each order.
func TestAttachAgainstOneQueryEach(t *testing.T) {
	for range 300 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		var db table
		for id := range r.IntN(40) {
			db.lines = append(db.lines, line{order: r.IntN(12), id: id})
		}
		orders := make([]order, r.IntN(30))
		for i := range orders {
			orders[i].key = r.IntN(20) - 4
		}
		chunk := r.IntN(6) - 1
		relation := newRelation(t, db.query, chunk)

		visited := 0
		err := batch.AttachMany(t.Context(), orders, keyOf, relation, func(o *order, lines []line) {
			if o != &orders[visited] {
				t.Fatalf("seed %d: attach got another parent than %d", seed, visited)
			}
			visited++
			o.lines = lines
		})
		if err != nil || visited != len(orders) {
			t.Fatalf("seed %d: AttachMany = %v after %d of %d parents", seed, err, visited, len(orders))
		}
		for _, o := range orders {
			want := []line{}
			for _, l := range db.lines {
				if l.order == o.key {
					want = append(want, l)
				}
			}
			if o.lines == nil || !equal(o.lines, want) {
				t.Fatalf("seed %d: lines of %d = %v, want %v", seed, o.key, o.lines, want)
			}
		}
		checkChunks(t, seed, db.chunks, chunk, orders)
	}
}

// checkChunks checks that the chunks hold each key once and are full but for
// the last.
func checkChunks(t *testing.T, seed uint64, chunks [][]int, size int, orders []order) {
	t.Helper()
	keys := make(map[int]int)
	for _, o := range orders {
		if o.key >= 0 {
			keys[o.key] = 1
		}
	}
	if size == 0 {
		size = 512
	}
	if size < 0 {
		size = max(len(keys), 1)
	}
	if got, want := len(chunks), (len(keys)+size-1)/size; got != want {
		t.Fatalf("seed %d: queries = %d, want %d for %d keys", seed, got, want, len(keys))
	}
	for _, chunk := range chunks {
		for _, key := range chunk {
			keys[key]--
		}
	}
	for key, left := range keys {
		if left != 0 {
			t.Fatalf("seed %d: key %d was asked for %d times, want once", seed, key, 1-left)
		}
	}
}
