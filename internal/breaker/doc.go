// Package breaker gives each call of a store a deadline, and stops calling a
// store that keeps failing until it answers a ping.
package breaker
