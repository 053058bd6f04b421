package policy

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/hone-go/hone/internal/httpfield"
	"github.com/hone-go/hone/respond"
)

// The kinds of problem that draft-ietf-httpapi-ratelimit-headers registers.
const (
	problemQuotaExceeded   = "https://iana.org/assignments/http-problem-types#quota-exceeded"
	problemReducedCapacity = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
)

// Refuse answers a request that quotas refused: 429 (RFC 6585 §4) with a
// problem (RFC 9457) that names them, in the form that [respond.Error] chooses
// by Accept. It says how long to wait if Retry-After does, which is to be
// written before, and so are the fields of [Fields]. It must not be stored.
func Refuse(w http.ResponseWriter, r *http.Request, quotas []Quota) {
	violated := []string{} // an array even where no name is to be told
	detail := "More was asked for than the quota admits."
	for i := range quotas {
		q := &quotas[i]
		if !q.Refused || CheckName(q.Name) != nil {
			continue
		}
		if len(violated) == 0 {
			detail = fmt.Sprintf("The quota %q admits %s.", q.Name, q.Limit)
		}
		violated = append(violated, q.Name)
	}
	answer(w, r, respond.Problem{
		Type:       problemQuotaExceeded,
		Title:      "Quota exceeded",
		Status:     http.StatusTooManyRequests,
		Detail:     detail,
		Extensions: map[string]any{"violated-policies": violated},
	})
}

// Unavailable answers a request that could not be counted, and is refused
// therefore: 503 with a problem that says so and nothing of why, in the forms
// of [Refuse].
func Unavailable(w http.ResponseWriter, r *http.Request) {
	answer(w, r, respond.Problem{
		Type:   problemReducedCapacity,
		Title:  "Temporary reduced capacity",
		Status: http.StatusServiceUnavailable,
		Detail: "The request cannot be admitted at the moment.",
	})
}

func answer(w http.ResponseWriter, r *http.Request, p respond.Problem) {
	if after, ok := httpfield.DeltaSeconds(w.Header().Get("Retry-After")); ok {
		p.Detail += " Try again in " + inWords(after) + "."
	}
	respond.Error(unstored{w}, r, p)
}

// inWords writes seconds in the largest unit of which there are two or more,
// rounded up.
func inWords(seconds int64) string {
	if seconds == 1 {
		return "1 second"
	}
	n, name := seconds, "seconds"
	for _, unit := range []struct {
		seconds int64
		name    string
	}{{60, "minutes"}, {3600, "hours"}, {86400, "days"}} {
		if seconds >= 2*unit.seconds {
			n, name = (seconds+unit.seconds-1)/unit.seconds, unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " " + name
}

// unstored is a response that no cache keeps (RFC 9111 §5.2.2.5): it speaks of
// this client and this moment. The field is set last, as an error removes the
// one that was meant for the body which is not sent.
type unstored struct{ http.ResponseWriter }

func (w unstored) WriteHeader(status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(status)
}

func (w unstored) Unwrap() http.ResponseWriter { return w.ResponseWriter }
