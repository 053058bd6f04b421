package demo

import (
	"maps"
	"net/http"
	"strings"
	"sync"

	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/httpcache"
)

// sharedRoutes are the routes whose answers are kept for everybody.
var sharedRoutes = []string{"GET /api/orders", "GET /search", "GET /api/catalog"}

// share keeps whole answers in the cache.
func (s *service) share() error {
	responses, err := httpcache.New(s.cache.Cache, httpcache.Config{Name: "responses"})
	if err != nil {
		return err
	}
	return s.shop.Use(shop.Layers{Responses: responses})
}

// shorten keeps them encoded, encodes all others, and sends nobody what he has.
func (s *service) shorten() error {
	encoder, err := encode.New(encode.Config{})
	if err != nil {
		return err
	}
	tags, err := httpcache.NewConditional(httpcache.ConditionalConfig{})
	if err != nil {
		return err
	}
	responses, err := httpcache.New(s.cache.Cache, httpcache.Config{Name: "encoded", Encoder: encoder})
	if err != nil {
		return err
	}
	return s.shop.Use(shop.Layers{Responses: responses, Encoder: encoder, Conditional: tags})
}

// hits counts the answers that came from a response cache, by route. It is safe
// for concurrent use.
type hits struct {
	mu struct {
		sync.Mutex
		byRoute map[string]int64
	}
}

// handler counts what next answers.
func (h *hits) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if _, what, _ := strings.Cut(w.Header().Get("Cache-Status"), "; "); !strings.HasPrefix(what, "hit") {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.mu.byRoute == nil {
			h.mu.byRoute = make(map[string]int64)
		}
		h.mu.byRoute[r.Pattern]++
	})
}

// byRoute returns the counts so far.
func (h *hits) byRoute() map[string]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.mu.byRoute)
}
