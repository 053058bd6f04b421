package encode

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// hintRequests is how many requests must be seen before they are a sign of
// anything. Not smaller: a health check alone makes dozens. Not larger: a
// quiet service would wait for a day.
const hintRequests = 200

// hintShare is the part of the requests, in hundredths, that makes a sign.
// Not 100: a developer's curl must not hide it. Not smaller: a tenth of
// clients without Accept-Encoding is a usual share of scripts.
const hintShare = 95

// traffic counts what the requests tell about a proxy in front.
type traffic struct {
	requests, proxied, asking atomic.Uint64
}

func (t *traffic) see(r *http.Request) {
	t.requests.Add(1)
	if r.Header["Via"] != nil || r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil {
		t.proxied.Add(1)
	}
	if len(r.Header["Accept-Encoding"]) > 0 {
		t.asking.Add(1)
	}
}

// Hint says, in a sentence for whoever runs the service, where what the
// requests show does not fit the configuration: a proxy that asks for no
// coding, or clients that ask for one where a proxy should have answered them.
// It returns "" as long as there is nothing to say, or too few requests.
func (e *Encoder) Hint() string {
	requests, proxied, asking := e.traffic.requests.Load(), e.traffic.proxied.Load(), e.traffic.asking.Load()
	most := func(n uint64) bool { return n*100 >= requests*hintShare }
	switch {
	case requests < hintRequests:
		return ""
	case !e.config.ProxyCompresses && most(requests-asking) && most(proxied):
		return fmt.Sprintf("%d of %d requests came through a proxy (Via, Forwarded or X-Forwarded-For) and %d without Accept-Encoding: "+
			"the proxy takes the field away. If it compresses by itself, set Config.ProxyCompresses; if not, let it pass the field on.",
			proxied, requests, requests-asking)
	case !e.config.ProxyCompresses && most(requests-asking):
		return fmt.Sprintf("%d of %d requests came without Accept-Encoding: either the clients know no codings, "+
			"or a proxy that does not show itself takes the field away.", requests-asking, requests)
	case e.config.ProxyCompresses && most(asking) && most(requests-proxied):
		return fmt.Sprintf("Config.ProxyCompresses is set, but %d of %d requests came without a proxy's field (Via, Forwarded, X-Forwarded-For) "+
			"and %d with Accept-Encoding: if no proxy is in front, nobody compresses.", requests-proxied, requests, asking)
	}
	return ""
}
