package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store"
)

const limitsBucketHelp = `

A bucket is what one rule knows of one client. The namespace, the limits and
the scope that it counts in come from the service if --url is given; otherwise
give --namespace, --limits and --scope as hone limits list shows them. Without
either scope the key is that of a rule used without a table. --key is what the
policy counts by: an address such as 203.0.113.9, a user, or the SHA-256 in
base64url of a header or cookie.`

const limitsBucketExample = ` --url http://127.0.0.1:9090/ --store redis://127.0.0.1 \
    --rule login --key 203.0.113.9`

// A limitsBucket is one client's bucket of one rule, as the command line names
// it.
type limitsBucket struct {
	service                                     limitsService
	store, namespace, rule, key, limits, method string
	scope                                       string
}

func (b *limitsBucket) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&b.store, "store", "", "`URL` of the service's store (default "+envLimitsStore+")")
	fs.StringVar(&b.namespace, "namespace", "", "`name` under which the service counts, without --url")
	fs.StringVar(&b.rule, "rule", "", "`name` of the policy or rule")
	fs.StringVar(&b.key, "key", "", "`text` that the client is known by")
	b.service.flags(cmd)
	fs.StringVar(&b.limits, "limits", "", "`limits` of the rule, such as 5/minute")
	fs.StringVar(&b.scope, "scope", "", "`scope` of the bucket, such as 'group POST /login'")
	fs.StringVar(&b.method, "method", "", "`method` of the bucket, if each has one")
}

func limitsPeekCommand(io *streams) *cobra.Command {
	var b limitsBucket
	var json bool
	cmd := &cobra.Command{
		Use:     "peek --url http://… --store … --rule … --key … [flags]",
		Short:   "Show what a client has left of a limit",
		Long:    "Show what a client has left of a limit. Nothing is charged." + limitsBucketHelp,
		Example: "  hone limits peek" + limitsBucketExample,
		Args:    noArgs("see hone limits peek --help for its flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.open(cmd.Context(), func(ctx context.Context, rule *ratelimit.Rule, key string) error {
				d, err := rule.Peek(ctx, key, 1)
				if err != nil {
					return err
				}
				if json {
					return io.writeJSON(quotasJSON(&d))
				}
				return b.print(io, &d)
			})
		},
		DisableFlagsInUseLine: true,
	}
	b.flags(cmd)
	cmd.Flags().BoolVar(&json, "json", false, "print one JSON array")
	return cmd
}

func limitsResetCommand(io *streams) *cobra.Command {
	var b limitsBucket
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset --url http://… --store … --rule … --key … [flags]",
		Short: "Forget what a client has used of a limit",
		Long: `Forget what a client has used of a limit, in every process of the service: those
that remember a refusal learn of it, if the store can tell them.` + limitsBucketHelp,
		Example: "  hone limits reset" + limitsBucketExample,
		Args:    noArgs("see hone limits reset --help for its flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.open(cmd.Context(), func(ctx context.Context, rule *ratelimit.Rule, key string) error {
				if !yes && !confirmed(io, fmt.Sprintf("Forget what %q has used of %s in %s?", b.key, b.rule, b.namespace)) {
					return errors.New("nothing was reset: answer y, or give --yes")
				}
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limitsTimeout) // whoever answers may take his time
				defer cancel()
				if err := rule.Reset(ctx, key); err != nil {
					return err
				}
				_, err := fmt.Fprintf(io.out, "%s of %q is whole again\n", b.rule, b.key)
				return err
			})
		},
		DisableFlagsInUseLine: true,
	}
	b.flags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask first")
	return cmd
}

