// Package compat holds the tests that popular database libraries work
// unchanged over a database/sql pool that hone traces, and that a loop of
// queries is found through each of them at the line of the application. It is
// a module of its own so that these libraries stay out of hone's go.mod.
package compat
