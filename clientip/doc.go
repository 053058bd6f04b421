// Package clientip finds the address of the client behind proxies, and the
// scheme, host, port and path prefix that the client asked for.
//
// Forwarding headers come from whoever wrote them. The package believes what
// its [Config] says a proxy of the deployment wrote, and nothing else: it
// starts at the peer of the connection and reads a header from its end, where
// the nearest proxy appended, as far as proxies are trusted. What a client
// wrote at the beginning is never reached, and cannot change how the end is
// read. Where trust or syntax ends early, the client is the peer, and
// [Client.Ignored] says why. It never guesses.
//
// Start with [New]. [Resolver.Handler] puts the [Client] into the context of
// requests, where [From] finds it; [Resolver.Resolve] is the same without a
// handler, and [Key] makes of the address what a rate limit should count.
//
// # Which Config
//
// Proxies with known addresses, any number of them in a row: [Config.Trusted].
// It is the safest, since it holds also for a client that reaches the service
// past the proxies. A platform whose proxies' addresses are not known, and
// which nobody can reach past: [Config.Hops]. With both, the count decides and
// every proxy that is passed must be trusted as well.
//
// A count that is one too high lets clients choose their address; one too low
// makes the outer proxy everybody's address. [Resolver.Explain] shows what a
// request's headers come to.
//
// # Routers
//
// Routers that are handlers themselves (gin and echo are) need no adapter:
// wrap the whole router in [Resolver.Handler] and call [From] with the
// request's context. For code that reads [http.Request.RemoteAddr] there is
// [Config.SetRemoteAddr]: also for gin's Context.ClientIP after
// SetTrustedProxies(nil), and for echo's Context.RealIP with ExtractIPDirect.
// Without these, both read the headers again, and believe what a client wrote.
package clientip
