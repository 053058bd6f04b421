// Package null is the store that keeps nothing: caching switched off, with the
// same code. Nothing is found, every claim is granted and no fill is kept, so
// everybody computes, and what is stale elsewhere is fresh here.
//
// It does not keep the whole contract of [cache.Store], on purpose: two callers
// can hold a lease on one key, and a counter counts nothing. It checks neither
// keys nor lives nor sizes.
package null
