// Package demo runs the whole discipline on the example shop: it measures the
// service as found, names its worst mistake, switches that route to its fix,
// measures again at the same rate, and shows both side by side.
//
// The service runs in this process and the load in another, so that the CPU
// time per request is the service's alone. Start with [Run].
package demo
