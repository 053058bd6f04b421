package shop

import (
	"net/http"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/examples/shop/tuned"
	"github.com/hone-go/hone/httpcache"
)

// Layers stand between the clients and the routes. Nil ones are left out.
type Layers struct {
	// Responses keeps the answers that are the same for everybody: the lists of
	// orders, searches and, once it is tuned, the catalog. It must be over
	// Config.Cache, in which a change invalidates them as it does all else.
	Responses *httpcache.HTTPCache

	// Encoder encodes the answers that are not kept. To encode the others too,
	// once each, it must be that of Responses as well.
	Encoder *encode.Encoder

	// Conditional gives answers entity tags, by which a client need not be
	// sent again what it has.
	Conditional *httpcache.Conditional
}

// Use puts layers around the routes, in place of those that were there.
// Requests under way are not disturbed. It fails only if a layer is configured
// wrongly.
func (s *Shop) Use(l Layers) error {
	var shared map[string]func(http.Handler) http.Handler
	if l.Responses != nil {
		var err error
		if shared, err = tuned.Shared(l.Responses); err != nil {
			return err
		}
	}
	for _, rt := range s.routes {
		rt.putAround(func(h http.Handler) http.Handler { return l.around(h, shared[rt.pattern]) })
	}
	return nil
}

// around puts the layers around a handler, whose answers share keeps if they
// are the same for everybody.
func (l Layers) around(h http.Handler, share func(http.Handler) http.Handler) http.Handler {
	if l.Conditional != nil {
		h = l.Conditional.Handler(h)
	}
	switch {
	case share != nil:
		h = share(h)
	case l.Encoder != nil:
		h = l.Encoder.Handler(h)
	}
	return h
}
