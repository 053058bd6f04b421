package policy

import (
	"context"
	"net/http"
	"time"

	"github.com/hone-go/hone/ratelimit"
)

// Config configures a [Table]. The callbacks are called on the goroutine of the
// request, but for Policy.Plan, and must be safe for concurrent use.
type Config struct {
	// Policies are all there are. The other fields name them.
	Policies []Policy
	// Application are the policies that every request meets, in one bucket for
	// all routes.
	Application []string
	// Default are the policies of routes with none of their own, in a bucket
	// for each route.
	Default []string
	// Groups are the places with policies of their own.
	Groups []Group

	// Route returns the name of the route that answers a request, such as its
	// pattern, and "" if none does; [MuxRoute] does that for a ServeMux. It
	// must have few results: a client that could make them up would have a new
	// bucket for each. Required if anything is counted by route.
	Route func(*http.Request) string
	// Unmatched says whether Default counts requests without a route (404 and
	// 405), all in one bucket for each client. Default [Count].
	Unmatched Coverage
	// Preflights says whether CORS preflights (OPTIONS with Origin and
	// Access-Control-Request-Method) are requests like others. Default
	// [Exempt]: a browser sends them unasked, and cannot show their refusal.
	// Any other OPTIONS is a request like others.
	Preflights Coverage
	// ExemptWhen, if it returns true, has nothing apply to a request. It must
	// not trust what any client can send.
	ExemptWhen func(*http.Request) (bool, error)

	// Fields says which response fields tell clients of their quotas.
	Fields FieldsConfig
	// Refuse, if set, answers in the place of [Refuse]. Retry-After and the
	// other fields are written already.
	Refuse Answer
	// OnDecision, if set, is told what each policy decided. It must be quick.
	OnDecision func(context.Context, Verdict)
	// OnError, if set, is told of callbacks that failed, of charges that could
	// not be taken back, and of places that were lost. It must be quick. The
	// text may name keys and hosts: never serve it.
	OnError func(context.Context, error)
}

// An Answer answers a request that the quotas with Refused refused.
type Answer func(w http.ResponseWriter, r *http.Request, quotas []Quota)

// Coverage says whether a kind of request is counted.
type Coverage uint8

// The coverages. The zero value is the default of its field.
const (
	_      Coverage = iota
	Count           // by the policies that apply
	Exempt          // by none
)

// A Group is routes with policies of their own, and groups within. Nesting
// decides what is inherited; the patterns alone decide which group a request is
// in. They match as those of an [http.ServeMux] that cleans the path: a router
// that takes other paths for the same, such as one that ignores case, needs
// patterns for these too.
type Group struct {
	// Patterns are as in [http.ServeMux]: "POST /login", "/api/",
	// "/items/{id}". The one that fits best counts. A group without any only
	// hands its policies to those within.
	Patterns []string
	// Policies apply in this group and those within.
	Policies []string
	// Scope is the name of the buckets that these policies count in: groups
	// with the same share them. Default: one bucket for this group, with those
	// within, by the name of its first pattern; without one, by where it is in
	// Config, so that it begins anew if groups are put in another order.
	Scope string
	// PerRoute counts each route in a bucket of its own instead.
	PerRoute bool
	// Override drops what would be inherited: the policies of the groups
	// around and Default, but not Application.
	Override bool
	// WithDefault keeps Default besides the policies of the groups.
	WithDefault bool
	// Exempt drops everything, Application too, for example for health checks.
	Exempt bool
	// Groups are within this one.
	Groups []Group
}

