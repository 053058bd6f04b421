package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// leftovers are leases that a store may have granted after their claimant had
// given up: a frozen server does what it was sent once it thaws. They are given
// back when the store answers again, as far as that can be: otherwise they hold
// their keys until they die by themselves.
type leftovers struct {
	count atomic.Int32 // of keys
	mu    struct {
		sync.Mutex
		keys      map[Token][]string
		releasing bool
	}
}

// maxLeftovers is how many keys are remembered. Not smaller: a busy process
// has some hundreds of claims under way when its store freezes. Not larger:
// each costs a part of a message when the store has just come back.
const maxLeftovers = 1000

// add remembers keys that were claimed without an answer.
func (l *leftovers) add(keys []string, token Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys = keys[:min(len(keys), maxLeftovers-int(l.count.Load()))]
	if len(keys) == 0 {
		return
	}
	if l.mu.keys == nil {
		l.mu.keys = make(map[Token][]string)
	}
	l.mu.keys[token] = append(l.mu.keys[token], keys...)
	l.count.Add(int32(len(keys)))
}

// take returns the keys of a token, none if none are left.
func (l *leftovers) take() (keys []string, token Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for token, keys = range l.mu.keys {
		delete(l.mu.keys, token)
		l.count.Add(-int32(len(keys)))
		return keys, token
	}
	return nil, token
}

// start reports whether the caller is to release them: one does at a time.
func (l *leftovers) start() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.releasing {
		return false
	}
	l.mu.releasing = true
	return true
}

func (l *leftovers) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.releasing = false
}

// releaseLeftovers gives back, in the background, what may have been granted
// too late. It is called when the store has answered.
func (c *Cache) releaseLeftovers() {
	if !c.leftovers.start() {
		return
	}
	c.start(func() {
		defer c.leftovers.end()
		// What was granted before the answer has died after LeaseLife.
		for begin := time.Now(); time.Since(begin) < c.cfg.LeaseLife; {
			keys, token := c.leftovers.take()
			if len(keys) == 0 {
				return
			}
			sctx, err := c.backend.begin(context.Background())
			if err == nil {
				err = c.backend.end(c.backend.store.Release(sctx, keys, token))
			}
			if err != nil { // the others are tried when the store answers again
				c.report(context.Background(), err)
				return
			}
		}
	}, c.leftovers.end)
}
