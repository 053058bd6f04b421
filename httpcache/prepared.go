package httpcache

import (
	"hash/maphash"
	"net/http"
	"sync/atomic"
	"weak"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/ledger"
)

// preparedHits are the answers of a view that will be given again: to a request
// that is the same in all that matters, until the second ends that Age tells,
// or a refresh may begin, and only while the near cache would find the same
// response. So nothing of it is judged, negotiated or rendered anew: what is
// compared decides that the long way, turn, would give the same answer, and
// that is taken whenever it might not. Only the store's clock may be set anew
// unseen: Age, and the end of what is fresh, are then up to a second behind it.
type preparedHits struct {
	view  *view
	names []string // of the fields that an answer depends on
}

// preparedTable has what the views of an HTTPCache have prepared: in each slot
// one of the answers to the requests whose hashes share it. It keeps no body but
// small coded ones: the near cache alone decides which of the others are kept.
type preparedTable struct {
	seed  maphash.Seed
	slots [preparedSlots]atomic.Pointer[preparedHit]
}

const (
	// preparedSlots is of how many URLs and codings the hits of a second can be
	// prepared. Not smaller: the most popular take most requests, but not the
	// first dozens. Not larger: with preparedBytes, 2 MB of text are held at most.
	preparedSlots = 512
	// preparedBytes is the size in bytes above which a hit is not prepared, of
	// the request's strings and the response's fields; with a coded body, if
	// that is to be small. Not smaller: most have half of it.
	preparedBytes = 4096
	// preparedFields is on how many request fields an answer may depend. Not
	// larger: each costs a look-up.
	preparedFields = 4
	// plainFields is how many names of request fields are compared with those
	// that were seen. Not larger: looking for those that matter is cheaper then.
	plainFields = 8
)

// A preparedHit is an answer and the requests that get it. It does not change.
type preparedHit struct {
	hits                               *preparedHits // whose it is
	host, uri, path, rawPath, rawQuery string
	values                             [preparedFields]string // of preparedHits.names

	// A request with so many fields has no others if it has these, beside those
	// with values: none that may change what is done with it.
	given int
	plain []string

	response cache.Handle[key, *Response]
	isCoded  bool
	coded    *codedBody              // if isCoded, and small
	large    weak.Pointer[codedBody] // if isCoded, and not

	pattern string
	status  int
	bodied  bool // the status allows a body
	vary    []string
	fields  []preparedField
}

// A preparedField is a field of an answer. Nobody changes its lines, which have
// no room to append in place.
type preparedField struct {
	name  string
	lines []string
}

// newPreparedHits returns nil if it takes the policy's callbacks to tell what
// the answer is.
func newPreparedHits(v *view) *preparedHits {
	p := &v.policy
	if p.Unless != nil || p.Fresh != nil || p.Owner.of != nil || v.h.cfg.ShowKey {
		return nil
	}
	hits := &preparedHits{view: v, names: p.Headers[:len(p.Headers):len(p.Headers)]}
	if v.h.cfg.Encoder != nil {
		hits.names = append(hits.names, "Accept-Encoding")
	}
	if len(hits.names) > preparedFields {
		return nil
	}
	return hits
}

// answer answers a request if that is prepared. Cost: no allocation.
func (hits *preparedHits) answer(w http.ResponseWriter, r *http.Request) bool {
	slot, values, ok := hits.slot(r)
	if !ok {
		return false
	}
	hit := slot.Load()
	if hit == nil || hit.hits != hits || !hit.matches(r, &values) {
		return false
	}
	coded := hit.coded
	if coded == nil && hit.isCoded {
		if coded = hit.large.Value(); coded == nil {
			return false
		}
	}
	p, ok := hit.response.Look()
	if !ok {
		return false
	}
	if account := ledger.From(r.Context()); account != nil {
		account.AddLookups(ledger.Lookups{Name: hits.view.h.cfg.Name, Hits: 1})
	}
	if r.Pattern == "" {
		r.Pattern = hit.pattern
	}
	body := p.Body
	h := w.Header()
	if hit.vary != nil {
		mergeVary(h, hit.vary)
	}
	for i := range hit.fields {
		h[hit.fields[i].name] = hit.fields[i].lines
	}
	if coded != nil {
		body = coded.bytes
	}
	w.WriteHeader(hit.status)
	if hit.bodied && len(body) > 0 {
		_, _ = w.Write(body)
	}
	return true
}

// slot returns where the answer to a request would be, and what it has in the
// fields that the answer depends on. It reports false if none can be prepared:
// one of them is there twice or empty, or the request is no simple GET.
func (hits *preparedHits) slot(r *http.Request) (slot *atomic.Pointer[preparedHit], values [preparedFields]string, ok bool) {
	if r.Method != http.MethodGet || r.ContentLength != 0 || r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return nil, values, false
	}
	table := &hits.view.h.prepared
	hash := maphash.String(table.seed, r.RequestURI) + spread(r.Host)
	for i, name := range hits.names {
		switch lines := r.Header[name]; {
		case len(lines) == 0:
		case len(lines) == 1 && lines[0] != "":
			values[i] = lines[0]
			hash += spread(lines[0])
		default:
			return nil, values, false
		}
	}
	return &table.slots[hash%preparedSlots], values, true
}

// spread is a quick number of a string that is compared in full later.
func spread(s string) uint64 {
	if s == "" {
		return 0
	}
	return uint64(len(s))*31 + uint64(s[0])*7 + uint64(s[len(s)-1])
}

// matches reports whether a request, a simple GET, gets the answer.
func (hit *preparedHit) matches(r *http.Request, values *[preparedFields]string) bool {
	u := r.URL
	if hit.uri != r.RequestURI || hit.host != r.Host || hit.path != u.Path ||
		hit.rawQuery != u.RawQuery || hit.rawPath != u.RawPath {
		return false
	}
	for i := range hit.hits.names {
		if hit.values[i] != values[i] {
			return false
		}
	}
	if hit.given == len(r.Header) && hasAll(r.Header, hit.plain) {
		return true // there is nothing else
	}
	return plain(r.Header)
}

func hasAll(h http.Header, names []string) bool {
	for _, name := range names {
		if _, ok := h[name]; !ok {
			return false
		}
	}
	return true
}

// plain reports whether a request has none of the fields that may change what
// is done with it.
func plain(h http.Header) bool {
	for _, name := range [...]string{
		"Cookie", "Authorization", "Cache-Control", "Pragma", "If-None-Match", "If-Modified-Since",
		"Range", "If-Match", "If-Unmodified-Since", "Upgrade",
	} {
		if _, ok := h[name]; ok {
			return false
		}
	}
	return true
}
