package optimistic_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/optimistic"
)

// A table keeps records in memory. Before a swap it calls a hook, in which a
// test can be faster, or lose the server.
type table struct {
	beforeSwap func(name string) error
	trip       time.Duration // of each call, for tests in a bubble

	mu   sync.Mutex
	time time.Duration // the server's: records are forgotten by it
	of   map[string]row
	n    uint64 // swaps
	vain int
}

type row struct {
	optimistic.Record
	life  time.Duration
	until time.Duration
}

func newTable() *table { return &table{of: make(map[string]row)} }

func (t *table) Read(ctx context.Context, names []string) ([]optimistic.Record, error) {
	time.Sleep(t.trip)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	records := make([]optimistic.Record, len(names))
	for i, name := range names {
		records[i] = t.getLocked(name)
	}
	return records, nil
}

func (t *table) Swap(_ context.Context, name string, version uint64, data []byte, life time.Duration) (bool, error) {
	time.Sleep(t.trip)
	if t.beforeSwap != nil {
		if err := t.beforeSwap(name); err != nil {
			return false, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.getLocked(name).Version != version {
		t.vain++
		return false, nil
	}
	t.n++
	t.of[name] = row{optimistic.Record{Data: data, Version: t.n}, life, t.time + life}
	return true, nil
}

func (t *table) getLocked(name string) optimistic.Record {
	if r := t.of[name]; t.time < r.until {
		return r.Record
	}
	return optimistic.Record{}
}

func (t *table) Delete(_ context.Context, names []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		delete(t.of, name)
	}
	return nil
}
