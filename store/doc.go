// Package store opens the store that a URL names, so that a service can be
// moved to another one by its configuration.
package store
