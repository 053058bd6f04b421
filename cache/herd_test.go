package cache_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/store/redis"
)

const (
	herdProcesses = 4
	herdExpiries  = 10
	herdLife      = 400 * time.Millisecond
	herdLoad      = 100 * time.Millisecond // what the function takes
	herdThink     = 20 * time.Millisecond  // between two reads of a reader: the load, as it were, of a busy service
)

// TestAFleetLoadsOncePerExpiry: four processes read one key, which expires ten
// times, with many readers each. It is loaded once for each expiry, and nobody
// waits for that, as the stale value may be served.
func TestAFleetLoadsOncePerExpiry(t *testing.T) {
	url, ns := testserver.Redis(t), redisNamespace()
	var herd []*child
	for range herdProcesses {
		herd = append(herd, startChild(t, url, ns, fmt.Sprintf("%s=%d", envHerd, herdReaders)))
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	var loads [][2]time.Time // begin and end
	enough := make(chan struct{})
	for _, c := range herd {
		c.do("begin", "begun") // when it has the value
	}
	for i, c := range herd {
		c.do("read", "reading")
		group.Go(func() {
			var misses, answers, slowest int64
			for c.out.Scan() {
				var begin, end int64
				if n, _ := fmt.Sscanf(c.out.Text(), "load %d %d", &begin, &end); n == 2 {
					mu.Lock()
					if loads = append(loads, [2]time.Time{time.UnixMilli(begin), time.UnixMilli(end)}); len(loads) == herdExpiries {
						close(enough)
					}
					mu.Unlock()
				} else if n, _ := fmt.Sscanf(c.out.Text(), "end %d %d %d", &misses, &answers, &slowest); n == 3 {
					break
				}
			}
			if slow := time.Duration(slowest); misses != 0 || answers < herdReaders || slow > busy {
				t.Errorf("process %d: of %d reads, %d waited for a load, and the slowest took %v, want none, and some ms", i, answers, misses, slow)
			}
			t.Logf("process %d: %d reads, the slowest took %v", i, answers, time.Duration(slowest))
		})
	}
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Error("the key was not loaded ten times in a minute")
	}
	for _, c := range herd {
		_, _ = fmt.Fprintln(c.in, "end")
	}
	group.Wait()
	mu.Lock()
	defer mu.Unlock()
	slices.SortFunc(loads, func(a, b [2]time.Time) int { return cmp.Compare(a[0].UnixMilli(), b[0].UnixMilli()) })
	for i := 1; i < len(loads); i++ {
		// The value lives from the end of its load on.
		if life := loads[i][0].Sub(loads[i-1][1]); life < herdLife-herdLoad/2 {
			t.Errorf("load %d began %v after the end of the one before, want %v: one load for each expiry", i, life, herdLife)
		}
	}
}

// joinHerd is a process of the herd. It tells of each load after the first, and
// in the end how many readers have waited for one, how many reads there were,
// and how long the slowest took.
func joinHerd(ctx context.Context, url, namespace string, readers int) error {
	st, err := redis.Open(ctx, url, redis.Config{})
	if err != nil {
		return err
	}
	defer st.Close()
	c, err := cache.New(st, cache.Config{Namespace: namespace, Near: cache.Near{MaxBytes: 1 << 20}, StoreTimeout: busy})
	if err != nil {
		return err
	}
	defer c.Close()
	var told atomic.Bool
	load := func(ctx context.Context, _ string) (int64, error) {
		begin := time.Now()
		select {
		case <-time.After(herdLoad):
		case <-ctx.Done():
		}
		if told.Load() {
			fmt.Println("load", begin.UnixMilli(), time.Now().UnixMilli())
		}
		return begin.UnixNano(), ctx.Err()
	}
	f, err := cache.Memoize(c, "value", load, versionsConfig{TTL: cache.For(herdLife), Jitter: -1, Beta: -1, StaleWhileRevalidate: time.Hour})
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	heard := func(word string) error {
		if !in.Scan() || in.Text() != word {
			return fmt.Errorf("heard %q, want %q: %w", in.Text(), word, io.ErrUnexpectedEOF)
		}
		return nil
	}
	if err := heard("begin"); err != nil {
		return err
	}
	if _, _, err := f.Get(ctx, "k"); err != nil {
		return err
	}
	fmt.Println("begun")
	if err := heard("read"); err != nil {
		return err
	}
	fmt.Println("reading")
	told.Store(true)
	var answers, slowest atomic.Int64
	var failed atomic.Pointer[error]
	before, done := f.Stats().Misses, make(chan struct{})
	var group sync.WaitGroup
	for range readers {
		group.Go(func() {
			for {
				begin := time.Now()
				if _, _, err := f.Get(ctx, "k"); err != nil {
					failed.Store(&err)
				}
				answers.Add(1)
				took := int64(time.Since(begin))
				for old := slowest.Load(); took > old && !slowest.CompareAndSwap(old, took); old = slowest.Load() {
				}
				select {
				case <-done:
					return
				case <-time.After(herdThink):
				}
			}
		})
	}
	err = heard("end")
	close(done)
	group.Wait()
	misses := f.Stats().Misses - before
	told.Store(false)
	if p := failed.Load(); p != nil {
		return *p
	}
	fmt.Println(strings.Join([]string{"end", fmt.Sprint(misses), fmt.Sprint(answers.Load()), fmt.Sprint(slowest.Load())}, " "))
	return err
}
