package redis_test

import (
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/cachetest"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/redis"
)

func TestConformance(t *testing.T) {
	both(t, func(t *testing.T, s *redis.Store) {
		scripts := s.Scripted()
		cachetest.Run(t, func(t *testing.T) cache.Store { return openAs(t, scripts) })
	})
}

// TestAgreementWithMemory holds the two stores to the same answers.
func TestAgreementWithMemory(t *testing.T) {
	both(t, func(t *testing.T, s *redis.Store) {
		scripts := s.Scripted()
		cachetest.RunAgreement(t,
			func(t *testing.T) cache.Store { return openAs(t, scripts) },
			func(t *testing.T) cache.Store {
				m, err := memory.New(memory.Config{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = m.Close() })
				return m
			},
			cachetest.AgreementConfig{})
	})
}

func openAs(t *testing.T, scripts bool) *redis.Store {
	s := shared(t)
	if scripts {
		s.ForceScripts()
	}
	return s
}
