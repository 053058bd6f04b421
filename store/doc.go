// Package store opens the store that a URL names, of caches or of limits, so
// that a service can be moved to another one by its configuration.
package store
