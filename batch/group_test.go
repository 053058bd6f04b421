package batch_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/batch"
)

// forever is a patience that turns a batch sent late into a test that fails,
// for the goroutines are then all blocked.
var forever = batch.GroupConfig{Patience: -1}

func TestLoadsOfAllGoroutinesAreOneBatchWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := new(fetcher)
		g := batch.NewGroup(t.Context(), batch.GroupConfig{})
		l := newLoader(t, g, f, batch.LoaderConfig{})
		for key := range 5 {
			g.Go(func(ctx context.Context) error { return load(ctx, l, key) })
		}
		wait(t, g)
		f.wantSent(t, "[0 1 2 3 4]")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited = %v, want 0: every goroutine was waiting for a load", waited)
		}
	})
}

func TestLoadOutsideOfGoroutinesIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := new(fetcher)
		g, l := newForever(t, f)
		for key := range 3 {
			if err := load(t.Context(), l, key); err != nil {
				t.Error(err)
			}
		}
		wait(t, g)
		f.wantSent(t, "[0] [1] [2]")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited = %v, want 0", waited)
		}
	})
}

// Each level of loads is one batch, although the goroutines come out of the
// first one after another.
func TestEachLevelOfLoadsIsOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := new(fetcher), new(fetcher)
		g := batch.NewGroup(t.Context(), forever)
		a := newLoader(t, g, first, batch.LoaderConfig{})
		b := newLoader(t, g, second, batch.LoaderConfig{})
		for key := range 20 {
			g.Go(func(ctx context.Context) error {
				v, err := a.Load(ctx, key)
				if err != nil {
					return err
				}
				return load(ctx, b, v/4) // two goroutines for each
			})
		}
		wait(t, g)
		first.wantSent(t, "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19]")
		second.wantSent(t, "[0 1 2 3 4 5 6 7 8 9]")
	})
}

func TestLoadersOfAGroupAreSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := new(fetcher), new(fetcher)
		g := batch.NewGroup(t.Context(), forever)
		a := newLoader(t, g, first, batch.LoaderConfig{})
		b := newLoader(t, g, second, batch.LoaderConfig{})
		for key := range 3 {
			g.Go(func(ctx context.Context) error { return load(ctx, a, key) })
			g.Go(func(ctx context.Context) error { return load(ctx, b, 10+key) })
		}
		wait(t, g)
		first.wantSent(t, "[0 1 2]")
		second.wantSent(t, "[10 11 12]")
	})
}

func TestFetchMayLoadFromAnotherLoader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := new(fetcher)
		g := batch.NewGroup(t.Context(), forever)
		b := newLoader(t, g, inner, batch.LoaderConfig{})
		outer := &fetcher{before: func(ctx context.Context, keys []int) (map[int]int, error) {
			_, err := b.LoadMany(ctx, keys)
			return nil, err
		}}
		a := newLoader(t, g, outer, batch.LoaderConfig{})
		for key := range 3 {
			g.Go(func(ctx context.Context) error { return load(ctx, a, key) })
		}
		wait(t, g)
		outer.wantSent(t, "[0 1 2]")
		inner.wantSent(t, "[0 1 2]")
	})
}

// What a fetch queues when everybody waits is sent, and waited for, too.
func TestFetchMayQueueForAnotherLoader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := new(fetcher)
		g := batch.NewGroup(t.Context(), forever)
		b := newLoader(t, g, inner, batch.LoaderConfig{})
		outer := &fetcher{before: func(_ context.Context, keys []int) (map[int]int, error) {
			b.Queue(keys[0])
			return nil, nil
		}}
		newLoader(t, g, outer, batch.LoaderConfig{}).Queue(1)
		wait(t, g)
		inner.wantSent(t, "[1]")
	})
}

func TestGoroutinesOfGoroutinesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		g, l := newForever(t, f)
		g.Go(func(ctx context.Context) error {
			for key := range 3 {
				g.Go(func(ctx context.Context) error { return load(ctx, l, key) })
			}
			return load(ctx, l, 3)
		})
		wait(t, g)
		f.wantSent(t, "[0 1 2 3]")
	})
}

// A goroutine that ends is the last that could add.
func TestEndingGoroutineSendsTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		g, l := newForever(t, f)
		g.Go(func(ctx context.Context) error { return load(ctx, l, 1) })
		g.Go(func(ctx context.Context) error {
			time.Sleep(time.Second)
			f.wantSent(t, "")
			return nil
		})
		wait(t, g)
		f.wantSent(t, "[1]")
	})
}

func TestPatienceBoundsTheWaitForABusyGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		g := batch.NewGroup(t.Context(), batch.GroupConfig{Patience: 3 * time.Millisecond})
		l := newLoader(t, g, f, batch.LoaderConfig{})
		for _, begin := range []time.Duration{0, 20 * time.Millisecond} { // the timer is used twice
			g.Go(func(ctx context.Context) error {
				time.Sleep(begin)
				start := time.Now()
				if err := load(ctx, l, int(begin)); err != nil {
					return err
				}
				if got, want := time.Since(start), 3*time.Millisecond; got != want {
					t.Errorf("waited %v at %v, want %v", got, begin, want)
				}
				return nil
			})
		}
		g.Go(func(context.Context) error {
			time.Sleep(time.Second)
			return nil
		})
		wait(t, g)
	})
}

// The timer of one batch must not send the next.
func TestPatienceBeginsAnewWithEachBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		g := batch.NewGroup(t.Context(), batch.GroupConfig{Patience: 10 * time.Millisecond})
		l := newLoader(t, g, f, batch.LoaderConfig{})
		g.Go(func(ctx context.Context) error {
			if err := load(ctx, l, 1); err != nil { // sent at 5 ms by Flush
				return err
			}
			start := time.Now()
			err := load(ctx, l, 2)
			if got, want := time.Since(start), 10*time.Millisecond; got != want {
				t.Errorf("second load waited %v, want %v", got, want)
			}
			return err
		})
		time.Sleep(5 * time.Millisecond)
		l.Flush()
		time.Sleep(time.Second) // the owner is busy
		wait(t, g)
	})
}

func TestParkedGoroutineIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := new(fetcher)
		g, l := newForever(t, f)
		var both sync.WaitGroup
		both.Add(2)
		for key := range 2 {
			g.Go(func(ctx context.Context) error {
				defer both.Done()
				return load(ctx, l, key)
			})
		}
		g.Go(func(ctx context.Context) error {
			g.Park(ctx, both.Wait)
			return load(ctx, l, 2)
		})
		g.Park(t.Context(), both.Wait) // the owner
		wait(t, g)
		f.wantSent(t, "[0 1] [2]")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited = %v, want 0", waited)
		}
	})
}

func TestGoroutineIsWaitedForAgainAfterPark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := new(fetcher)
		g, l := newForever(t, f)
		g.Go(func(ctx context.Context) error {
			g.Park(ctx, func() {})
			g.Go(func(ctx context.Context) error { return load(ctx, l, 2) })
			time.Sleep(time.Second)
			return load(ctx, l, 1)
		})
		wait(t, g)
		f.wantSent(t, "[1 2]")
		if got, want := time.Since(start), time.Second; got != want {
			t.Errorf("waited = %v, want %v", got, want)
		}
	})
}

func TestWaitReturnsTheFirstError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := errors.New("first")
		g := batch.NewGroup(t.Context(), batch.GroupConfig{})
		ended := false
		g.Go(func(context.Context) error { time.Sleep(2 * time.Second); return errors.New("second") })
		g.Go(func(context.Context) error { time.Sleep(1 * time.Second); return want })
		g.Go(func(context.Context) error { time.Sleep(3 * time.Second); ended = true; return nil })
		if err := g.Wait(); !errors.Is(err, want) {
			t.Errorf("Wait() = %v, want %v", err, want)
		}
		if !ended {
			t.Error("Wait returned before the last goroutine ended")
		}
	})
}

func TestWaitPassesOnAPanic(t *testing.T) {
	g := batch.NewGroup(t.Context(), batch.GroupConfig{})
	cause := errors.New("broken")
	g.Go(func(context.Context) error { panic(cause) })
	func() {
		defer func() {
			err, ok := recover().(*batch.PanicError)
			if !ok || !errors.Is(err, cause) || !strings.Contains(string(err.Stack), "group_test.go") {
				t.Errorf("Wait panicked with %v, want a PanicError of %v with its stack", err, cause)
			}
		}()
		_ = g.Wait()
	}()
	wait(t, g) // it is passed on once
}

// A goroutine known to one group is a stranger to another.
func TestGroupsInsideEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		outer := batch.NewGroup(t.Context(), forever)
		l := newLoader(t, outer, f, batch.LoaderConfig{})
		for key := range 2 {
			outer.Go(func(ctx context.Context) error {
				inner := batch.NewGroup(ctx, forever)
				inner.Go(func(ctx context.Context) error { return load(ctx, l, key) })
				return inner.Wait() // known to the outer group by its context
			})
		}
		wait(t, outer)
		f.wantSent(t, "[0 1]")
	})
}
