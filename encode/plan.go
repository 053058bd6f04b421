package encode

import (
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
)

// A Plan says how a response that is kept whole is sent to each who asks for
// it: by the rules of [Encoder.Handler], without judging the response anew each
// time. A cache makes one per response with [Encoder.Plan]; the bodies, made by
// [Encoder.Encode], are its own. It is safe for concurrent use.
type Plan struct {
	encoder   *Encoder
	header    http.Header
	mediaType string
	varies    bool
	encodable bool
	size      int
	headers   [codings]atomic.Pointer[http.Header]
}

// Plan returns the plan for a complete response of size bytes, whose header
// must not change any more and says of its type what there is to say.
func (e *Encoder) Plan(status int, h http.Header, size int) *Plan {
	p := &Plan{encoder: e, header: h, mediaType: h.Get("Content-Type"), size: size}
	if !e.config.ProxyCompresses {
		p.varies, p.encodable = e.varies(status, h), e.Encodable(status, h)
	}
	return p
}

// Varies reports whether clients with another Accept-Encoding may be sent
// another form of the response, and Vary therefore names it in all of them.
func (p *Plan) Varies() bool { return p.varies }

// Coding returns the coding in which the whole response is sent in answer to r,
// whose Accept-Encoding has come to n. A part of it (206) is one of the
// identity. Cost: no allocation.
func (p *Plan) Coding(r *http.Request, n Negotiation) Coding {
	if !p.encodable {
		return Identity
	}
	return p.encoder.choose(r, n, p.header, p.mediaType, int64(p.size))
}

// Header returns the response's header with what its form in a coding says
// otherwise: Vary, Content-Encoding, the tag, and no Content-Length or
// Accept-Ranges of other bytes. It is made once and shared: it must not be
// changed, and its lines have no room to append in place.
func (p *Plan) Header(c Coding) http.Header {
	if !p.varies || c >= codings {
		return p.header
	}
	if h := p.headers[c].Load(); h != nil {
		return *h
	}
	h := maps.Clone(p.header)
	describe(h, true, c, new(lines))
	h["Vary"] = slices.Clip(h["Vary"])
	p.headers[c].Store(&h)
	return h
}
