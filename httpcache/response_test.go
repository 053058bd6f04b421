package httpcache_test

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/httpcache"
)

// The near cache takes a response for about as large as it is in memory.
func TestResponseSize(t *testing.T) {
	for _, tt := range []struct{ fields, value, body int }{{2, 20, 100}, {8, 40, 5000}, {12, 100, 0}, {40, 30, 10}} {
		const n = 2000
		kept := make([]*httpcache.Response, 0, n) // so that none is on the stack
		said, before := 0, allocated()
		for range n {
			p := &httpcache.Response{Header: make(http.Header, tt.fields), Body: make([]byte, tt.body)}
			for i := range tt.fields {
				p.Header["X-"+strconv.Itoa(i)] = []string{strings.Repeat("v", tt.value)}
			}
			said += httpcache.ResponseSize(p)
			kept = append(kept, p)
		}
		took := int(allocated() - before) // next to nothing of it is garbage at once
		runtime.KeepAlive(kept)
		if share := float64(said) / float64(took); share < 0.9 || share > 1.8 {
			t.Errorf("size of a response with %+v is %d of the %d bytes that it takes, want 0.9 to 1.8", tt, said/n, took/n)
		}
	}
}

// allocated is how many bytes have ever been: what others free does not matter.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
