package cachetest_test

import (
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/store/memory"
)

// TestRunCatches breaks a store in one way at a time.
func TestRunCatches(t *testing.T) {
	faults := []struct {
		fault, by string
		store     func(*memory.Store) cache.Store
	}{
		{"a missing key is an error", "Get/AbsentIsNoError", func(s *memory.Store) cache.Store { return missingFails{s} }},
		{"an empty value is nil", "Get/EmptyIsNotNil", func(s *memory.Store) cache.Store { return nilValues{s} }},
		{"answers share spare capacity", "Get/AppendReachesNobody", func(s *memory.Store) cache.Store { return &spare{Store: s} }},
		{"GetMany drops what is missing", "GetMany/Order", func(s *memory.Store) cache.Store { return shortMany{s} }},
		{"Add replaces", "Add/OnlyIfAbsent", func(s *memory.Store) cache.Store { return addReplaces{s} }},
		{"Add is two calls", "Race/OneAddAdds", func(s *memory.Store) cache.Store { return addInTwo{s} }},
		{"Increment is two calls", "Race/IncrementsAllCount", func(s *memory.Store) cache.Store { return countInTwo{s} }},
		{"Increment renews the life", "Increment/KeepsLife", func(s *memory.Store) cache.Store { return countRenews{s} }},
		{"Delete counts keys", "Delete/CountsValues", func(s *memory.Store) cache.Store { return deleteCounts{s} }},
		{"Delete leaves leases", "Lease/VoidedByWrites", func(s *memory.Store) cache.Store { return deleteLeaves{s} }},
		{"Set leaves leases", "Lease/VoidedByWrites", func(s *memory.Store) cache.Store { return &setLeaves{Store: s} }},
		{"Fill by anybody", "Fill/ByTheHolderAlone", func(s *memory.Store) cache.Store { return fillAlways{s} }},
		{"everybody is granted", "Race/OneClaimIsGranted", func(s *memory.Store) cache.Store { return grantAll{s} }},
		{"a refresh reads", "Claim/Refresh", func(s *memory.Store) cache.Store { return refreshReads{s} }},
		{"Release of others' leases", "Release/OnlyOnesOwn", func(s *memory.Store) cache.Store { return releaseAll{s} }},
		{"Extend does nothing", "Extend/NewLife", func(s *memory.Store) cache.Store { return extendNothing{s} }},
		{"lives end early", "Life/NeverEarly", func(s *memory.Store) cache.Store { return early{s} }},
		{"lives below a second last", "Life/Ends", func(s *memory.Store) cache.Store { return lasting{s} }},
		{"a life of zero is the default", "Life/Refused", func(s *memory.Store) cache.Store { return zeroLife{s} }},
		{"keys with braces", "Key/Refused", func(s *memory.Store) cache.Store { return anyKey{s} }},
		{"keys are cut at NUL", "Key/AnyBytes", func(s *memory.Store) cache.Store { return cutKey{s} }},
		{"generations stand still", "Generations/OneTag", func(s *memory.Store) cache.Store { return standing{s} }},
		{"Invalidate of all forgets the new tags", "Generations/AllTags", func(s *memory.Store) cache.Store { return someTags{s} }},
		{"one namespace for all", "Generations/NamespacesApart", func(s *memory.Store) cache.Store { return oneSpace{s} }},
		{"GetTagged drops what is missing", "GetTagged/AsApart", func(s *memory.Store) cache.Store { return taggedDrops{taggedInTwo{s}} }},
		{"GetTagged remembers tags", "GetTagged/AfterInvalidate", func(s *memory.Store) cache.Store { return &taggedRemembers{taggedInTwo: taggedInTwo{s}} }},
		{"works when closed", "Close/LaterCallsFail", func(s *memory.Store) cache.Store { return unclosed{s} }},
		{"an error of its own when cancelled", "Context/Cancelled", func(s *memory.Store) cache.Store { return cancels{s} }},
		{"Touch is not heeded", "Touch/NewLife", func(s *memory.Store) cache.Store { return untouched{s} }},
		{"Fill is not told", "Watch/EveryChange", func(s *memory.Store) cache.Store { return deaf{s} }},
		{"tells of other namespaces", "Watch/ItsNamespace", func(s *memory.Store) cache.Store { return gossip{s} }},
		{"tells without Lost", "Watch/EveryChange", func(s *memory.Store) cache.Store { return notLost{s} }},
		{"Told is always the present", "Watch/ToldAdvances", func(s *memory.Store) cache.Store { return lateTold{s} }},
		{"tells after Close", "Watch/NothingAfterClose", func(s *memory.Store) cache.Store { return noClose{s} }},
	}
	for _, tt := range faults {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel() // the waits for what never happens
			if said := cachetest.Failure(t, tt.by, tt.store(open(t))); said == nil {
				t.Errorf("case %q passed, want it to fail", tt.by)
			} else {
				t.Logf("%s: %q", tt.by, said[0])
			}
		})
	}
}

// TestRunPasses: without a fault, no case fails on the recorder either.
func TestRunPasses(t *testing.T) {
	for name, store := range map[string]func() cache.Store{
		"memory":      func() cache.Store { return open(t) },
		"a TagReader": func() cache.Store { return taggedInTwo{open(t)} },
	} {
		if failures := cachetest.Failures(t, store); len(failures) != 0 {
			t.Errorf("%s: Failures = %q, want none", name, failures)
		}
	}
}

func open(t *testing.T) *memory.Store {
	t.Helper()
	s, err := memory.New(memory.Config{MaxBytes: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
