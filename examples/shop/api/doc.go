// Package api is what the shop's clients see: the JSON shapes, how a request
// is read and refused, and how an error becomes an answer. The routes as found
// and the tuned ones share it, so that a change of speed cannot become a
// change of contract.
//
// Money is in whole cents, and times are RFC 3339 in UTC, throughout.
package api
