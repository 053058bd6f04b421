// Package cacheprom shows a cache to Prometheus.
//
// A [Collector] reads the sums that the cache keeps anyway when Prometheus asks
// for them: it costs nothing between scrapes, and nothing is counted twice.
package cacheprom
