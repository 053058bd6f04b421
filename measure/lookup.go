package measure

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A lookup is a map that only grows, up to a limit, and is read without a
// lock. Its functions must be pure; they are called with the lookup locked.
// It is safe for concurrent use.
type lookup[K comparable, V any] struct {
	limit int
	// overflow returns the key that stands for k once the map is full. It
	// must have few results: they come on top of the limit.
	overflow func(K) K
	// make returns the key to keep, which must not hold on to the memory of a
	// request, and its value.
	make func(K) (K, V)

	index atomic.Pointer[map[K]V]
	mu    sync.Mutex // held to replace index
}

// at returns k's value, or that of its overflow key. It allocates nothing but
// for a new key, which costs a copy of the map.
func (l *lookup[K, V]) at(k K) V {
	if v, ok := l.all()[k]; ok {
		return v
	}
	if len(l.all()) >= l.limit {
		k = l.overflow(k)
		if v, ok := l.all()[k]; ok {
			return v
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.all()[k]; !ok && len(l.all()) >= l.limit {
		k = l.overflow(k)
	}
	if v, ok := l.all()[k]; ok {
		return v // made by another in the meantime
	}
	next := make(map[K]V, len(l.all())+1)
	maps.Copy(next, l.all())
	k, v := l.make(k)
	next[k] = v
	l.index.Store(&next)
	return v
}

// all returns the map as it is now. It must not be changed.
func (l *lookup[K, V]) all() map[K]V {
	if m := l.index.Load(); m != nil {
		return *m
	}
	return nil
}
