package cache

import "time"

// waitForOne waits until the load of another for the first held key has ended,
// and claims it again.
func (w *filling[K, V]) waitForOne() {
	c := w.held[0]
	w.held = w.held[1:]
	w.tally.waits.Add(1)
	begin := time.Now()
	defer func() { w.tally.waitTime.Add(int64(time.Since(begin))) }()
	for pause := minPoll; ; pause = min(2*pause, maxPoll) {
		changed := w.cache.marks.wait(c.name)
		w.restamp(c)
		held := w.held
		w.held = nil
		if c.force {
			w.claimOver([]*call[K, V]{c})
		} else {
			w.claim([]*call[K, V]{c})
		}
		again := len(w.held) > 0
		w.held = held
		left := time.Until(w.deadline)
		if !again || left <= 0 {
			w.cache.marks.forget(c.name, changed)
			if again {
				w.unleased = append(w.unleased, c)
			}
			return
		}
		if w.cache.marks.watch.Load() != nil {
			pause = w.cache.cfg.LeaseLife / leaseShare // to see that the holder has died
		}
		t := time.NewTimer(min(left, jittered(pause)))
		select {
		case <-changed:
		case <-t.C:
		}
		t.Stop()
		w.cache.marks.forget(c.name, changed)
	}
}

// Where the store cannot tell that a key has changed, it is asked at growing
// intervals. Not shorter: a load is seldom faster than a few milliseconds. Not
// longer: the waiters' requests wait on.
const (
	minPoll = 5 * time.Millisecond
	maxPoll = 100 * time.Millisecond
)

// restamp notes that a waiting call looks at the store once more: what changed
// the key before is in the result.
func (f *Func[K, V]) restamp(c *call[K, V]) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	c.stamp = f.cache.marks.stamp(c.slot)
}
