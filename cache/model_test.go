package cache_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/cache"
)

var modelSeed = flag.Uint64("seed", 0, "seed of the model test; 0 is a random one")

// TestNoGetSeesWhatWasInvalidatedBefore lets several Caches over one store get,
// change and invalidate a few keys of a versioned source at random times. A Get
// that began after an invalidation has returned must not see an older version.
func TestNoGetSeesWhatWasInvalidatedBefore(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed: -seed %d", seed)
	for round := range 40 {
		synctest.Test(t, func(t *testing.T) {
			runModel(t, rand.New(rand.NewPCG(seed, uint64(round))), cache.Near{MaxBytes: int64(round%2) << 20})
		})
	}
}

// A model knows for each key which version the last invalidation stands for.
type model struct {
	source
	caches  []*cache.Cache
	funcs   []*versions
	writing map[string]chan struct{} // locks: the order of writes is that of their versions

	mu    sync.Mutex
	floor map[string]int64
}

func runModel(t *testing.T, r *rand.Rand, near cache.Near) {
	m := &model{floor: make(map[string]int64), writing: make(map[string]chan struct{})}
	var delays sync.Mutex
	pauses := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
	m.before = func(context.Context, string, int64) error {
		delays.Lock()
		d := time.Duration(pauses.IntN(5000)) * time.Microsecond
		delays.Unlock()
		time.Sleep(d) // a load takes that long
		return nil
	}
	st := localStore(t)
	keys := []string{"a", "b", "c"}
	for _, k := range keys {
		m.writing[k] = make(chan struct{}, 1) // a mutex would stop the bubble's clock
	}
	for range 3 {
		c := member(t, st, cache.Config{Near: near, TTL: cache.For(40 * time.Millisecond)})
		m.caches = append(m.caches, c)
		m.funcs = append(m.funcs, memoized(t, c, &m.source, versionsConfig{
			Beta: 1, StaleWhileRevalidate: 20 * time.Millisecond,
			Tags: func(k string, _ int64) []string { return []string{"tag:" + k} },
		}))
	}
	var actors sync.WaitGroup
	for range 8 {
		own := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		actors.Go(func() {
			for range 60 {
				time.Sleep(time.Duration(own.IntN(2000)) * time.Microsecond) // until the actor's next step
				m.step(t, own, keys[own.IntN(len(keys))])
			}
		})
	}
	actors.Wait()
}

func (m *model) step(t *testing.T, r *rand.Rand, key string) {
	i := r.IntN(len(m.caches))
	switch op := r.IntN(10); {
	case op < 6:
		m.get(t, i, key, r.IntN(4) == 0)
	default:
		m.change(t, i, key, op)
	}
}

func (m *model) get(t *testing.T, i int, key string, many bool) {
	m.mu.Lock()
	floor := m.floor[key]
	m.mu.Unlock()
	var v int64
	var err error
	if many {
		var all map[string]int64
		all, err = m.funcs[i].GetMany(t.Context(), []string{key, "other"})
		v = all[key]
	} else {
		v, _, err = m.funcs[i].Get(t.Context(), key)
	}
	if err != nil || v < floor {
		t.Errorf("Get(%q) in cache %d = %d, %v, want at least %d, nil", key, i, v, err, floor)
	}
}

// change writes a new version and says so, in one of the ways there are.
func (m *model) change(t *testing.T, i int, key string, op int) {
	m.writing[key] <- struct{}{}
	defer func() { <-m.writing[key] }()
	v := m.write(key)
	var err error
	switch op {
	case 6:
		err = m.funcs[i].Delete(t.Context(), key)
	case 7:
		err = m.caches[i].Invalidate(t.Context(), "tag:"+key)
	case 8:
		err = m.funcs[i].Set(t.Context(), key, v)
	case 9:
		if v%5 == 0 {
			err = m.funcs[i].DeleteAll(t.Context())
		} else if seen, _, rerr := m.funcs[i].Refresh(t.Context(), key); rerr != nil || seen < v {
			err = fmt.Errorf("Refresh = %d, %v, want at least %d", seen, rerr, v)
		}
	}
	if err != nil {
		t.Error(err)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.floor[key] = max(m.floor[key], v)
}
