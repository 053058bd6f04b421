package measure

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// epochLength is the step in which the rolling minute moves. Not shorter:
	// each step costs a busy series one walk over its histogram. Not longer:
	// the minute covers up to one step more than 60 s.
	epochLength = 5 * time.Second
	epochs      = int64(time.Minute / epochLength)
)

// epochOf returns the number of whole epochs in an age.
func epochOf(age time.Duration) int64 { return int64(max(age, 0) / epochLength) }

// covered returns the time that the rolling minute spans at an age: the last
// twelve whole epochs and the one under way, so 60 to 65 s, or all there is.
func covered(age time.Duration) time.Duration {
	if age < time.Minute {
		return max(age, 0)
	}
	return time.Minute + age%epochLength
}

// sums is what a series adds up besides durations.
type sums struct {
	bytes, statements, rows int64
	sqlTime, sqlWait        time.Duration
}

func (s sums) plus(t sums) sums {
	return sums{
		s.bytes + t.bytes, s.statements + t.statements, s.rows + t.rows,
		s.sqlTime + t.sqlTime, s.sqlWait + t.sqlWait,
	}
}

func (s sums) minus(t sums) sums {
	return sums{
		s.bytes - t.bytes, s.statements - t.statements, s.rows - t.rows,
		s.sqlTime - t.sqlTime, s.sqlWait - t.sqlWait,
	}
}

// counters are sums that many goroutines add to.
type counters struct {
	bytes, statements, rows, sqlTime, sqlWait atomic.Int64
}

func (c *counters) add(s sums) {
	if s.bytes != 0 {
		c.bytes.Add(s.bytes)
	}
	if s.statements != 0 {
		c.statements.Add(s.statements)
		c.rows.Add(s.rows)
		c.sqlTime.Add(int64(s.sqlTime))
	}
	if s.sqlWait != 0 {
		c.sqlWait.Add(int64(s.sqlWait))
	}
}

func (c *counters) load() sums {
	return sums{
		bytes: c.bytes.Load(), statements: c.statements.Load(), rows: c.rows.Load(),
		sqlTime: time.Duration(c.sqlTime.Load()), sqlWait: time.Duration(c.sqlWait.Load()),
	}
}

// An account is what was recorded in some span of time.
type account struct {
	durations HistogramSnapshot
	sums      sums
}

// A window counts since the start, and can tell what came in the last minute.
//
// Recording only ever adds to the counters. Whoever is first to arrive in a
// new epoch, to record or to read, files what came since the previous such
// arrival. All of that was recorded in the epoch of that previous arrival, for
// anyone later would have been first in an epoch of their own; a record that
// is overtaken while it adds is filed one arrival late.
//
// The zero value is ready to use. It is safe for concurrent use.
type window struct {
	durations Histogram    // its max is the current epoch's
	epoch     atomic.Int64 // of the last arrival; written with mu held
	_         cacheLine    // every record reads what is above and writes what is below
	counters  counters
	_         cacheLine
	mu        struct {
		sync.Mutex
		filed  account // all before the current epoch
		recent [epochs]struct {
			epoch   int64
			account account
		}
	}
}

// record counts d and s, at the given age.
func (w *window) record(age, d time.Duration, s sums) {
	w.arrive(epochOf(age))
	w.durations.Record(d)
	w.counters.add(s)
}

// read returns what was recorded since the start and in the last minute.
func (w *window) read(age time.Duration) (total, minute account) {
	epoch := epochOf(age)
	w.arrive(epoch)
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.currentLocked(w.durations.max.Load())
	var t tally
	t.add(current.durations)
	minute.sums = current.sums
	for i := range w.mu.recent {
		if r := &w.mu.recent[i]; r.epoch >= epoch-epochs {
			t.add(r.account.durations)
			minute.sums = minute.sums.plus(r.account.sums)
		}
	}
	minute.durations = t.snapshot()
	return w.mu.filed.plus(current), minute
}

func (w *window) arrive(epoch int64) {
	if epoch > w.epoch.Load() {
		w.file(epoch)
	}
}

func (w *window) file(epoch int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.epoch.Load()
	if epoch <= last {
		return // another was first
	}
	current := w.currentLocked(w.durations.max.Swap(0))
	slot := &w.mu.recent[last%epochs]
	slot.epoch, slot.account = last, current
	w.mu.filed = w.mu.filed.plus(current)
	w.epoch.Store(epoch)
}

// currentLocked returns what was recorded since the last filing, of which
// longest is the maximum.
func (w *window) currentLocked(longest int64) account {
	var t tally
	t.load(&w.durations)
	t.sub(w.mu.filed.durations)
	t.max = time.Duration(longest)
	return account{t.snapshot(), w.counters.load().minus(w.mu.filed.sums)}
}

func (a account) plus(b account) account {
	return account{a.durations.Merge(b.durations), a.sums.plus(b.sums)}
}
