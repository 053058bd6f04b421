package shop

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// LimitsConfig holds what is optional in [Shop.Limits]. The zero value is ready
// to use.
type LimitsConfig struct {
	// Namespace is that of the limits in the store. Default "shop".
	Namespace string

	// Accounts are the customers who send an API key, in X-API-Key. Default
	// none: every client is limited by address.
	Accounts Accounts

	// Plans are the limits that an account may have, by name. Default trial,
	// trade and partner.
	Plans map[string]string

	// Timeout bounds a question to the store, as in [ratelimit.Config].
	Timeout time.Duration

	// Instances is the number of processes that share the store. Default 0:
	// they are counted.
	Instances int

	// OnError, if set, is told of what went wrong. It must be quick. The text
	// may name hosts and keys: log it, never serve it.
	OnError func(context.Context, error)
}

// defaultPlans are what customers can have.
func defaultPlans() map[string]string {
	return map[string]string{
		"trial":   "60/minute",
		"trade":   "1200/minute; 100000/day",
		"partner": policy.Unlimited,
	}
}

// What a client without an API key may do in a minute on each route, how often
// anybody may give a wrong password, and how often a user may fetch all orders.
// A person reads twenty pages in a minute, and a page asks for two or three
// things; who needs more gets a key. Five wrong passwords are more than a person
// gives before asking for a new one, and 2.6 million in a year for a machine.
const (
	addressLimit = "100/minute"
	loginLimit   = "5/minute"
	exportLimit  = "1/day"
)

// localBytes bounds what is counted in this process while the store is away.
// Not smaller: 40,000 clients fit. Not larger: it is seldom used.
const localBytes = 4 << 20

// Limits keep clients within limits. The caller closes them, before the store.
type Limits struct {
	*policy.Table
	limiter *ratelimit.Limiter
}

// Limits returns what is to stand around [Shop.Handler], inside of what finds
// the client's address and measures: limits that hold for all processes that
// share the store. While the store is away each process admits its share of
// them. A request that is refused is measured with its route.
func (s *Shop) Limits(store ratelimit.Store, cfg LimitsConfig) (*Limits, error) {
	if cfg.Plans == nil {
		cfg.Plans = defaultPlans()
	}
	if err := cfg.Accounts.check(cfg.Plans); err != nil {
		return nil, err
	}
	local, err := memory.NewLimits(memory.LimitsConfig{MaxBytes: localBytes})
	if err != nil {
		return nil, err
	}
	limiter, err := ratelimit.New(store, ratelimit.Config{
		Namespace: cmp.Or(cfg.Namespace, "shop"), Timeout: cfg.Timeout,
		Local: local, Instances: cfg.Instances, OnError: cfg.OnError,
	})
	if err != nil {
		return nil, err
	}
	table, err := policy.New(limiter, s.limitsConfig(cfg))
	if err != nil {
		limiter.Close()
		return nil, err
	}
	return &Limits{table, limiter}, nil
}

// Close ends what the limits run in the background.
func (l *Limits) Close() { l.limiter.Close() }

// limitsConfig says which limits apply where.
func (s *Shop) limitsConfig(cfg LimitsConfig) policy.Config {
	return policy.Config{
		Policies:    policies(cfg),
		Application: []string{"plan"},
		Default:     []string{"address"},
		Groups: []policy.Group{
			{Patterns: []string{"POST /api/login"}, Policies: []string{"login-address", "login-account"}, WithDefault: true},
			{Patterns: []string{"GET /api/export.csv"}, Policies: []string{"export-account", "export-address"}, WithDefault: true},
			{Patterns: []string{"GET /health"}, Exempt: true}, // a load balancer asks whenever it likes
		},
		Route:   policy.MuxRoute(s.mux),
		OnError: cfg.OnError,
	}
}

// policies are the limits by themselves.
func policies(cfg LimitsConfig) []policy.Policy {
	accounts := cfg.Accounts
	byAddress, byAccount := policy.ByAddress(0), policy.ByUser("account", accounts.name)
	all := []policy.Policy{
		{Name: "address", Limits: addressLimit, Key: byAddress, OnEmptyKey: policy.ShareEmpty, ExemptWhen: accounts.known},
		{
			Name: "plan", Key: byAccount, OnEmptyKey: policy.ExemptEmpty, // address counts it
			Plan: func(_ context.Context, r *http.Request) (string, error) {
				return cfg.Plans[accounts.of(r).plan], nil
			},
		},
		// Both, so that neither one address can try many accounts nor many
		// addresses one. Charged before the password is looked at, and given
		// back if it was right.
		{Name: "login-address", Limits: loginLimit, Key: byAddress, OnEmptyKey: policy.ShareEmpty, CountWhen: refused},
		{
			Name: "login-account", Limits: loginLimit, Key: policy.ByUser("login", loginOf),
			OnEmptyKey: policy.ExemptEmpty, CountWhen: refused, // without a login, no password is looked at
		},
		{Name: "export-account", Limits: exportLimit, Key: byAccount, OnEmptyKey: policy.ExemptEmpty, CountWhen: served},
		{
			Name: "export-address", Limits: exportLimit, Key: byAddress, OnEmptyKey: policy.ShareEmpty,
			ExemptWhen: accounts.known, CountWhen: served,
		},
	}
	for i := range all {
		all[i].OnStoreError = ratelimit.FailShare
	}
	return all
}

// refused reports whether a login or its password was wrong.
func refused(status int, _ http.Header) bool { return status == http.StatusUnauthorized }

// served reports whether a client got something.
func served(status int, _ http.Header) bool { return status < http.StatusBadRequest }

// loginOf returns whose password a request has, and "" if it is not one that is
// looked at.
func loginOf(r *http.Request) (string, error) {
	var given api.Credentials
	if api.Peek(r, &given) != nil || given.Validate() != nil {
		return "", nil
	}
	return given.Login, nil
}
