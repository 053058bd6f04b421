package httpcache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"sync/atomic"
	"time"
	"weak"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/encode"
)

// A codingKey is what a body is stored under in a coding. There is no way to it
// but through the response that has the body: what invalidates, replaces or
// outlives that ends its codings too.
type codingKey struct {
	Body   bodyID
	Coding encode.Coding
}

// A bodyID tells a stored body from any other. The zero value is that of a body
// that is not stored.
type bodyID [16]byte

// A codedBody is a body in a coding, shared by all who are sent it.
type codedBody struct {
	bytes  []byte
	length []string      // Content-Length
	keep   time.Duration // how long to keep it; not stored
}

func newCodedBody(b []byte) *codedBody {
	return &codedBody{bytes: b, length: []string{strconv.Itoa(len(b))}}
}

// codingsOf returns the function whose results are the coded bodies.
func (h *HTTPCache) codingsOf(c *cache.Cache) (*cache.Func[codingKey, *codedBody], error) {
	return cache.Memoize(c, h.cfg.Name+codingsSuffix, h.code, cache.FuncConfig[codingKey, *codedBody]{
		Codec:  bodyCodec{},
		Jitter: -1, // the response's life is theirs
		Beta:   -1, // what they are made of stays the same
		TTLOf:  func(_ codingKey, b *codedBody) cache.TTL { return cache.For(b.keep) },
	})
}

// codingsSuffix makes the name of the coded bodies from that of the responses.
const codingsSuffix = ".codings"

// A codedSlot is a response's short way to its body in a coding, so that most
// hits are one look-up. It keeps nothing alive: the near cache alone decides how
// much of its memory codings have.
type codedSlot struct {
	body atomic.Pointer[weak.Pointer[codedBody]]
}

// hitsPerLook is how many hits go the short way for one that asks the cache,
// which only then sees that the body is used. Not more: it would give up first
// what is used most. Not less: the look-up is what the short way saves.
const hitsPerLook = 16

// take returns the body, or nil if the cache is to be asked.
func (s *codedSlot) take() *codedBody {
	w := s.body.Load()
	if w == nil || rand.Uint32()%hitsPerLook == 0 {
		return nil
	}
	return w.Value()
}

func (s *codedSlot) put(b *codedBody) {
	now := weak.Make(b)
	if w := s.body.Load(); w == nil || *w != now {
		s.body.Store(&now)
	}
}

// coded returns the body of a stored response in a coding: as it is stored, or
// made now, once however many ask. It returns nil if that is not to be had
// while the request lasts.
func (t *turn) coded(p *Response, c encode.Coding) *codedBody {
	slot := &p.coded[c]
	if b := slot.take(); b != nil {
		return b
	}
	k, ctx := codingKey{p.body, c}, t.unaccounted()
	b, found := t.h.codings.Look(ctx, k)
	if !found {
		var err error
		if b, _, err = t.h.codings.Get(context.WithValue(ctx, codeKey{}, p), k); err != nil {
			return nil
		}
	}
	slot.put(b)
	return b
}

type codeKey struct{}

// code is what the cache calls for a coding that is not stored.
func (h *HTTPCache) code(ctx context.Context, k codingKey) (*codedBody, error) {
	p, _ := ctx.Value(codeKey{}).(*Response)
	if p == nil {
		return nil, errors.New("httpcache: no body to encode")
	}
	b := newCodedBody(h.cfg.Encoder.Encode(k.Coding, p.Body))
	b.keep = max(time.Millisecond, p.Received.Add(p.keep).Sub(h.cache.Now()))
	return b, nil
}

// planOf says in which codings a stored response can be sent. It returns nil if
// it is sent as it is.
func (h *HTTPCache) planOf(p *Response) *encode.Plan {
	if h.cfg.Encoder == nil || p.body == (bodyID{}) {
		return nil
	}
	plan := p.plan.Load()
	if plan == nil {
		plan = h.cfg.Encoder.Plan(p.Status, p.Header, len(p.Body))
		p.plan.Store(plan)
	}
	if !plan.Varies() {
		return nil
	}
	return plan
}

// encoding calls f with the turn's request and response as the encoder has
// them: what f writes is encoded on the way, as far as it is not yet.
func (t *turn) encoding(f func()) {
	if t.h.cfg.Encoder == nil {
		f()
		return
	}
	t.h.cfg.Encoder.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.w, t.r = w, r
		f()
	})).ServeHTTP(t.w, t.r)
}

// bodyCodec is the form of a coded body: a version, then the bytes.
type bodyCodec struct{}

func (bodyCodec) ID() uint8 { return codecID + 1 }

func (bodyCodec) CheckType(t reflect.Type) error {
	if t != reflect.TypeFor[*codedBody]() {
		return fmt.Errorf("httpcache: cannot encode a %s", t)
	}
	return nil
}

func (bodyCodec) Append(dst []byte, v any) ([]byte, error) {
	return append(append(dst, codecVersion), (*v.(**codedBody)).bytes...), nil
}

func (bodyCodec) Decode(b []byte, v any) error {
	if len(b) < 1 || b[0] != codecVersion {
		return errForm
	}
	*v.(**codedBody) = newCodedBody(bytes.Clone(b[1:]))
	return nil
}
