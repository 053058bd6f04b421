// Package prometric is what the collectors for Prometheus share: how their
// metrics are named, and how an error becomes part of a scrape. Package
// prometrictest scrapes a collector in a test.
package prometric
