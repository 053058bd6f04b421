package httpcache

import (
	"net/http"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hone-go/hone/encode"
)

// A Response is a complete response as the cache keeps it. It is shared by all
// readers: nothing of it may be changed.
type Response struct {
	Status int
	// Header has the fields that are stored: no hop-by-hop fields, no Age, no
	// Content-Length. Its keys are canonical, and no slice has room to append
	// in place.
	Header http.Header
	// Body is complete, without a content coding unless the handler has applied
	// one. See Config.Encoder for the codings of this package.
	Body []byte

	// Received is when the header came; Age is how old the response was then
	// (RFC 9111 §4.2.3), and Lifetime how long it is fresh after it was made.
	Received      time.Time
	Age, Lifetime time.Duration
	// Took is the time that the handler needed.
	Took time.Duration

	id      uint64        // tells it from any other stored under its key
	rules   rules         // what its readers may do
	vary    []string      // the names in Vary, canonical and sorted
	variant string        // what the request had in them
	place   uint32        // of the key it is stored under
	passing bool          // not stored: for those who waited for it
	marker  bool          // there is no response: vary tells where they are
	tags    []string      // by which it can be invalidated; not stored
	keep    time.Duration // how long it is kept, since Received
	body    bodyID        // of the body, which a validated response keeps
	pattern string        // by which a router behind the cache found the handler

	shown atomic.Pointer[shownHit]
	plan  atomic.Pointer[encode.Plan]
	coded [encode.Zstd + 1]codedSlot
}

// size is about how many bytes the response takes in memory, with the lines of
// its hits. The headers of its codings have the same lines, and are not counted.
func (p *Response) size() int {
	size := int(unsafe.Sizeof(*p)) + len(p.Body) + len(p.variant) + len(p.pattern) + headerOverhead
	for name, lines := range p.Header {
		size += fieldOverhead + len(name)
		for _, line := range lines {
			size += lineOverhead + len(line)
		}
	}
	for _, name := range p.vary {
		size += lineOverhead + len(name)
	}
	return size
}

// What a header takes beside its text, in bytes. TestResponseSize measures it.
const (
	headerOverhead = 512 // a map with room for eight fields, and the lines of shownHit
	fieldOverhead  = 64  // a place in the map, which is half full when it has just grown
	lineOverhead   = 24  // a string, and what the allocator rounds up
)

// selectedBy reports whether the response is the variant that a request
// selects (RFC 9111 §4.1).
func (p *Response) selectedBy(r *http.Request) bool {
	return len(p.vary) == 0 || p.variant == variantOf(p.vary, r)
}

// validators reports whether the handler can be asked whether the response is
// still good.
func (p *Response) validators() bool {
	return len(p.Header["Etag"]) > 0 || len(p.Header["Last-Modified"]) > 0
}
