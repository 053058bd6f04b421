//go:build unix

package bench_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/redis"
)

const (
	sharedKeys    = 10_000
	sharedReaders = 128
	sharedBytes   = 512
	sharedName    = "shared:" // in every key
)

// BenchmarkShared measures a hit in Redis, without a near cache: 128 goroutines
// ask for 10,000 keys in random order, whose values are of 512 bytes. The peer
// is a bare GET of the same bytes on one pipelined connection, as hone's is.
func BenchmarkShared(b *testing.B) {
	node := startRedis(b)
	client := bareRedis(b, node)
	ctx := context.Background()
	keys := make([]string, sharedKeys)
	for i := range keys {
		keys[i] = sharedName + strconv.Itoa(i)
	}
	random := rand.New(rand.NewPCG(3, 4))
	order := make([]string, 1<<16)
	for i := range order {
		order[i] = keys[random.IntN(len(keys))]
	}
	f := sharedFunc(b, node, cache.FuncConfig[string, []byte]{Beta: -1})
	for _, k := range keys {
		if _, _, err := f.Get(ctx, k); err != nil {
			b.Fatal(err)
		}
		if err := client.Do(ctx, client.B().Set().Key(k).Value(rueidis.BinaryString(sharedValue())).Build()).Error(); err != nil {
			b.Fatal(err)
		}
	}
	loads := f.Stats().Loads
	for _, impl := range []struct {
		name string
		get  func(string) ([]byte, error)
	}{
		{"hone", func(k string) ([]byte, error) { v, _, err := f.Get(ctx, k); return v, err }},
		{"rueidis", func(k string) ([]byte, error) { return client.Do(ctx, client.B().Get().Key(k).Build()).AsBytes() }},
	} {
		b.Run("hit/"+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			var next atomic.Int64
			var readers sync.WaitGroup
			sent := trips(b, node, 100, func(i int) {
				if _, err := impl.get(order[i]); err != nil {
					b.Fatal(err)
				}
			})
			b.ResetTimer()
			for range sharedReaders {
				readers.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if v, err := impl.get(order[i%int64(len(order))]); err != nil || len(v) != sharedBytes {
							b.Errorf("%s: %d bytes, %v, want %d", impl.name, len(v), err, sharedBytes)
							return
						}
					}
				})
			}
			readers.Wait()
			b.StopTimer()
			b.ReportMetric(sent, "trips/op")
		})
	}
	if n := f.Stats().Loads - loads; n != 0 {
		b.Errorf("%d of the hits were loads", n)
	}
}

// BenchmarkSharedMiss measures a miss: the lease is granted, a value of 512
// bytes made and stored. The peer does the same without a lease: GET and SET.
func BenchmarkSharedMiss(b *testing.B) {
	node := startRedis(b)
	client := bareRedis(b, node)
	ctx := context.Background()
	f := sharedFunc(b, node, cache.FuncConfig[string, []byte]{})
	last := 0
	for _, impl := range []struct {
		name string
		fill func(key string) error
	}{
		{"hone", func(k string) error { _, _, err := f.Get(ctx, k); return err }},
		{"rueidis", func(k string) error {
			if _, err := client.Do(ctx, client.B().Get().Key(k).Build()).AsBytes(); !rueidis.IsRedisNil(err) {
				return fmt.Errorf("not a miss: %w", err)
			}
			return client.Do(ctx, client.B().Set().Key(k).Value(rueidis.BinaryString(sharedValue())).Ex(time.Hour).Build()).Error()
		}},
	} {
		b.Run("goroutines=1/"+impl.name, func(b *testing.B) {
			b.ReportAllocs()
			fill := func(int) {
				last++
				if err := impl.fill(fmt.Sprint(sharedName, last)); err != nil {
					b.Fatal(err)
				}
			}
			fill(0) // a script is sent once
			sent := trips(b, node, 100, fill)
			for b.Loop() {
				fill(0)
			}
			b.ReportMetric(sent, "trips/op")
		})
	}
}

func sharedValue() []byte {
	v := make([]byte, sharedBytes)
	hex.Encode(v, make([]byte, sharedBytes/2))
	return v
}

// sharedFunc returns a cached function over a Redis, without a near cache.
func sharedFunc(b *testing.B, node *server.RedisNode, cfg cache.FuncConfig[string, []byte]) *cache.Func[string, []byte] {
	b.Helper()
	st, err := redis.Open(b.Context(), "redis://"+node.Address(), redis.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	c, err := cache.New(st, cache.Config{
		Namespace: "bench", TTL: cache.For(time.Hour), Codec: cache.Raw(),
		StoreTimeout: 5 * time.Second, // a loaded machine is not what is measured
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	load := func(context.Context, string) ([]byte, error) { return sharedValue(), nil }
	f, err := cache.Memoize(c, "shared", load, cfg)
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// startRedis starts a Redis that ends with the benchmark.
func startRedis(b *testing.B) *server.RedisNode {
	b.Helper()
	if server.Find("redis-server") == "" {
		b.Skip("redis-server is not installed")
	}
	node, err := server.StartRedisNode(context.Background(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { node.Kill() })
	return node
}

// bareRedis returns a client of one pipelined connection.
func bareRedis(b *testing.B, node *server.RedisNode) rueidis.Client {
	b.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{node.Address()}, DisableCache: true, ForceSingleClient: true, AlwaysPipelining: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client
}

// trips returns how many commands on the function's keys each of n calls sends
// to a Redis: what it sends at once, it sends in one round trip. Those that a
// script calls in the server are left out.
func trips(b *testing.B, node *server.RedisNode, n int, call func(i int)) float64 {
	b.Helper()
	monitor, err := net.Dial("tcp", node.Address())
	if err != nil {
		b.Fatal(err)
	}
	defer monitor.Close()
	_ = monitor.SetDeadline(time.Now().Add(time.Minute))
	if _, err := fmt.Fprint(monitor, "MONITOR\r\n"); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(monitor)
	lines.Scan() // +OK
	for i := range n {
		call(i)
	}
	const end = "that is all"
	client := bareRedis(b, node)
	if err := client.Do(context.Background(), client.B().Echo().Message(end).Build()).Error(); err != nil {
		b.Fatal(err)
	}
	sent := 0
	for lines.Scan() && !strings.Contains(lines.Text(), end) {
		if strings.Contains(lines.Text(), sharedName) && !strings.Contains(lines.Text(), " lua] ") {
			sent++
		}
	}
	return float64(sent) / float64(n)
}
