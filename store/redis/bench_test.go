package redis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

// BenchmarkHit is a value of 512 bytes read by 128 goroutines: with the client
// alone, by Get, and by Claim.
func BenchmarkHit(b *testing.B) {
	s := ready(b, testserver.Redis(b), redis.Config{})
	opt, err := rueidis.ParseURL(testserver.Redis(b))
	if err != nil {
		b.Fatal(err)
	}
	opt.DisableCache, opt.ForceSingleClient = true, true
	bare, err := rueidis.NewClient(opt)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	key := testserver.Prefix() + "products:0123456789abcdefghijklmnop"
	set(b, s, key, strings.Repeat("v", 512))
	defer func() { _, _ = s.Delete(context.Background(), []string{key}) }()
	keys := []string{key}
	c := cache.Claim{Token: token(), Life: time.Minute}

	reads := []struct {
		name string
		read func(ctx context.Context) error
	}{
		{"bare", func(ctx context.Context) error {
			_, err := bare.Do(ctx, bare.B().Get().Key(key).Build()).AsBytes()
			return err
		}},
		{"get", func(ctx context.Context) error {
			_, err := s.Get(ctx, key)
			return err
		}},
		{"claim", func(ctx context.Context) error {
			_, err := s.Claim(ctx, keys, c)
			return err
		}},
	}
	for _, r := range reads {
		b.Run("read="+r.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(64) // of 2 processors: 128 goroutines
			b.RunParallel(func(pb *testing.PB) {
				ctx := context.Background()
				for pb.Next() {
					if err := r.read(ctx); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
