package redis

import (
	"context"
	"runtime"
	"sync"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/ratelimit"
)

const (
	// laneFlights is how many commands of a lane are under way at a time. Not
	// one: whoever comes while a lone command is under way would wait for it.
	// Not more: takes would come in smaller batches, and four were no faster.
	laneFlights = 2
	// batchCharges bounds the charges of one command that takes share. Not
	// fewer: the command's own cost is that of two charges. Not more: each takes
	// Redis up to 8 µs, in which it serves nobody else.
	batchCharges = 64
)

// A lane sends the plain takes of one strategy: each at once while few commands
// are under way; else it waits for one of them to end, and shares the next with
// all who wait. Nobody waits for more to come.
type lane struct {
	limits   *Limits
	strategy ratelimit.Strategy

	mu struct {
		sync.Mutex
		flights     int   // commands under way
		first, last *take // the queue
	}
}

// A takeState says who may touch the results of a take in a lane, and is guarded
// by the lane's mutex.
type takeState uint8

const (
	pending  takeState = iota // the caller waits, in the queue or for a batch
	answered                  // the caller waits for its token: the batch may
	givenUp                   // the caller has them back
)

// A batch is the takes that share a command.
type batch struct {
	takes      []*take
	keys, args []string

	// The command ends when nobody waits for it any more: the deadlines are
	// those of the callers.
	ctx     context.Context
	cancel  context.CancelFunc
	waiting int // callers; guarded by the lane's mutex
}

// take is Apply for a plain Take.
func (l *lane) take(ctx context.Context, charges []ratelimit.Charge, results []ratelimit.Result) error {
	if err := ctx.Err(); err != nil {
		return limitsUnavailable(err)
	}
	t := l.limits.takes.Get().(*take)
	t.set(charges, results)
	if l.enter(t) {
		l.sendAlone(ctx, t)
	} else {
		select {
		case <-t.done:
		case <-ctx.Done():
			if l.giveUp(t) {
				return limitsUnavailable(ctx.Err())
			}
			<-t.done
		}
	}
	err := t.err
	t.clear()
	l.limits.takes.Put(t)
	return err
}

// enter reports whether t is to be sent at once; else it is in the queue.
func (l *lane) enter(t *take) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.flights < laneFlights {
		l.mu.flights++
		return true
	}
	if t.previous = l.mu.last; t.previous == nil {
		l.mu.first = t
	} else {
		t.previous.next = t
	}
	l.mu.last = t
	return false
}

// unlinkLocked takes t out of the queue.
func (l *lane) unlinkLocked(t *take) {
	if t.previous == nil {
		l.mu.first = t.next
	} else {
		t.previous.next = t.next
	}
	if t.next == nil {
		l.mu.last = t.previous
	} else {
		t.next.previous = t.previous
	}
	t.next, t.previous = nil, nil
}

// giveUp ends the caller's wait for t, unless its answer is there. Whether t is
// charged is unknown then, if it has been sent.
func (l *lane) giveUp(t *take) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case t.state == answered:
		return false
	case t.batch == nil:
		l.unlinkLocked(t)
	default:
		if t.batch.waiting--; t.batch.waiting == 0 {
			t.batch.cancel()
		}
	}
	t.state = givenUp
	return true
}

// sendAlone sends t by its caller's goroutine. Those who have come meanwhile are
// sent by one of their own.
func (l *lane) sendAlone(ctx context.Context, t *take) {
	values, err := l.run(ctx, t.call(l.limits.now()))
	t.answer(values, err)
	l.mu.Lock()
	waited := l.mu.first != nil
	if !waited {
		l.mu.flights--
	}
	l.mu.Unlock()
	if waited && !l.limits.store.start(l.fly) {
		l.refuse()
	}
}

// fly sends batches until nobody waits.
func (l *lane) fly() {
	var b batch
	for l.board(&b) {
		values, err := l.run(b.ctx, b.call(l.limits.now()))
		l.land(&b, values, err)
		runtime.Gosched() // those who were answered may have more to ask
	}
}

// refuse answers those who wait when the store was closed.
func (l *lane) refuse() {
	var b batch
	for l.board(&b) {
		l.land(&b, nil, limitsUnavailable(errClosed))
	}
}

// board moves takes from the queue to the batch, as many as may share a
// command. It ends the flight if there are none.
func (l *lane) board(b *batch) bool {
	clear(b.takes)
	b.takes = b.takes[:0]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.first == nil {
		l.mu.flights--
		return false
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	charges := 0
	for t := l.mu.first; t != nil; t = l.mu.first {
		if charges += len(t.keys); charges > batchCharges && len(b.takes) > 0 {
			break
		}
		l.unlinkLocked(t)
		t.batch = b
		b.takes = append(b.takes, t)
	}
	b.waiting = len(b.takes)
	return true
}

// call is that of the script for all takes of the batch.
func (b *batch) call(now string) scriptCall {
	b.keys, b.args = b.keys[:0], append(b.args[:0], now)
	for _, t := range b.takes {
		b.keys, b.args = append(b.keys, t.keys...), append(b.args, t.args[1:]...)
	}
	return scriptCall{b.keys, b.args}
}

// land answers the takes of a batch whose callers still wait.
func (l *lane) land(b *batch, values []rueidis.RedisMessage, err error) {
	b.cancel()
	l.mu.Lock()
	for _, t := range b.takes {
		if t.state == pending {
			t.state = answered
		}
	}
	l.mu.Unlock()
	for _, t := range b.takes {
		var own []rueidis.RedisMessage
		if err == nil {
			own, values = values[:takeWidth*len(t.keys)], values[takeWidth*len(t.keys):]
		}
		if t.state == answered {
			t.answer(own, err)
			t.done <- struct{}{}
		}
	}
}

// run runs the lane's script, which returns as many numbers as its keys ask for.
func (l *lane) run(ctx context.Context, call scriptCall) ([]rueidis.RedisMessage, error) {
	r, err := l.limits.store.runOne(ctx, l.limits.scripts.ofTakes(l.strategy), call)
	if err != nil {
		return nil, limitsUnavailable(err)
	}
	values, err := r.ToArray()
	if err == nil && len(values) != takeWidth*len(call.keys) {
		err = errReply
	}
	if err != nil {
		return nil, limitsUnavailable(err)
	}
	return values, nil
}
