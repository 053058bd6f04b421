// Package hone makes HTTP services over SQL fast and cheap, in the one order
// that works: measure, database, cache, rate limit, workers, transfer.
//
// This package is the front door: [New] assembles the layers, and
// [Hone.Handler] puts them around a service. Each layer is also a package of
// its own that works without the others: start with
// [github.com/hone-go/hone/measure] to see what a route costs and
// [github.com/hone-go/hone/sqltrace] to see why.
package hone
