// Package mongo keeps limits in MongoDB. Start with [Open].
//
// # Documents
//
// A bucket is a document of the collection limits:
//
//	_id  128 bits of a digest of the scope, the key and the limit, in base64
//	v    the version, a random number that every change replaces
//	b    the bucket
//	e    when the server may delete it
//
// It is replaced by an update that names its version, or inserted, and with
// that exact: MongoDB changes one document in one step, on a single server, in
// a replica set and in a sharded cluster, where _id or its hash is a good key.
// The first insert of a process makes an index on e by which the server deletes
// what has lapsed, within a minute or so; a server that knows no such index
// keeps it.
package mongo
