// Package cachetest holds implementations of [cache.Store] to its contract.
//
// [Run] has a case for each of its sentences: call it from a test of every
// store, your own too. [RunAgreement] makes two stores answer one random list of
// operations, and finds what no case thought of.
//
// The cases use namespaces that have never been used, so that a store may be a
// server with other data in it. They wait for the store's own answer and never
// for a time that has to be exact.
package cachetest
