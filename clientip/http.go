package clientip

import (
	"context"
	"net/http"
	"net/netip"
)

type contextKey struct{}

// From returns the client that [Resolver.Handler] found, and whether ctx comes
// from it. It allocates nothing.
func From(ctx context.Context) (Client, bool) {
	e, ok := ctx.Value(contextKey{}).(*exchange)
	if !ok {
		return Client{}, false
	}
	return e.client, true
}

// An exchange is a request's context, its client, and the copy of the request
// that carries them, in one allocation.
type exchange struct {
	context.Context
	client Client
	inner  http.Request
}

// Value answers for the client and asks the parent for everything else.
func (e *exchange) Value(key any) any {
	if key == (contextKey{}) {
		return e
	}
	return e.Context.Value(key)
}

// Handler returns a handler that finds the client of each request and puts it
// where [From] finds it, for next and all that next calls. It belongs outside
// of everything that asks who the client is. It changes nothing about the
// request unless [Config.SetRemoteAddr] says so, and nothing about the
// response. It allocates once, and again to set RemoteAddr.
func (v *Resolver) Handler(next http.Handler) http.Handler {
	return &handler{resolver: v, next: next}
}

type handler struct {
	resolver *Resolver
	next     http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := &exchange{Context: r.Context(), client: h.resolver.Resolve(r)}
	e.inner = *r.WithContext(e) // the compiler keeps the copy on the stack
	if h.resolver.config.SetRemoteAddr && e.client.Source != "" {
		e.inner.RemoteAddr = netip.AddrPortFrom(e.client.Addr, 0).String()
	}
	// What a router finds must reach the layers outside.
	defer func() { r.Pattern, r.MultipartForm = e.inner.Pattern, e.inner.MultipartForm }()
	h.next.ServeHTTP(w, &e.inner)
}
