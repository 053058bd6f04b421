package policy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hone-go/hone/internal/httpfield"
)

// A Draft is the version of draft-ietf-httpapi-ratelimit-headers by which
// RateLimit and RateLimit-Policy are written.
type Draft uint8

const (
	// Draft11 has the parameters q, qu, w and r, t, pk. It is the default.
	Draft11 Draft = iota
	// DraftNext is Draft11 with what is to be renamed after it: a for r, the
	// available quota, and w for t, the effective window.
	DraftNext
	// NoDraft writes neither field.
	NoDraft
)

// Legacy says whether X-RateLimit-Limit, -Remaining and -Reset are written, and
// in what form the time is.
type Legacy uint8

const (
	// NoLegacy writes none of them. It is the default.
	NoLegacy Legacy = iota
	// LegacyDelta writes the seconds until the reset.
	LegacyDelta
	// LegacyEpoch writes the time of the reset, in seconds of Unix time. It is
	// right only for clients whose clock is.
	LegacyEpoch
)

// FieldsConfig configures [Fields].
type FieldsConfig struct {
	// Draft is the version of RateLimit and RateLimit-Policy. Default Draft11.
	Draft Draft
	// Closest leaves all but the quota that is closest to exhaustion out of
	// RateLimit. Default: all, the closest first. RateLimit-Policy has all of
	// them, in the order given, so that it stays the same.
	Closest bool
	// Legacy adds the older fields, for the closest quota. Default NoLegacy.
	Legacy Legacy
	// LegacyNames are what those are called where a name is not "".
	LegacyNames LegacyNames
	// RetryJitter is the share of the wait, 0 to 1, up to which Retry-After is
	// made longer at random, so that clients that were refused together do not
	// come back together. Default 0: the wait itself, rounded up.
	RetryJitter float64
}

// LegacyNames are the names of the older fields.
type LegacyNames struct {
	Limit     string // default X-RateLimit-Limit
	Remaining string // default X-RateLimit-Remaining
	Reset     string // default X-RateLimit-Reset
}

func (c FieldsConfig) withDefaults() FieldsConfig {
	name := func(name *string, byDefault string) {
		if *name == "" {
			*name = byDefault
		}
		*name = http.CanonicalHeaderKey(*name)
	}
	name(&c.LegacyNames.Limit, "X-RateLimit-Limit")
	name(&c.LegacyNames.Remaining, "X-RateLimit-Remaining")
	name(&c.LegacyNames.Reset, "X-RateLimit-Reset")
	return c
}

func (c FieldsConfig) validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("policy: "+format, a...)) }
	if c.Draft > NoDraft {
		bad("FieldsConfig.Draft is %d, want one of the constants", c.Draft)
	}
	if c.Legacy > LegacyEpoch {
		bad("FieldsConfig.Legacy is %d, want one of the constants", c.Legacy)
	}
	for _, name := range []string{c.LegacyNames.Limit, c.LegacyNames.Remaining, c.LegacyNames.Reset} {
		if !httpfield.IsToken(name) {
			bad("FieldsConfig.LegacyNames has %q, want the name of a field", name)
		}
	}
	if !(c.RetryJitter >= 0 && c.RetryJitter <= 1) { // NaN fails too
		bad("FieldsConfig.RetryJitter is %v, want 0 to 1", c.RetryJitter)
	}
	return errors.Join(errs...)
}

// Fields writes the response fields that tell a client of its quotas. It is
// safe for concurrent use.
type Fields struct {
	config FieldsConfig
}

// NewFields returns Fields. An error names everything wrong in c.
func NewFields(c FieldsConfig) (*Fields, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	return &Fields{config: c}, nil
}

// Write writes the fields for the quotas of a request, allowed or refused, to
// a header that is not sent yet. What other limiters have written to RateLimit
// and RateLimit-Policy, which are lists, stays; the older fields are replaced.
// now is for [LegacyEpoch]. Cost: two allocations for each field.
func (f *Fields) Write(h http.Header, quotas []Quota, now time.Time) {
	if len(quotas) == 0 {
		return
	}
	var quotaRoom [4]Quota
	sorted := append(quotaRoom[:0], quotas...)
	slices.SortStableFunc(sorted, compareQuotas)
	if f.config.Draft != NoDraft {
		var room [256]byte
		addLine(h, "Ratelimit-Policy", appendPolicies(room[:0], quotas))
		told := sorted
		if f.config.Closest {
			told = told[:1]
		}
		addLine(h, "Ratelimit", appendQuotas(room[:0], told, f.config.Draft))
	}
	if f.config.Legacy != NoLegacy {
		f.writeLegacy(h, &sorted[0], now)
	}
}

// addLine adds a line to a field that is a list. It keeps the lines that are
// there, so that a slice shared with another header is not changed.
func addLine(h http.Header, name string, line []byte) {
	if len(line) != 0 {
		h[name] = append(slices.Clip(h[name]), string(line))
	}
}

// writeLegacy writes the older fields for the closest quota. If what is left of
// that is not known, nothing is known of any.
func (f *Fields) writeLegacy(h http.Header, closest *Quota, now time.Time) {
	left, ok := closest.left()
	if !ok {
		return
	}
	reset := seconds(closest.ResetAfter)
	if f.config.Legacy == LegacyEpoch {
		reset = unixSeconds(now.Add(closest.ResetAfter))
	}
	names := f.config.LegacyNames
	h[names.Limit] = []string{strconv.FormatInt(closest.Limit.Most(), 10)}
	h[names.Remaining] = []string{strconv.FormatInt(left, 10)}
	h[names.Reset] = []string{strconv.FormatInt(reset, 10)}
}

// unixSeconds returns a time in seconds, rounded up.
func unixSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
