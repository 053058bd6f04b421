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
//
// # Clocks of limits
//
// Each process counts by its own clock, but never by an earlier time than
// others have left in the bucket.
//
//	clocks differ by up to S = 10 s   in any time T passes what the limit lets
//	                                  pass in T+S
//	by more, up to hours              in any time T passes what the limit lets
//	                                  pass in T, as often as there are processes
//	                                  whose clocks differ: as if each of them
//	                                  counted for itself, and never more
//	a clock steps back                nothing more passes than without the step
//	a clock steps forward, by S       as if it were that of one process more,
//	                                  whose clock differs by S
//
// A process whose clock is behind may have to wait for S longer. All of it holds
// while no process's clock is behind the server's by more than 10 s: the server
// deletes by its own clock what has lapsed, and would forget too early what
// such a process has charged.
package mongo
