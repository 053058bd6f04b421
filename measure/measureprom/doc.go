// Package measureprom exports a [measure.Recorder] to Prometheus.
//
// Durations are native histograms of schema 5 with the recorder's own buckets,
// so nothing is lost on the way, and quantiles over routes and processes are
// those of the union. Prometheus must be told to scrape native histograms; a
// scraper that cannot sees their count and sum. Start with [New].
package measureprom
