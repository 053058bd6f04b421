package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/store"
)

// Abuse is what a client that guesses passwords was given.
type Abuse struct {
	Requests          uint64  `json:"requests"`
	Admitted          uint64  `json:"admitted"` // as far as the password check
	Refused           uint64  `json:"refused"`  // 429
	AdmittedPerSecond float64 `json:"admitted_per_second"`
}

// Guesses are sent at abuseRate a second, 120 times what the shop lets a client
// get wrong, and at least abuseLeast of them. Not more: without limits, each
// takes a tenth of a second of CPU, and the stage would not end. Not fewer:
// some must be above the limit in the shortest run.
const (
	abuseRate  = 10.0
	abuseLeast = 7
)

// guess sends guesses at a password to the service at url.
func (l Loader) guess(ctx context.Context, url string, period time.Duration) (Abuse, error) {
	rate := max(abuseRate, abuseLeast/period.Seconds())
	out, err := l(ctx, "--json", "--rate", strconv.FormatFloat(rate, 'f', -1, 64), "--for", period.String(), "--timeout", "1m",
		"--body", `{"login": "owen", "password": "guess {1..999999}"}`, "--target", "POST "+url+"/api/login")
	var result struct {
		Total struct {
			Count uint64            `json:"count"`
			Codes map[string]uint64 `json:"codes"`
		} `json:"total"`
	}
	if e := json.Unmarshal(out, &result); e != nil || result.Total.Codes["401"] == 0 || ctx.Err() != nil {
		return Abuse{}, fmt.Errorf("guessing passwords: %w", cmp.Or(err, e, errors.New("no password was looked at")))
	}
	// It fails as every request of it did, which is what is wanted.
	a := Abuse{Requests: result.Total.Count, Admitted: result.Total.Codes["401"], Refused: result.Total.Codes["429"]}
	a.AdmittedPerSecond = float64(a.Admitted) / period.Seconds()
	return a, nil
}

// abuse guesses passwords meanwhile, if the service is abused. What it returns
// waits for the end.
func (l Loader) abuse(ctx context.Context, s *service, cfg Config) (wait func() (*Abuse, error)) {
	if !s.abused {
		return func() (*Abuse, error) { return nil, nil }
	}
	var a Abuse
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		a, err = l.guess(ctx, s.url, cfg.For)
	}()
	return func() (*Abuse, error) { <-done; return &a, err }
}

// A guard limits the clients of the service.
type guard struct {
	*shop.Limits
	closeStore func() error
}

// newGuard makes limits for the service, which count in its store under a name
// that no other demo has. An error matches [ErrUsage] if that cannot keep limits.
func newGuard(ctx context.Context, s *service) (*guard, error) {
	customers, err := shop.ReadAccounts(strings.NewReader(s.key + " customers demo"))
	if err != nil {
		return nil, err
	}
	counts, closeStore, err := store.OpenLimits(ctx, s.config.Store)
	if err != nil {
		return nil, fmt.Errorf("%w: --store: %w", ErrUsage, err)
	}
	limits, err := s.shop.Limits(counts, shop.LimitsConfig{
		Namespace: "hone-demo-" + s.name,
		Accounts:  customers,
		// Twice what they send: they are counted and not refused.
		Plans:     map[string]string{"demo": fmt.Sprintf("%.0f/minute", math.Ceil(2*60*s.config.Rate)+abuseLeast)},
		Instances: 1,
		// Passwords keep this process busy, and its questions with it: that the
		// store is away is not to be concluded from that.
		Timeout: storeTimeout,
	})
	if err != nil {
		return nil, errors.Join(err, closeStore())
	}
	return &guard{limits, closeStore}, nil
}

// close leaves buckets in the store, which leave it by themselves within
// minutes.
func (g *guard) close() error {
	if g == nil {
		return nil
	}
	g.Limits.Close()
	return g.closeStore()
}
