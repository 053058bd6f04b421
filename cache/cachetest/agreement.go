package cachetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
)

// AgreementConfig holds what is optional about [RunAgreement].
type AgreementConfig struct {
	// Seed makes the list of operations. Default: a random one, which a failure
	// prints.
	Seed uint64
	// Operations is the length of the list. Default 2000: every pair of verbs on
	// one key comes up often. More finds more.
	Operations int
}

func (c AgreementConfig) withDefaults() AgreementConfig {
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	if c.Operations == 0 {
		c.Operations = 2000
	}
	return c
}

// RunAgreement carries out one random list of operations on the stores that a
// and b open, and checks that their answers are equal. Generations need not be
// equal, only to be in the same order. No life in the list ends. At a failure it
// looks for a shorter list that fails, on stores that it opens anew, and prints
// it with the seed.
func RunAgreement(t *testing.T, a, b func(t *testing.T) cache.Store, cfg AgreementConfig) {
	cfg = cfg.withDefaults()
	ops := newOperations(cfg)
	differs := func(ops []operation) string { return disagreement(t, ops, a, b) }
	if why := differs(ops); why != "" {
		ops = shrink(ops, func(ops []operation) bool { return differs(ops) != "" })
		t.Errorf("seed %d: the stores disagree: %s\nafter these operations:\n%s",
			cfg.Seed, differs(ops), list(ops))
	}
}

// disagreement says where the stores first differ, or "".
func disagreement(t *testing.T, ops []operation, open ...func(t *testing.T) cache.Store) string {
	var answers [2][]any
	for i := range answers {
		store := open[i](t)
		r := newRunner(store)
		for _, op := range ops {
			answers[i] = append(answers[i], op.answer(r))
		}
		_ = store.Close()
		r.rankGenerations()
	}
	for i, op := range ops {
		if !reflect.DeepEqual(answers[0][i], answers[1][i]) {
			return fmt.Sprintf("operation %d, %s: %v and %v", i, op, show(answers[0][i]), show(answers[1][i]))
		}
	}
	return ""
}

// shrink removes parts of a list, of half its length and then ever shorter, as
// long as what is left fails. It gives up after some tries: each opens stores.
func shrink(ops []operation, fails func([]operation) bool) []operation {
	tries := 200
	for size := len(ops) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(ops) && tries > 0; {
			tries--
			rest := append(append([]operation(nil), ops[:from]...), ops[from+size:]...)
			if fails(rest) {
				ops = rest
			} else {
				from += size
			}
		}
	}
	return ops
}

func list(ops []operation) string {
	const most = 30
	var b strings.Builder
	if len(ops) > most {
		fmt.Fprintf(&b, "\t… %d more\n", len(ops)-most)
		ops = ops[len(ops)-most:]
	}
	for _, op := range ops {
		fmt.Fprintf(&b, "\t%s\n", op)
	}
	return b.String()
}

func show(answer any) string { return fmt.Sprintf("%+v", reflect.Indirect(reflect.ValueOf(answer))) }

// lifeOf are lives that do not end during the test.
func lifeOf(r *rand.Rand) time.Duration {
	return []time.Duration{cache.NoExpiry, time.Hour, 24 * time.Hour}[r.IntN(3)]
}
