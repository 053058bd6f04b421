package tuned

import (
	"errors"
	"net/http"
	"time"

	"github.com/hone-go/hone/httpcache"
)

// responseLife is how long the lists of orders and the results of a search are
// kept. Not longer: without triggers, a change that does not come through the
// shop is seen only then. Not shorter: what is asked for again and again would
// be read from the database as often.
const responseLife = 30 * time.Second

// Shared returns middlewares that keep answers in h, under the patterns of the
// routes whose answers are the same for everybody: no other route may be
// shared. The catalog says itself how long it is fresh. A change invalidates by
// tag what shows it, see [Changed] and [Triggers]: h must be over the cache that
// they tell.
func Shared(h *httpcache.HTTPCache) (map[string]func(http.Handler) http.Handler, error) {
	var errs []error
	keep := func(query []string, life time.Duration, tags ...string) func(http.Handler) http.Handler {
		around, err := h.With(httpcache.Policy{
			TTL:    life,
			Query:  httpcache.Query{Allow: query},
			Retain: -1, // the handlers do no less for a validation
			Tags:   func(*http.Request, *httpcache.Response) []string { return tags },
		})
		errs = append(errs, err)
		return around
	}
	shared := map[string]func(http.Handler) http.Handler{
		"GET /api/catalog": keep(nil, 0, rangeTag),
		"GET /api/orders":  keep([]string{"before"}, responseLife, orderListTag, ordersTag, customersTag),
		"GET /search":      keep([]string{"q"}, responseLife, rangeTag, customersTag),
	}
	return shared, errors.Join(errs...)
}
