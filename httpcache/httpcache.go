package httpcache

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/internal/xfetch"
)

// An HTTPCache keeps responses in a [cache.Cache]. It is safe for concurrent
// use, and lives as long as that: it has nothing to close.
type HTTPCache struct {
	cfg     Config
	cache   *cache.Cache
	store   *cache.Func[key, *Response]
	codings *cache.Func[codingKey, *codedBody]
	std     *view

	negotiated negotiations
	prepared   preparedTable
}

// New returns an HTTPCache over c, in which it takes the name Config.Name. It
// does no I/O. An error names every field of cfg that is wrong.
//
// A hit is answered without a copy of the body if c has a near cache, and costs
// a round trip and a copy otherwise.
func New(c *cache.Cache, cfg Config) (*HTTPCache, error) {
	h := &HTTPCache{cfg: cfg.withDefaults(), cache: c, prepared: preparedTable{seed: maphash.MakeSeed()}}
	var perr, ferr error
	h.std, perr = h.view(cfg.Default)
	h.store, ferr = cache.Memoize(c, h.cfg.Name, h.load, cache.FuncConfig[key, *Response]{
		Codec:  codec{},
		Jitter: -1, // of what a policy gives, there is one already
		Beta:   -1, // lives here end long before those there
		TTLOf:  func(_ key, p *Response) cache.TTL { return cache.For(p.keep) },
		Tags:   func(_ key, p *Response) []string { return p.tags },
		Keep:   func(_ context.Context, k key, p *Response) bool { return p.place == k.Place && !p.passing },
		Size:   (*Response).size,
		Errors: cache.For(passThrough),
	})
	if h.cfg.Encoder != nil && ferr == nil {
		h.codings, ferr = h.codingsOf(c)
	}
	if err := errors.Join(perr, ferr); err != nil {
		return nil, fmt.Errorf("httpcache: %w", err)
	}
	return h, nil
}

// passThrough is how long a process does not have requests for a URL wait for
// each other after its response could not be stored. Not shorter: a slow URL
// would be served one request after another. Not longer: once it can be stored
// again, a stampede is possible for so long.
const passThrough = time.Second

// Handler returns next with the cache before it, as Config.Default says.
// See Cached on what a layer outside must not do.
func (h *HTTPCache) Handler(next http.Handler) http.Handler { return h.std.handler(next) }

// Cached returns a middleware for views that say nothing of how long they are
// fresh: for ttl, then. What Cache-Control says comes first. All else is as in
// Config.Default.
//
// The header of a hit has the same slices of lines as those of all other hits:
// a layer outside may set, delete and add to its fields, but must not write
// into the lines that are there, as in w.Header()["Vary"][0] = "*".
func (h *HTTPCache) Cached(ttl time.Duration) func(http.Handler) http.Handler {
	p := h.std.policy
	p.TTL = min(max(0, ttl), maxLife)
	return h.viewOf(p).handler
}

// With returns a middleware with a policy of its own. An error names every
// field of it that is wrong.
func (h *HTTPCache) With(p Policy) (func(http.Handler) http.Handler, error) {
	v, err := h.view(p)
	if err != nil {
		return nil, err
	}
	return v.handler, nil
}

// A view is a policy in use.
type view struct {
	h        *HTTPCache
	policy   Policy
	prepared *preparedHits // nil: no answers are
}

func (h *HTTPCache) view(p Policy) (*view, error) {
	p = p.withDefaults()
	if err := p.validate(); err != nil {
		return nil, err
	}
	return h.viewOf(p), nil
}

func (h *HTTPCache) viewOf(p Policy) *view {
	v := &view{h: h, policy: p}
	v.prepared = newPreparedHits(v)
	return v
}

func (v *view) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v.prepared != nil && v.prepared.answer(w, r) {
			return
		}
		t := turn{view: v, next: next, w: w, r: r, account: ledger.From(r.Context())}
		t.serve()
	})
}

// dueEarly decides whether a reader fetches a fresh response anew.
func (v *view) dueEarly(took, left time.Duration) bool {
	return left <= xfetch.AtMost(took, v.policy.Beta) && xfetch.Due(took, left, v.policy.Beta)
}

// report hands an error that was survived to the configuration's hook.
func (h *HTTPCache) report(ctx context.Context, err error) {
	if h.cfg.OnError != nil {
		_, _ = guard("OnError", func() bool { h.cfg.OnError(ctx, err); return true }) // there is nobody left to tell
	}
}

// ask calls a callback of the policy. It returns otherwise if that panics.
func ask[T any](v *view, r *http.Request, name string, otherwise T, f func() T) T {
	answer, err := guard("Policy."+name, f)
	if err != nil {
		v.h.report(r.Context(), err)
		return otherwise
	}
	return answer
}

// guard runs f and returns its panic as an error.
func guard[T any](name string, f func() T) (answer T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("httpcache: %s: %w", name, &cache.PanicError{In: name, Value: p, Stack: debug.Stack()})
		}
	}()
	return f(), nil
}
