package cacheprom

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/prometric"
)

// Config holds what is optional about a [Collector]. Its zero value is ready.
type Config struct {
	// Namespace is put before every metric name, with an underscore. Default:
	// none.
	Namespace string

	// ConstLabels are put on every metric. Default: none. Two caches in one
	// registry are told apart by them.
	ConstLabels prometheus.Labels
}

const functionLabel = "function"

// A counter is one of the sums of [cache.Stats].
type counter struct {
	name, help string
	value      func(cache.Stats) float64
}

// counters are the metrics that have the label function.
var counters = []counter{
	{"cache_hits_total", "Lookups answered from the cache.", func(s cache.Stats) float64 { return float64(s.Hits) }},
	{"cache_near_hits_total", "Hits in the near cache.", func(s cache.Stats) float64 { return float64(s.NearHits) }},
	{"cache_stale_hits_total", "Hits past their time to live.", func(s cache.Stats) float64 { return float64(s.Stale) }},
	{"cache_misses_total", "Lookups not answered from the cache.", func(s cache.Stats) float64 { return float64(s.Misses) }},
	{"cache_loads_total", "Runs of the function.", func(s cache.Stats) float64 { return float64(s.Loads) }},
	{"cache_load_seconds_total", "Time that runs of the function took.", func(s cache.Stats) float64 { return s.LoadTime.Seconds() }},
	{"cache_load_errors_total", "Runs of the function that failed.", func(s cache.Stats) float64 { return float64(s.Errors) }},
	{"cache_load_panics_total", "Runs of the function that panicked.", func(s cache.Stats) float64 { return float64(s.Panics) }},
	{"cache_refreshes_total", "Runs of the function in the background.", func(s cache.Stats) float64 { return float64(s.Refreshes) }},
	{"cache_not_found_total", "Runs of the function that found nothing.", func(s cache.Stats) float64 { return float64(s.NotFound) }},
	{"cache_bypassed_total", "Lookups that went round the cache.", func(s cache.Stats) float64 { return float64(s.Bypassed) }},
	{"cache_waits_total", "Waits for another process's load.", func(s cache.Stats) float64 { return float64(s.Waits) }},
	{"cache_wait_seconds_total", "Time of waits for another process's load.", func(s cache.Stats) float64 { return s.WaitTime.Seconds() }},
	{"cache_leases_total", "Leases granted.", func(s cache.Stats) float64 { return float64(s.Leases) }},
	{"cache_stored_total", "Entries stored.", func(s cache.Stats) float64 { return float64(s.Filled) }},
	{"cache_stored_bytes_total", "Encoded bytes of entries stored.", func(s cache.Stats) float64 { return float64(s.FilledBytes) }},
	{"cache_voided_total", "Results not stored because the key was changed meanwhile.", func(s cache.Stats) float64 { return float64(s.Voided) }},
	{"cache_dropped_total", "Results not stored because the store failed or a filter said no.", func(s cache.Stats) float64 { return float64(s.Dropped) }},
	{"cache_undecodable_total", "Entries thrown away because they could not be decoded.", func(s cache.Stats) float64 { return float64(s.Undecodable) }},
	{"cache_evicted_total", "Entries that left the near cache to make room.", func(s cache.Stats) float64 { return float64(s.Evicted) }},
	{"cache_deleted_total", "Keys deleted on request.", func(s cache.Stats) float64 { return float64(s.Deleted) }},
}

// A Collector is a [prometheus.Collector] of the sums of a cache since its
// start. These have the label function, the name of a cached function, of a set
// of values or of counters:
//
//	cache_hits_total           lookups answered from the cache
//	cache_near_hits_total      of these, in the near cache
//	cache_stale_hits_total     of these, past their time to live
//	cache_misses_total         lookups not answered from the cache
//	cache_loads_total          runs of the function
//	cache_load_seconds_total   and their time
//	cache_load_errors_total    of these, failed
//	cache_load_panics_total    of these, panicked
//	cache_refreshes_total      of these, in the background
//	cache_not_found_total      of these, without a result
//	cache_bypassed_total       lookups that went round the cache
//	cache_waits_total          waits for another process's load
//	cache_wait_seconds_total   and their time
//	cache_leases_total         leases granted
//	cache_stored_total         entries stored
//	cache_stored_bytes_total   and their bytes, encoded
//	cache_voided_total         results not stored: the key was changed meanwhile
//	cache_dropped_total        results not stored: the store failed, or a filter said no
//	cache_undecodable_total    entries thrown away
//	cache_evicted_total        entries that left the near cache to make room
//	cache_deleted_total        keys deleted on request
//
// These two have no label of their own:
//
//	cache_near_bytes           gauge: what the near cache holds
//	cache_store_reachable      gauge: 0 while the store does not answer
//
// It is safe for concurrent use. A scrape costs one [cache.Cache.Stats].
type Collector struct {
	cache     *cache.Cache
	sums      []*prometheus.Desc // as counters
	nearBytes *prometheus.Desc
	reachable *prometheus.Desc
}

// New returns a Collector of c, to be registered by the caller. It fails if c
// is nil; an error about the Config lists everything that is wrong with it.
func New(c *cache.Cache, cfg Config) (*Collector, error) {
	if c == nil {
		return nil, errors.New("cacheprom: the cache is nil")
	}
	names := prometric.Names(cfg)
	if err := names.Validate("cacheprom", functionLabel); err != nil {
		return nil, err
	}
	col := &Collector{
		cache:     c,
		nearBytes: names.Desc("cache_near_bytes", "Bytes that the near cache holds."),
		reachable: names.Desc("cache_store_reachable", "Whether the store answers."),
	}
	for _, m := range counters {
		col.sums = append(col.sums, names.Desc(m.name, m.help, functionLabel))
	}
	return col, nil
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.sums {
		ch <- d
	}
	ch <- c.nearBytes
	ch <- c.reachable
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.cache.Stats() {
		for i, m := range counters {
			ch <- prometric.Counter(c.sums[i], m.value(s), s.Name)
		}
	}
	reachable := 0.0
	if c.cache.Reachable() {
		reachable = 1
	}
	ch <- prometric.Gauge(c.nearBytes, float64(c.cache.NearBytes()))
	ch <- prometric.Gauge(c.reachable, reachable)
}
