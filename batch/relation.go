package batch

import (
	"context"
	"fmt"
)

// A Query returns the rows that belong to the keys, in any order. The keys
// are distinct and at least one; the slice is the query's to keep and change.
type Query[K comparable, V any] func(ctx context.Context, keys []K) ([]V, error)

// A Relation fetches the rows that belong to keys. It keeps nothing between
// calls and is safe for concurrent use if its functions are.
type Relation[K comparable, V any] struct {
	query Query[K, V]
	key   func(V) K
	chunk int
}

// NewRelation makes a Relation of a query and the function that says to which
// key a row belongs: the row's own key for a to-one relation, its foreign key
// for a to-many. Neither may be nil.
func NewRelation[K comparable, V any](query Query[K, V], key func(V) K, cfg RelationConfig) (*Relation[K, V], error) {
	if err := required("NewRelation", named{"query", query == nil}, named{"key function", key == nil}); err != nil {
		return nil, err
	}
	return &Relation[K, V]{query: query, key: key, chunk: cfg.withDefaults().Chunk}, nil
}

// One returns the row of each key that has one. Keys may repeat. An error is
// the query's, or matches [ErrDuplicate] or [ErrForeign]. It is a [Fetch] for
// [NewLoader].
//
// Cost: one query for every [RelationConfig.Chunk] distinct keys, one after
// another; none for no keys.
func (r *Relation[K, V]) One(ctx context.Context, keys []K) (map[K]V, error) {
	set := distinct(keys)
	rows, found, err := r.one(ctx, set)
	if err != nil {
		return nil, err
	}
	byKey := make(map[K]V, len(rows))
	for i, key := range set.keys {
		if found[i] {
			byKey[key] = rows[i]
		}
	}
	return byKey, nil
}

// Many returns the rows of each key, in the order in which the query returned
// them. Every key is in the map: one without rows has an empty slice. Keys may
// repeat. An error is the query's, or matches [ErrForeign]. It is a [Fetch]
// for [NewLoader]. The cost is that of [Relation.One].
func (r *Relation[K, V]) Many(ctx context.Context, keys []K) (map[K][]V, error) {
	set := distinct(keys)
	groups, err := r.many(ctx, set)
	if err != nil {
		return nil, err
	}
	byKey := make(map[K][]V, len(groups))
	for i, key := range set.keys {
		byKey[key] = groups[i]
	}
	return byKey, nil
}

// one returns the row of each key of the set, and whether there is one.
func (r *Relation[K, V]) one(ctx context.Context, set keySet[K]) (rows []V, found []bool, err error) {
	rows, found = make([]V, len(set.keys)), make([]bool, len(set.keys))
	err = r.each(ctx, set, func(i int, row V) error {
		if found[i] {
			return ErrDuplicate
		}
		rows[i], found[i] = row, true
		return nil
	})
	return rows, found, err
}

// many returns the rows of each key of the set; none of the slices is nil, so
// that JSON has [] and not null, and an append to one reaches no other.
func (r *Relation[K, V]) many(ctx context.Context, set keySet[K]) ([][]V, error) {
	groups := make([][]V, len(set.keys))
	for i := range groups {
		groups[i] = []V{}
	}
	err := r.each(ctx, set, func(i int, row V) error {
		groups[i] = append(groups[i], row)
		return nil
	})
	return groups, err
}

// each queries chunk after chunk and calls add with every row and the position
// of its key.
func (r *Relation[K, V]) each(ctx context.Context, set keySet[K], add func(i int, row V) error) error {
	size := len(set.keys)
	if r.chunk > 0 {
		size = min(size, r.chunk)
	}
	for start := 0; start < len(set.keys); start += size {
		end := min(start+size, len(set.keys))
		// A copy: the query may change its keys, which are still needed here.
		rows, err := r.query(ctx, append([]K(nil), set.keys[start:end]...))
		if err != nil {
			return fmt.Errorf("batch: %w", err)
		}
		for _, row := range rows {
			i, asked := set.position[r.key(row)]
			if !asked || i < start || i >= end {
				return ErrForeign
			}
			if err := add(i, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// A keySet is distinct keys in the order of their first occurrence.
type keySet[K comparable] struct {
	keys     []K
	position map[K]int // in keys
}

func distinct[K comparable](keys []K) keySet[K] {
	set := keySet[K]{keys: make([]K, 0, len(keys)), position: make(map[K]int, len(keys))}
	for _, key := range keys {
		set.add(key)
	}
	return set
}

// add returns the position of the key, which is new at the end or an old one.
func (s *keySet[K]) add(key K) int {
	i, ok := s.position[key]
	if !ok {
		i = len(s.keys)
		s.position[key] = i
		s.keys = append(s.keys, key)
	}
	return i
}