// confirmed asks a question and reports whether the answer is yes.
func confirmed(io *streams, question string) bool {
	fmt.Fprint(io.err, question+" [y/N] ")
	line, _ := bufio.NewReader(io.in).ReadString('\n') // no answer is no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

// open calls f with the rule and the bucket's key in the store.
func (b *limitsBucket) open(ctx context.Context, f func(context.Context, *ratelimit.Rule, string) error) (err error) {
	if b.store == "" {
		b.store = os.Getenv(envLimitsStore)
	}
	switch {
	case b.store == "":
		return usagef("no store: set %s, or give --store redis://…", envLimitsStore)
	case strings.HasPrefix(b.store, "memory:"):
		return usagef("--store: memory:// is the service's own memory, which nobody else sees: ask the service with hone limits explain")
	case b.namespace == "" && b.service.url == "":
		return usagef("no --namespace: give the name under which the service counts, or --url to ask the service")
	case b.rule == "":
		return usagef("no --rule: give the name of a policy, as hone limits list shows it")
	case b.key == "":
		return usagef("no --key: give what the policy counts by, such as the client's address")
	}
	limits, key, err := b.resolve(ctx)
	if err != nil {
		return err
	}
	counts, closeStore, err := store.OpenLimits(ctx, b.store)
	if err != nil {
		return usagef("--store: %w", err)
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	limiter, err := ratelimit.New(counts, ratelimit.Config{
		Namespace: b.namespace, Timeout: limitsTimeout, Instances: 1, DenyCache: -1,
	})
	if err != nil {
		return usagef("%w", err)
	}
	defer limiter.Close()
	rule, err := limiter.RuleOf(b.rule, limits, ratelimit.RuleConfig{OnStoreError: ratelimit.FailClosed})
	if err != nil {
		return usagef("%w", err)
	}
	if err = f(ctx, rule, key); errors.Is(err, ratelimit.ErrUnavailable) {
		return errors.New("the store does not answer: check --store, and that it runs") // the cause may name more
	}
	return err
}

// resolve finds the namespace, the limits and the key of the bucket.
func (b *limitsBucket) resolve(ctx context.Context) (limits []ratelimit.Limit, key string, err error) {
	if b.limits != "" {
		if limits, err = ratelimit.ParseAll(b.limits); err != nil {
			return nil, "", usagef("--limits: %s", strings.TrimPrefix(err.Error(), "ratelimit: "))
		}
	}
	scope := b.scope
	if b.service.url != "" {
		d, err := b.service.describe(ctx)
		if err != nil {
			return nil, "", err
		}
		if b.namespace, err = namespaceOf(d, b.namespace); err != nil {
			return nil, "", err
		}
		own, at, err := b.find(d)
		if err != nil {
			return nil, "", err
		}
		if limits == nil {
			limits = own
		}
		scope = at
	}
	switch {
	case len(limits) == 0:
		return nil, "", usagef("no limits: give --url to ask the service, or --limits as it has them")
	case scope == "":
		return limits, b.key, nil
	}
	return limits, policy.BucketKey(scope, b.method, b.key), nil
}

// namespaceOf returns the name under which a service counts. Another name that
// was given is an error: under it, every client looks as if it had used nothing.
func namespaceOf(d policy.Description, given string) (string, error) {
	if given != "" && d.Namespace != "" && given != d.Namespace {
		return "", usagef("--namespace %q: the service counts under %s: leave --namespace out", given, d.Namespace)
	}
	name := cmp.Or(d.Namespace, given)
	if name == "" { // its hone is older
		return "", usagef("no --namespace: give the name under which the service counts, which it does not tell")
	}
	return name, nil
}

// find returns the limits of the rule in a service, and the scope of the bucket.
func (b *limitsBucket) find(d policy.Description) (limits []ratelimit.Limit, scope string, err error) {
	i := slices.IndexFunc(d.Policies, func(p policy.DescribedPolicy) bool { return p.Name == b.rule })
	if i < 0 {
		var names []string
		for _, p := range d.Policies {
			names = append(names, p.Name)
		}
		return nil, "", usagef("--rule %q: the service has %s", b.rule, strings.Join(names, ", "))
	}
	limits = d.Policies[i].Limits
	if len(limits) == 0 && b.limits == "" {
		return nil, "", usagef("--rule %s: its limits are a matter of the client's plan: give --limits", b.rule)
	}
	if b.scope != "" {
		return limits, b.scope, nil
	}
	var scopes []string
	for _, place := range d.Places {
		for _, use := range slices.Concat(place.Policies, place.Otherwise) {
			if use.Policy == b.rule {
				scopes = append(scopes, use.Scope)
			}
		}
	}
	slices.Sort(scopes)
	scopes = slices.Compact(scopes)
	if len(scopes) == 1 && scopes[0] != "route" {
		return limits, scopes[0], nil
	}
	for i, scope := range scopes {
		scopes[i] = "'" + scope + "'"
		if scope == "route" {
			scopes[i] = "'route GET /path'"
		}
	}
	return nil, "", usagef("--rule %s has several buckets for a client: give --scope, such as %s", b.rule, strings.Join(scopes, " or "))
}

// print shows what is left.
func (b *limitsBucket) print(io *streams, d *ratelimit.Decision) error {
	for q := range d.Quotas() {
		text := fmt.Sprintf("%s of %q: %s: %d left", b.rule, b.key, q.Limit, q.Remaining)
		if q.RetryAfter > 0 {
			text += fmt.Sprintf(", the next after %s", upToSecond(q.RetryAfter))
		}
		if q.ResetAfter > 0 {
			text += fmt.Sprintf(", whole again after %s", upToSecond(q.ResetAfter))
		} else if q.Allowed { // as after a slip in what names the bucket
			text += ", none used"
		}
		if _, err := fmt.Fprintln(io.out, text); err != nil {
			return err
		}
	}
	return nil
}

// upToSecond rounds up to whole seconds, as clients are told.
func upToSecond(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// quotaJSON is what is left of one limit.
type quotaJSON struct {
	Limit      ratelimit.Limit `json:"limit"`
	Allowed    bool            `json:"allowed"`
	Remaining  int64           `json:"remaining"`
	RetryAfter float64         `json:"retry_after_ms"`
	ResetAfter float64         `json:"reset_after_ms"`
}

func quotasJSON(d *ratelimit.Decision) []quotaJSON {
	var all []quotaJSON
	for q := range d.Quotas() {
		all = append(all, quotaJSON{q.Limit, q.Allowed, q.Remaining, inMilliseconds(q.RetryAfter), inMilliseconds(q.ResetAfter)})
	}
	return all
}
