package measure

import (
	"slices"
	"time"
)

const (
	MinIndex = minIndex
	MaxIndex = maxIndex
)

func IndexOf(d time.Duration) int { return indexOf(slotOf(d)) }

func (s HistogramSnapshot) SameBuckets(other HistogramSnapshot) bool {
	return slices.Equal(s.buckets, other.buckets)
}

func (s HistogramSnapshot) Equal(other HistogramSnapshot) bool {
	return s.SameBuckets(other) && s.count == other.count && s.beyond == other.beyond && s.max == other.max
}

// Observe counts a request that took d, without waiting for it.
func (r *Recorder) Observe(route string, d time.Duration) {
	r.series.at(key{route, "GET", "2xx"}).record(time.Since(r.start), d, sums{})
}

func ParseRequestStart(s string) (time.Time, bool) { return parseRequestStart(s) }

func RouteOf(pattern string) string { return routeOf(pattern) }

func SaneID(s string) bool { return saneID(s) }

// Window is the rolling account with the age passed in.
type Window struct{ w *window }

func NewWindow() Window { return Window{new(window)} }

func (w Window) Record(age, d time.Duration, bytes int64) { w.w.record(age, d, sums{bytes: bytes}) }

func (w Window) Read(age time.Duration) (total, minute HistogramSnapshot, totalBytes, minuteBytes int64) {
	t, m := w.w.read(age)
	return t.durations, m.durations, t.sums.bytes, m.sums.bytes
}

// NewLookup returns the at of a lookup that overflows into "other".
func NewLookup(limit int) func(string) *string {
	l := &lookup[string, *string]{
		limit:    limit,
		overflow: func(string) string { return "other" },
		make:     func(k string) (string, *string) { return k, &k },
	}
	return l.at
}
