package httpcache

import (
	"net/http"
	"time"
)

// ByteRange is what ParseRange returns: End is exclusive.
type ByteRange struct{ Start, End int64 }

func ParseRange(lines []string, size int64) (ranges []ByteRange, ok bool) {
	found, ok := parseRange(lines, size)
	for _, r := range found {
		ranges = append(ranges, ByteRange{r.start, r.end})
	}
	return ranges, ok
}

// ServeComplete serves a body under the header that is set in w.
func ServeComplete(w http.ResponseWriter, r *http.Request, body []byte, made time.Time) error {
	return serveComplete(w, r, body, validatorsOf(w.Header()), made)
}

const MaxRanges = maxRanges
