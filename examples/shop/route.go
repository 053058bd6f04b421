package shop

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// route is one pattern and the handlers it may have.
type route struct {
	pattern string
	tuned   http.Handler // nil if there is no fix
	now     atomic.Pointer[http.Handler]

	mu struct {
		sync.Mutex
		handler http.Handler                    // as found, or tuned
		around  func(http.Handler) http.Handler // its layers; nil if there are none
	}
}

func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*rt.now.Load()).ServeHTTP(w, r) }

// answerWith puts a handler in place of the present one, under the layers.
func (rt *route) answerWith(h http.Handler) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.mu.handler = h
	rt.switchLocked()
}

// putAround puts layers in place of the present ones.
func (rt *route) putAround(around func(http.Handler) http.Handler) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.mu.around = around
	rt.switchLocked()
}

func (rt *route) switchLocked() {
	h := rt.mu.handler
	if rt.mu.around != nil {
		h = rt.mu.around(h)
	}
	rt.now.Store(&h)
}
