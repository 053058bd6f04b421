package httpcache

import (
	"strings"
	"sync/atomic"

	"github.com/hone-go/hone/encode"
)

// negotiations remembers what the Accept-Encoding fields of late have come to:
// most clients of a service send one of a few. Those whose lengths are equal
// modulo the size replace each other.
type negotiations [32]atomic.Pointer[negotiated]

type negotiated struct {
	line   string
	result encode.Negotiation
}

// maxRemembered is the length in bytes above which a field is read anew each
// time. Not larger: so much times 32 is held. Not smaller: browsers send half
// of it.
const maxRemembered = 64

// negotiate reads the lines of Accept-Encoding. Cost: no allocation for one that
// was read lately.
func (h *HTTPCache) negotiate(lines []string) encode.Negotiation {
	if len(lines) != 1 || len(lines[0]) > maxRemembered {
		return h.cfg.Encoder.Negotiate(lines)
	}
	slot := &h.negotiated[len(lines[0])%len(h.negotiated)]
	if n := slot.Load(); n != nil && n.line == lines[0] {
		return n.result
	}
	n := &negotiated{strings.Clone(lines[0]), h.cfg.Encoder.Negotiate(lines)}
	slot.Store(n)
	return n.result
}
