package policy

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
)

// WriteRetryAfter writes Retry-After (RFC 9110 §10.2.3) in seconds, at least 1
// and never less than wait, to the header of a 429 or a 503; it does nothing
// for any other status, nor for a wait below 0, such as [ratelimit.Never]. A
// field that is there stays if it asks for a longer wait, be it in seconds or
// as a date, by now.
func (f *Fields) WriteRetryAfter(h http.Header, status int, wait time.Duration, now time.Time) {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable || wait < 0 {
		return
	}
	longer := time.Duration(float64(wait) * f.config.RetryJitter * rand.Float64())
	after := max(seconds(wait), seconds(wait+longer), 1)
	longest := ""
	for _, line := range h["Retry-After"] {
		if present, ok := retryAfter(line, now); ok && present > after {
			after, longest = present, line
		}
	}
	if longest == "" {
		longest = strconv.FormatInt(after, 10)
	}
	h["Retry-After"] = []string{longest}
}

// retryAfter reads Retry-After as seconds from now, rounded up.
func retryAfter(line string, now time.Time) (after int64, ok bool) {
	if after, ok := httpfield.DeltaSeconds(line); ok {
		return after, true
	}
	date, err := http.ParseTime(line)
	if err != nil {
		return 0, false
	}
	return seconds(date.Sub(now)), true
}
