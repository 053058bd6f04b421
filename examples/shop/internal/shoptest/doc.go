// Package shoptest runs the tests of the shop on every system that the shop
// runs on, and finds those that do not.
package shoptest
