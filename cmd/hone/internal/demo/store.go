package demo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store"
)

// cachedRoutes are the routes that a cache is for, and the names of their
// functions in it.
var cachedRoutes = []struct{ route, function string }{
	{"GET /api/catalog", "catalog"},
	{"GET /api/products/{id}/summary", "summary"},
}

// functionOf returns the function of a route, "" if it has none.
func functionOf(route string) string {
	for _, c := range cachedRoutes {
		if c.route == route {
			return c.function
		}
	}
	return ""
}

// nearBytes bounds what the shop keeps in its own memory. Not smaller: it is
// to hold all that the demo asks for, 2 MB. Not larger: nothing would use it.
const nearBytes = 16 << 20

// entryLife is how long what a function returned is kept: it leaves the store by
// itself, half a demo later at most. Not shorter: nothing should expire while a
// stage is loaded. Not longer: that is how long it outlives the demo. Only which
// URLs have encoded answers is noted for an hour, by the response cache.
const entryLife = 30 * time.Second

// storeTimeout bounds what the demo itself asks of the store: whether it is
// there, and to forget. Not shorter: a server on another continent is not away.
// Not longer: somebody waits.
const storeTimeout = 2 * time.Second

// A keeper is the cache of a demo, in a namespace that no other has.
type keeper struct {
	*cache.Cache
	store     cache.Store
	url       string
	namespace string
}

// openKeeper opens the store, which need not be there. An error matches
// [ErrUsage].
func openKeeper(ctx context.Context, cfg Config, version string) (*keeper, error) {
	s, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, fmt.Errorf("%w: --store: %w", ErrUsage, err)
	}
	const namespace = "hone-demo"
	c, err := cache.New(s, cache.Config{
		Namespace: namespace, Version: version,
		TTL:  cache.For(entryLife),
		Near: cache.Near{MaxBytes: nearBytes},
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &keeper{Cache: c, store: s, url: cfg.Store, namespace: namespace + "@" + version}, nil
}

// reach returns why the store does not answer, or nil.
func (k *keeper) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return k.store.Ping(ctx)
}

// close leaves nothing in the store but entries, which have lives.
func (k *keeper) close() error {
	reachable := k.Reachable() // nothing is, once it is closed
	err := k.Cache.Close()
	if !strings.HasPrefix(k.url, "memory:") && reachable {
		err = errors.Join(err, k.forget())
	}
	return errors.Join(err, k.store.Close())
}

// forget removes the generations of the namespace's tags, the only thing in
// Redis that has no life. It asks Redis itself: there is nothing in a
// [cache.Store] to end a namespace with. A store that has gone away meanwhile
// is no failure of the demo.
func (k *keeper) forget() error {
	option, err := rueidis.ParseURL(k.url)
	if err != nil {
		return errors.New("demo: the store's URL cannot be used to clean up") // its text may hold a password
	}
	option.ForceSingleClient, option.DisableCache, option.DisableRetry = true, true, true
	option.Dialer.Timeout = storeTimeout
	client, err := rueidis.NewClient(option)
	if err != nil {
		return nil
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	_ = client.Do(ctx, client.B().Unlink().Key("{"+k.namespace+"}:g").Build()).Error()
	return nil
}

// A cacheUse is what was asked of a cache in some time, by function.
type cacheUse map[string]lookups

type lookups struct{ hits, near, misses, loads int64 }

// used adds up what the cache has been asked; nothing if there is none.
func (k *keeper) used() cacheUse {
	use := make(cacheUse)
	if k == nil {
		return use
	}
	for _, s := range k.Stats() {
		use[s.Name] = lookups{s.Hits, s.NearHits, s.Misses, s.Loads}
	}
	return use
}

func (u cacheUse) since(before cacheUse) cacheUse {
	difference := make(cacheUse, len(u))
	for name, n := range u {
		b := before[name]
		difference[name] = lookups{n.hits - b.hits, n.near - b.near, n.misses - b.misses, n.loads - b.loads}
	}
	return difference
}

func (u cacheUse) total() (sum lookups) {
	for _, n := range u {
		sum.hits += n.hits
		sum.near += n.near
		sum.misses += n.misses
		sum.loads += n.loads
	}
	return sum
}

// perRequest returns the share of n in some requests.
func perRequest(n int64, requests uint64) float64 { return float64(n) / float64(max(1, requests)) }

// validateStore refuses what the demo cannot clean up; whether something
// answers there is found out later. The text may hold a password.
func validateStore(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("--store is no well-formed URL, want memory:// or redis://user:password@host:port with special characters percent-encoded")
	}
	switch {
	case u.Scheme == "memory", (u.Scheme == "redis" || u.Scheme == "rediss") && u.Host != "":
		return nil
	case u.Scheme == "redis", u.Scheme == "rediss":
		return fmt.Errorf("--store is a %s address without a host, want memory:// or redis://host:port", u.Scheme)
	}
	return fmt.Errorf("--store is a %q address, want memory:// or redis://host:port", u.Scheme)
}

// place returns a store's address without what could be a password.
func place(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "the store"
	}
	return u.Scheme + "://" + u.Host
}
