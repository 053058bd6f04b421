// Package httpcache is a shared HTTP cache in front of a handler: what a CDN
// would do, in the service, over the store that all its processes share.
//
// It is safe by default. Only what RFC 9111 lets a shared cache keep is kept,
// and less: no response that sets a cookie, and no request with a cookie that
// is not declared harmless is answered from the cache. Whatever a handler is
// shown that could make it answer differently is in the key, or taken away from
// it: query parameters that are ignored do not reach it. Two users never see
// each other's response unless Cache-Control says public of what was made for
// one of them.
//
// [New] makes an [HTTPCache] over a [cache.Cache], whose store, leases, near
// cache and failure policy it shares: however many ask at once in however many
// processes, the handler runs once. [HTTPCache.Handler] wraps a service, whose
// own Cache-Control decides; [HTTPCache.Cached] gives a life to views that say
// nothing. Cache-Status (RFC 9211) says of each response what was done and why.
//
// With [Config.Encoder] a body is stored as the handler wrote it and once in
// each coding that was asked for: only the first to ask for one waits for it to
// be made. What ends a response ends its codings. Each has a tag of its own,
// which is understood in conditions; a part (206) is one of the body as it is.
//
// A failing handler is asked once per process by all who wait for it: they get
// the stale response where that may stand in (stale-if-error), else share a 5xx
// that is not private, sets no cookie and is no stream. It is not stored: the
// next request asks anew. A panic is nobody's answer: each who waited then asks
// for itself. What turns out to be for one client alone is asked for by each,
// and for the next second nobody waits.
//
// A failing store costs a request at most the cache's StoreTimeout; the handler
// is run then. A response that was cut short is never stored.
package httpcache
