// Package ratelimittest checks stores of limits: [Run] holds a
// [ratelimit.Store] to its contract, and [Model] is a slow one that is obvious,
// to compare others with.
package ratelimittest
