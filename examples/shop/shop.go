package shop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/found"
	"github.com/hone-go/hone/examples/shop/tuned"
)

// Config holds what is optional in [New]. The zero value is ready to use.
type Config struct {
	// Log gets what goes wrong inside: a client is told no more than that
	// something did. Nil, the default, drops it.
	Log *slog.Logger

	// Tuned starts every route that has a fix with it.
	Tuned bool

	// Cache keeps the tuned catalog and the summaries of products, and must
	// have no functions of the same names. Nil, the default, is none. It stays
	// the caller's to close.
	//
	// Orders and updates that come through the shop invalidate what they
	// change before they are answered. If the store does not answer then, the
	// old may be read until its life is over; the log says so. For changes that
	// come another way, such as by psql, see [Watch].
	Cache *cache.Cache
}

// Shop is the service. It is safe for concurrent use.
type Shop struct {
	mux    *http.ServeMux
	routes []*route
}

// New returns a shop over db, which must be seeded and stays the caller's to
// close. It fails only if a fix is configured wrongly or is for a route that
// does not exist.
func New(db *data.DB, cfg Config) (*Shop, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	tunedRoutes, err := tuned.Routes(db, cfg.Cache, cfg.Log)
	if err != nil {
		return nil, err
	}
	fixes := make(map[string]http.Handler)
	for _, fix := range tunedRoutes {
		fixes[fix.Pattern] = fix.Handler(cfg.Log)
	}
	s := &Shop{mux: http.NewServeMux()}
	for _, as := range found.Routes(db, cfg.changed) {
		rt := &route{pattern: as.Pattern, tuned: fixes[as.Pattern]}
		delete(fixes, as.Pattern)
		start := as.Handler(cfg.Log)
		if cfg.Tuned && rt.tuned != nil {
			start = rt.tuned
		}
		rt.answerWith(start)
		s.mux.Handle(rt.pattern, rt)
		s.routes = append(s.routes, rt)
	}
	var errs []error
	for pattern := range fixes {
		errs = append(errs, fmt.Errorf("shop: there is a fix for %q, which is not a route", pattern))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// changed is an [api.Changed].
func (c Config) changed(ctx context.Context, change api.Change) {
	if c.Cache == nil {
		return
	}
	// What is committed is to be seen, whoever has left meanwhile.
	if err := tuned.Changed(context.WithoutCancel(ctx), c.Cache, change); err != nil {
		c.Log.ErrorContext(ctx, "the cache may answer with what was before a change", "products", change.Products, "error", err)
	}
}

// Handler returns the shop's [http.ServeMux]. The mux itself, so that a
// middleware around it can read the request's Pattern after it was served.
func (s *Shop) Handler() http.Handler { return s.mux }

// Routes returns the patterns of all routes.
func (s *Shop) Routes() []string {
	var patterns []string
	for _, rt := range s.routes {
		patterns = append(patterns, rt.pattern)
	}
	return patterns
}

// Tunable returns the patterns of the routes that have a fix.
func (s *Shop) Tunable() []string {
	var patterns []string
	for _, rt := range s.routes {
		if rt.tuned != nil {
			patterns = append(patterns, rt.pattern)
		}
	}
	return patterns
}

// Tune switches the route with the given pattern to its fix. Requests under
// way are not disturbed. Tuning twice is no error; a pattern that is not among
// [Shop.Tunable] is.
func (s *Shop) Tune(pattern string) error {
	for _, rt := range s.routes {
		if rt.pattern == pattern && rt.tuned != nil {
			rt.answerWith(rt.tuned)
			return nil
		}
	}
	return fmt.Errorf("shop: %q has no fix; these have: %s", pattern, strings.Join(s.Tunable(), ", "))
}
