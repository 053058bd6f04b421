package measure

import (
	"context"
	"runtime/pprof"
	"strings"
)

type labelKey struct{ route, method string }

// profileLabels answers for the profile labels of one route, to requests
// whose own context has none.
type profileLabels struct{ context.Context }

func newLabels(k labelKey) (labelKey, *profileLabels) {
	k.route = strings.Clone(k.route)
	return k, &profileLabels{pprof.WithLabels(context.Background(), k.labels())}
}

func (k labelKey) labels() pprof.LabelSet {
	return pprof.Labels("method", k.method, "route", k.route)
}

// label labels the calling goroutine and those it will start for q, whose
// parent context is given; the caller restores the parent's labels. It
// allocates nothing once a route is known, unless the parent has labels of its
// own: then they are merged.
func (q *request) label(parent context.Context, route string) {
	if route == "" {
		route = RouteUnmatched
	}
	k := labelKey{cleanName(route), q.method}
	if hasLabels(parent) {
		q.Context = pprof.WithLabels(parent, k.labels())
	} else {
		// So that pprof.Do inside the request adds to these labels.
		q.labels = q.rec.labels.at(k)
	}
	pprof.SetGoroutineLabels(q)
}

func hasLabels(ctx context.Context) bool {
	found := false
	pprof.ForLabels(ctx, func(string, string) bool {
		found = true
		return false
	})
	return found
}
