package httpcache

import (
	"net/http"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
)

// unset is a duration that was not given.
const unset time.Duration = -1

// A control is what Cache-Control, or a field that takes its place, says of a
// response (RFC 9111 §5.2.2, RFC 5861, RFC 8246).
type control struct {
	noStore, private, public        bool
	noCache, mustRevalidate         bool
	sharedAge, maxAge, swr, sie     time.Duration // unset if not there
	immutable, understood, proxyOne bool
	privateFields, noCacheFields    []string
}

// parseControl reads the lines of a field. Of a directive that is there twice
// the first counts (RFC 9111 §4.2.1); an age that is no number counts as 0, as
// a response of doubtful freshness is stale.
func parseControl(lines []string) control {
	c := control{sharedAge: unset, maxAge: unset, swr: unset, sie: unset}
	for name, argument := range httpfield.Directives(lines) {
		switch strings.ToLower(name) {
		case "no-store":
			c.noStore = true
		case "private":
			c.private = c.private || argument == ""
			c.privateFields = append(c.privateFields, fieldNames(argument)...)
		case "public":
			c.public = true
		case "no-cache":
			c.noCache = c.noCache || argument == ""
			c.noCacheFields = append(c.noCacheFields, fieldNames(argument)...)
		case "must-revalidate":
			c.mustRevalidate = true
		case "proxy-revalidate":
			c.proxyOne = true
		case "must-understand":
			c.understood = true
		case "s-maxage":
			setAge(&c.sharedAge, argument)
		case "max-age":
			setAge(&c.maxAge, argument)
		case "stale-while-revalidate":
			setAge(&c.swr, argument)
		case "stale-if-error":
			setAge(&c.sie, argument)
		case "immutable":
			c.immutable = true
		}
	}
	return c
}

func setAge(d *time.Duration, argument string) {
	if *d == unset {
		n, _ := httpfield.DeltaSeconds(argument)
		*d = time.Duration(n) * time.Second
	}
}

// fieldNames reads the argument of no-cache or private: names of fields.
func fieldNames(argument string) []string {
	var names []string
	for name := range httpfield.List([]string{argument}) {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	return names
}

// A demand is what a request says to caches (RFC 9111 §5.2.1).
type demand struct {
	noCache, noStore, onlyIfCached           bool
	maxAge, minFresh, maxStale, staleIfError time.Duration // unset if not there
}

// noDemand is that of most requests.
var noDemand = demand{maxAge: unset, minFresh: unset, maxStale: unset, staleIfError: unset}

// anyStale is the max-stale that has no bound.
const anyStale = 1<<63 - 1

// demandOf reads Cache-Control, or Pragma where there is none (RFC 9111 §5.4).
func demandOf(h http.Header) demand {
	d := noDemand
	lines := h["Cache-Control"]
	if len(lines) == 0 {
		if pragma := h["Pragma"]; len(pragma) > 0 {
			_, d.noCache = httpfield.Directive(pragma, "no-cache")
		}
		return d
	}
	for name, argument := range httpfield.Directives(lines) {
		switch strings.ToLower(name) {
		case "no-cache":
			d.noCache = true
		case "no-store":
			d.noStore = true
		case "only-if-cached":
			d.onlyIfCached = true
		case "max-age":
			setAge(&d.maxAge, argument)
		case "min-fresh":
			setAge(&d.minFresh, argument)
		case "stale-if-error":
			setAge(&d.staleIfError, argument)
		case "max-stale":
			if argument == "" {
				d.maxStale = anyStale
			} else {
				setAge(&d.maxStale, argument)
			}
		}
	}
	return d
}
