// Package compat holds the tests that popular libraries work with hone as they
// are: database libraries over a database/sql pool that hone traces, where a
// loop of queries is found through each of them at the line of the application,
// and routers inside of what finds clients and limits them. It is a module of
// its own so that these libraries stay out of hone's go.mod.
package compat
