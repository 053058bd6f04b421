package batch

import "context"

// AttachOne fetches the one row that belongs to each parent, such as the
// customer of each order, and calls attach with every parent that has one, in
// the order of the parents.
//
// key returns a parent's key, or false if it has none, as where a foreign key
// is NULL: such a parent asks for nothing. Keys that have no row are returned
// as [Missing]: the caller says whether that is in order, or returns
// missing.Err().
//
// An error is the query's, or matches [ErrDuplicate] or [ErrForeign]; attach
// has then not been called.
//
// Cost: with the statement that fetched the parents, 1 + ⌈keys / chunk⌉
// statements, keys being the distinct ones; none for no keys.
func AttachOne[P any, K comparable, V any](
	ctx context.Context, parents []P, key func(*P) (K, bool), relation *Relation[K, V], attach func(*P, V),
) (Missing[K], error) {
	set, positions := keysOf(parents, key)
	rows, found, err := relation.one(ctx, set)
	if err != nil {
		return nil, err
	}
	for p, i := range positions {
		if i != none && found[i] {
			attach(&parents[p], rows[i])
		}
	}
	var missing Missing[K]
	for i, ok := range found {
		if !ok {
			missing = append(missing, set.keys[i])
		}
	}
	return missing, nil
}

// AttachMany fetches the rows that belong to each parent, such as the lines of
// each order, and calls attach with every parent, in their order, and its
// rows, in the order in which the query returned them. A parent without rows,
// or without a key, gets an empty slice, never nil. Parents of the same key
// share one slice, whose capacity is its length: to append to it is safe, to
// change its elements changes them for all.
//
// key is as for [AttachOne]. An error is the query's, or matches [ErrForeign];
// attach has then not been called.
//
// Cost: with the statement that fetched the parents, 1 + ⌈keys / chunk⌉
// statements, keys being the distinct ones; none for no keys.
func AttachMany[P any, K comparable, V any](
	ctx context.Context, parents []P, key func(*P) (K, bool), relation *Relation[K, V], attach func(*P, []V),
) error {
	set, positions := keysOf(parents, key)
	groups, err := relation.many(ctx, set)
	if err != nil {
		return err
	}
	for p, i := range positions {
		rows := []V{}
		if i != none {
			rows = groups[i][:len(groups[i]):len(groups[i])]
		}
		attach(&parents[p], rows)
	}
	return nil
}

// none is the position of the key of a parent that has none.
const none = -1

// keysOf returns the distinct keys of the parents, and for each parent the
// position of its key among them.
func keysOf[P any, K comparable](parents []P, key func(*P) (K, bool)) (keySet[K], []int) {
	set := keySet[K]{position: make(map[K]int, len(parents))}
	positions := make([]int, len(parents))
	for p := range parents {
		positions[p] = none
		if k, ok := key(&parents[p]); ok {
			positions[p] = set.add(k)
		}
	}
	return set, positions
}