// A Policy says how much a client may do. Its name is that of its
// [ratelimit.Rule].
type Policy struct {
	// Name appears in answers: 1 to 40 of a-z, 0-9, '.', '_' and '-'; with
	// Breaches, at most 31.
	Name string
	// Limits is in the notation of [ratelimit.ParseAll], for example
	// "5/minute; 100/day". Required, unless there is a Plan.
	Limits string
	// Key says whom the policy counts. Required.
	Key Key
	// OnEmptyKey says what happens to who has no key. Required: only the
	// service knows.
	OnEmptyKey OnEmptyKey
	// EmptyStatus is the status of [RefuseEmpty], 400 to 499 but 429. Default
	// 400; 401 is right where the key is a credential.
	EmptyStatus int
	// OnStoreError says what happens while the store is away. Required.
	OnStoreError ratelimit.OnStoreError

	// Methods are those that the policy applies to; GET stands for HEAD too.
	// Default: all.
	Methods []string
	// PerMethod counts each method in a bucket of its own: HEAD as GET, and
	// all methods that RFC 9110 and RFC 5789 do not define as one.
	PerMethod bool
	// ExemptWhen, if it returns true, has the policy not apply to a request.
	ExemptWhen func(*http.Request) (bool, error)
	// Cost is the number of units that a request costs, 0 to
	// [ratelimit.MaxAmount]. Default 1.
	Cost func(*http.Request) (int64, error)
	// CountWhen, if it returns false, takes back what a request was charged,
	// once its response is there. A handler that panics has the status 500
	// unless it sent another, a hijacked connection 101. If CountWhen panics
	// the charge stands. It must not change the header.
	CountWhen func(status int, header http.Header) bool

	// Plan returns the limits of the client that sent a request, in the same
	// notation, where they differ from client to client: "" for those of
	// Limits, and [Unlimited] for none. It may depend on the key and on nothing
	// else of the request, as its result is kept for the key. However many
	// requests with a key want it, it is called once at a time, with a copy of
	// one of them, without its body, and a context that does not end with it,
	// but after 5 s. What fails is not kept.
	Plan func(context.Context, *http.Request) (limits string, err error)
	// PlanLife is for how long the result of Plan is used. Default 1 minute;
	// negative keeps nothing. Not longer: a customer who has paid waits for
	// it. Not shorter: it is a lookup in somebody's database.
	PlanLife time.Duration
	// PlanKeys is how many results of Plan are kept. Default 10,000.
	PlanKeys int

	// Breaches are limits of limits: each refusal by this policy counts, for
	// the client over all routes and methods, and while one of these is
	// exhausted the client is refused before anything else is counted. Several
	// make it worse by steps: "2/minute; 5/hour; 10/day".
	Breaches string

	// Lease is as in [ratelimit.RuleConfig].
	Lease float64
	// DryRun counts and reports, and never refuses; clients are not told.
	DryRun bool
	// Refuse, if set, answers in the place of Config.Refuse if this policy is
	// the one to wait for longest.
	Refuse Answer
}

// Unlimited is what [Policy].Plan returns for who has no limit.
const Unlimited = "unlimited"

// OnEmptyKey says what a policy does with a request that has no key.
type OnEmptyKey uint8

const (
	_ OnEmptyKey = iota
	// RefuseEmpty refuses it, with EmptyStatus.
	RefuseEmpty
	// ShareEmpty counts all such requests in one bucket.
	ShareEmpty
	// ExemptEmpty lets it pass: something else must limit it.
	ExemptEmpty
)

// A Verdict is what one policy said of a request, for metrics and logs. It has
// no key.
type Verdict struct {
	Route  string // as Config.Route says
	Policy string // the name of its rule
	// Allowed reports whether the policy admitted the request. If another did
	// not, it was charged nothing.
	Allowed bool
	// Source says who decided.
	Source ratelimit.Source
	// DryRun says that the policy is tried out: it refused nothing.
	DryRun bool
	// EmptyKey says that it refused for want of a key.
	EmptyKey bool
}

const (
	defaultPlanLife = time.Minute
	defaultPlanKeys = 10_000
)

func (c Config) withDefaults() Config {
	if c.Unmatched == 0 {
		c.Unmatched = Count
	}
	if c.Preflights == 0 {
		c.Preflights = Exempt
	}
	if c.Refuse == nil {
		c.Refuse = Refuse
	}
	if c.OnError == nil {
		c.OnError = func(context.Context, error) {}
	}
	return c
}

func (p Policy) withDefaults() Policy {
	if p.EmptyStatus == 0 {
		p.EmptyStatus = http.StatusBadRequest
	}
	if p.PlanLife == 0 {
		p.PlanLife = defaultPlanLife
	}
	if p.PlanKeys == 0 {
		p.PlanKeys = defaultPlanKeys
	}
	return p
}
