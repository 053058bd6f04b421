// Package encode sends bodies in zstd, br or gzip (RFC 9110 §8.4) to clients
// that take them. It is for services that no compressing proxy stands in front
// of; where one does, set [Config.ProxyCompresses].
//
// Start with [New] and [Encoder.Handler], which wraps any handler. A cache that
// encodes a body once uses [Encoder.Negotiate], [Encoder.Encodable],
// [Encoder.Encode] and the functions for entity tags instead.
//
// # What is encoded
//
// A response is encoded if the client's Accept-Encoding has a coding on offer,
// its type is one of [Config.Types], it has at least [Config.MinSize] bytes,
// and nothing forbids it: Content-Encoding set by the handler, a part of a body
// (206, Content-Range), Cache-Control: no-transform, a digest of the body's
// bytes, no body at all (1xx, 204, 205, 304), or a secret, see below. The
// answer to HEAD has the header of the answer to GET where the handler
// declares type and length.
//
// The first MinSize bytes are held back until the handler has written as many,
// flushes, declares the length, or returns. From then on the body streams: a
// flush sends all that was written, and memory does not grow with the body. A
// change to the header between WriteHeader and that moment still counts.
//
// The body of a handler that panics, or returns before its declared length, is
// cut: it never looks complete. Early hints, hijacked connections, deadlines
// and file copies pass through.
//
// # Caches
//
// Every response that could have been encoded for another client has Vary:
// Accept-Encoding, encoded or not. Each coding of a body has an entity tag of
// its own, see [TagFor]; on the way in the handler sees its own tag, and a 304
// repeats the one the client holds.
//
// # Secrets
//
// Compression makes the length of a body tell whether text in it repeats. An
// attacker who can have a victim's browser request a page over and over, each
// time with another guess that the page repeats, and who sees the lengths of
// the encrypted answers, finds a secret on that page byte by byte (BREACH,
// https://www.breachattack.com). Which bodies hold a secret next to a guess,
// no library can see; what can be seen is whether a foreign page may be behind
// the request, and [Config.Guard] goes by that: by default cross-site requests
// with the user's credentials get their bodies as they are. It does not guard
// against a page of the same site that an attacker controls: mark responses
// with [Secret] if that is in question, or choose [GuardCredentials].
//
// There is no random padding: noise averages out over more requests, and the
// attacker chooses how many.
//
// # Cost
//
// BenchmarkLevel prints time and size for each level. At the default levels a
// JSON list of 20 KB came to 22.9 % at 3.0 ns a byte in zstd, 22.6 % at 3.3 ns
// in gzip and 22.2 % at 15 ns in br (Go 1.26.8, one core of an EPYC, best of
// three).
package encode
