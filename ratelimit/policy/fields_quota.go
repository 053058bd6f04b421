package policy

import (
	"encoding/base64"
	"fmt"
	"math/bits"
	"strconv"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// A Quota is what one limit says of a request, for its client.
type Quota struct {
	// Name tells the client's quotas apart. [CheckName] says what it may be;
	// a quota of any other name is not told of.
	Name string
	// Limit is the limit.
	Limit ratelimit.Limit
	// Unit is what is counted. Default: "concurrent-requests" for
	// [ratelimit.Concurrency], "requests" for the rest. "content-bytes" is
	// registered as well.
	Unit string
	// Partition, if there is one, names the bucket that was charged (pk). The
	// client sees it: it must hold nothing that is secret.
	Partition []byte
	// Remaining is how many units are left; negative if that is not known. A
	// quota that refused is then told of as used up, any other is not.
	Remaining int64
	// RetryAfter is how long until what was refused would be admitted, or
	// [ratelimit.Never].
	RetryAfter time.Duration
	// ResetAfter is how long until the quota is whole.
	ResetAfter time.Duration
	// Refused says that this quota refused the request.
	Refused bool
}

// CheckName reports whether a field can carry the name of a quota: it is not
// empty, and has only the bytes %x20-7E of a String (RFC 9651 §3.3.3).
func CheckName(name string) error {
	if name == "" || !isPrintable(name) {
		return fmt.Errorf("policy: the name of a quota is %+.100q, want printable ASCII", name)
	}
	return nil
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// compareQuotas puts first what the client should heed first: it is the order
// of [ratelimit.Quota.Compare].
func compareQuotas(a, b Quota) int {
	first, second := a.core(), b.core()
	return first.Compare(&second)
}

// left returns the units that are left, if that can be told.
func (q *Quota) left() (n int64, ok bool) {
	core := q.core()
	return core.Left()
}

// core is the part of a quota that its place among others depends on.
func (q *Quota) core() ratelimit.Quota {
	return ratelimit.Quota{
		Limit: q.Limit, Allowed: !q.Refused, Remaining: q.Remaining,
		RetryAfter: q.RetryAfter, ResetAfter: q.ResetAfter,
	}
}

// appendPolicies writes RateLimit-Policy: what the limits are.
func appendPolicies(dst []byte, quotas []Quota) []byte {
	for i := range quotas {
		if q := &quotas[i]; CheckName(q.Name) == nil {
			dst = appendPolicy(separate(dst), q)
		}
	}
	return dst
}

// appendQuotas writes RateLimit: what is left of the limits.
func appendQuotas(dst []byte, quotas []Quota, draft Draft) []byte {
	for i := range quotas {
		q := &quotas[i]
		// How much is left is required.
		if left, ok := q.left(); ok && CheckName(q.Name) == nil {
			dst = appendQuota(separate(dst), q, left, draft)
		}
	}
	return dst
}

// separate writes what stands between the members of a List (RFC 9651 §4.1.1).
func separate(dst []byte) []byte {
	if len(dst) != 0 {
		dst = append(dst, ", "...)
	}
	return dst
}

func appendPolicy(dst []byte, q *Quota) []byte {
	dst = appendString(dst, q.Name)
	dst = appendInteger(append(dst, ";q="...), q.Limit.Most())
	unit := q.Unit
	if unit == "" && q.Limit.Strategy == ratelimit.Concurrency {
		unit = "concurrent-requests"
	}
	if unit != "" && unit != "requests" && isPrintable(unit) {
		dst = appendString(append(dst, ";qu="...), unit)
	}
	if w := window(q.Limit); w > 0 {
		dst = appendInteger(append(dst, ";w="...), w)
	}
	return dst
}

// window returns the seconds in which a quota of Limit.Most is given out, or 0
// where there is no telling. For GCRA with a burst that is the time in which
// the burst is refilled, so that q per w is the rate. A fraction of a second is
// rounded up, which claims less than is given; but not below a second, where it
// would claim very much less.
func window(l ratelimit.Limit) int64 {
	if l.Strategy == ratelimit.Concurrency {
		return 0
	}
	micros := uint64(l.Period / time.Microsecond)
	if l.Most() != l.Amount {
		high, low := bits.Mul64(micros, uint64(l.Most()))
		if high >= uint64(l.Amount) {
			return 0 // never refilled, or in longer than can be written
		}
		micros, _ = bits.Div64(high, low, uint64(l.Amount))
	}
	if micros < 1e6 {
		return 0
	}
	return int64((micros-1)/1e6) + 1
}

func appendQuota(dst []byte, q *Quota, left int64, draft Draft) []byte {
	available, window := ";r=", ";t="
	if draft == DraftNext {
		available, window = ";a=", ";w="
	}
	dst = appendString(dst, q.Name)
	dst = appendInteger(append(dst, available...), left)
	if wait, ok := effectiveWindow(q); ok {
		dst = appendInteger(append(dst, window...), seconds(wait))
	}
	if len(q.Partition) != 0 { // RFC 9651 §4.1.8
		dst = append(dst, ";pk=:"...)
		dst = base64.StdEncoding.AppendEncode(dst, q.Partition)
		dst = append(dst, ':')
	}
	return dst
}

// effectiveWindow returns how long the client can use no more than what
// remains. After a refusal that is until it would be admitted, so that
// Retry-After is no earlier; otherwise until the quota is whole. A sliding
// window is whole after up to two periods, and admits again after one and a
// step: who was told of two days would miss the second export of one a day. Of
// what is held until it is released, nobody knows; of a quota that is whole there is
// nothing to wait for.
func effectiveWindow(q *Quota) (wait time.Duration, ok bool) {
	if q.Refused {
		return q.RetryAfter, q.RetryAfter > 0
	}
	wait = q.ResetAfter
	if q.Limit.Strategy == ratelimit.SlidingWindow {
		wait = min(wait, q.Limit.Period+time.Duration(q.Limit.Plan().Step)*time.Microsecond)
	}
	return wait, wait > 0 && q.Limit.Strategy != ratelimit.Concurrency
}

// appendString writes a String (RFC 9651 §4.1.6) of printable ASCII.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

// maxInteger is the largest Integer (RFC 9651 §3.3.1).
const maxInteger = 999_999_999_999_999

// appendInteger writes an Integer that is not negative.
func appendInteger(dst []byte, n int64) []byte {
	return strconv.AppendInt(dst, min(max(n, 0), maxInteger), 10)
}

// seconds rounds up to whole seconds.
func seconds(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64((d-1)/time.Second) + 1
}
