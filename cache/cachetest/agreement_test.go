package cachetest_test

import (
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
)

func TestRunAgreement(t *testing.T) {
	same := func(t *testing.T) cache.Store { return open(t) }
	cachetest.RunAgreement(t, same, same, cachetest.AgreementConfig{})
}

// TestAgreementCatches also checks that the list is made short: each of these
// faults needs two operations or three.
func TestAgreementCatches(t *testing.T) {
	right := func(t *testing.T) cache.Store { return open(t) }
	for name, wrong := range map[string]func(t *testing.T) cache.Store{
		"Delete counts keys":  func(t *testing.T) cache.Store { return deleteCounts{open(t)} },
		"Add replaces":        func(t *testing.T) cache.Store { return addReplaces{open(t)} },
		"Fill by anybody":     func(t *testing.T) cache.Store { return fillAlways{open(t)} },
		"everybody's granted": func(t *testing.T) cache.Store { return grantAll{open(t)} },
		"generations stand":   func(t *testing.T) cache.Store { return standing{open(t)} },
		"some tags of all":    func(t *testing.T) cache.Store { return someTags{open(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			why, n := cachetest.Disagreement(t, cachetest.AgreementConfig{Seed: 1, Operations: 500}, right, wrong)
			if why == "" || n > 4 {
				t.Errorf("Disagreement = %q after %d operations, want some after 4 at most", why, n)
			}
		})
	}
}

func TestAgreementIsRepeatable(t *testing.T) {
	right := func(t *testing.T) cache.Store { return open(t) }
	wrong := func(t *testing.T) cache.Store { return deleteCounts{open(t)} }
	cfg := cachetest.AgreementConfig{Seed: 42, Operations: 200}
	first, n := cachetest.Disagreement(t, cfg, right, wrong)
	second, m := cachetest.Disagreement(t, cfg, right, wrong)
	if first != second || n != m || first == "" {
		t.Errorf("Disagreement with one seed = %q (%d) and %q (%d), want the same", first, n, second, m)
	}
}
