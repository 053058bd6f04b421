// Package limitprom shows rate limits to Prometheus.
//
// A [Collector] reads the sums that a limiter keeps anyway when Prometheus asks
// for them: it costs nothing between scrapes, and nothing is counted twice.
package limitprom
