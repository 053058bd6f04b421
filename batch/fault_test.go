package batch_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/batch"
)

func equal[T comparable](a, b []T) bool { return slices.Equal(a, b) }

var errLost = errors.New("connection lost")

// The answers of a fetch that is broken in some way, and what the loads of 1
// and 2 see.
func TestBrokenFetch(t *testing.T) {
	type answer struct {
		value int
		err   error
	}
	tests := []struct {
		name     string
		before   func(ctx context.Context, keys []int) (map[int]int, error)
		one, two answer
		again    bool // a second load fetches again
	}{
		{
			"too few",
			func(context.Context, []int) (map[int]int, error) { return map[int]int{1: 2}, nil },
			answer{2, nil},
			answer{0, batch.ErrMissing},
			false,
		},
		{
			"foreign keys",
			func(context.Context, []int) (map[int]int, error) { return map[int]int{1: 2, 3: 6}, nil },
			answer{2, nil},
			answer{0, batch.ErrMissing},
			false,
		},
		{
			"error of all",
			func(context.Context, []int) (map[int]int, error) { return map[int]int{1: 2}, errLost },
			answer{0, errLost},
			answer{0, errLost},
			true,
		},
		{
			"error after the keys were changed",
			func(_ context.Context, keys []int) (map[int]int, error) {
				clear(keys)
				return nil, errLost
			},
			answer{0, errLost},
			answer{0, errLost},
			true,
		},
		{
			"error of one key",
			func(_ context.Context, keys []int) (map[int]int, error) {
				return doubled(keys), fmt.Errorf("wrapped: %w", batch.KeyErrors[int]{2: errLost, 1: nil})
			},
			answer{2, nil},
			answer{0, errLost},
			true,
		},
		{
			"error of one key, the other missing",
			func(context.Context, []int) (map[int]int, error) { return nil, batch.KeyErrors[int]{2: errLost} },
			answer{0, batch.ErrMissing},
			answer{0, errLost},
			true,
		},
		{
			"panic with an error",
			func(context.Context, []int) (map[int]int, error) { panic(errLost) },
			answer{0, errLost},
			answer{0, errLost},
			true,
		},
		{
			"keys changed by the fetch",
			func(_ context.Context, keys []int) (map[int]int, error) {
				values := doubled(keys)
				clear(keys)
				return values, nil
			},
			answer{2, nil},
			answer{4, nil},
			false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fetcher{before: tt.before}
			g, l := newForever(t, f)
			for key, want := range map[int]answer{1: tt.one, 2: tt.two} {
				g.Go(func(ctx context.Context) error {
					got, err := l.Load(ctx, key)
					if got != want.value || !errors.Is(err, want.err) || (err == nil) != (want.err == nil) {
						t.Errorf("Load(%d) = %d, %v, want %d, %v", key, got, err, want.value, want.err)
					}
					return nil
				})
			}
			wait(t, g)
			f.wantSent(t, "[1 2]")
			_, _ = l.Load(t.Context(), 2)
			want := "[1 2]"
			if tt.again {
				want = "[1 2] [2]"
			}
			f.wantSent(t, want)
			wait(t, g)
		})
	}
}

func TestPanicAndExitReachOnlyTheirBatch(t *testing.T) {
	f := &fetcher{before: func(_ context.Context, keys []int) (map[int]int, error) {
		if slices.Contains(keys, 1) {
			panic("no such table")
		}
		if slices.Contains(keys, 2) {
			runtime.Goexit()
		}
		return nil, nil
	}}
	g := batch.NewGroup(t.Context(), forever)
	l := newLoader(t, g, f, batch.LoaderConfig{MaxBatch: 1})
	_, err := l.LoadMany(t.Context(), []int{1, 2, 3, 1})
	var byKey batch.KeyErrors[int]
	if !errors.As(err, &byKey) || len(byKey) != 2 {
		t.Fatalf("LoadMany(1, 2, 3) error = %v, want KeyErrors of 1 and 2", err)
	}
	var panicked *batch.PanicError
	if !errors.As(byKey[1], &panicked) || panicked.Value != "no such table" ||
		!strings.Contains(string(panicked.Stack), "fault_test.go") {
		t.Errorf("error of 1 = %v, want a PanicError with its value and stack", byKey[1])
	}
	if err := byKey[2]; err == nil || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("error of 2 = %v, want it to name Goexit", err)
	}
	wait(t, g)
}

func TestCancelledCallerLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := &fetcher{before: func(ctx context.Context, _ []int) (map[int]int, error) {
			select {
			case <-release:
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		g, l := newForever(t, f)
		leave, cancel := context.WithCancel(t.Context())
		g.Go(func(ctx context.Context) error {
			ctx, stop := context.WithCancel(ctx)
			context.AfterFunc(leave, stop)
			_, err := l.Load(ctx, 1)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled Load = %v, want %v", err, context.Canceled)
			}
			return nil
		})
		g.Go(func(ctx context.Context) error { return load(ctx, l, 1) })
		g.Go(func(ctx context.Context) error {
			values, err := l.LoadMany(ctx, []int{1, 2})
			if err != nil || !equal(values, []int{2, 4}) {
				t.Errorf("LoadMany(1, 2) = %v, %v, want 2 and 4", values, err)
			}
			return nil
		})
		g.Park(t.Context(), synctest.Wait)
		cancel()
		synctest.Wait()
		close(release)
		wait(t, g)
		f.wantSent(t, "[1 2]")
	})
}

func TestFetchEndsWhenAllHaveGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		f := &fetcher{before: func(ctx context.Context, _ []int) (map[int]int, error) {
			if ended == 0 {
				<-ctx.Done()
				ended++
			}
			return nil, ctx.Err()
		}}
		g, l := newForever(t, f)
		for range 2 {
			g.Go(func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				if _, err := l.LoadMany(ctx, []int{1, 2}); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("LoadMany = %v, want %v", err, context.DeadlineExceeded)
				}
				return nil
			})
		}
		wait(t, g)
		if ended != 1 {
			t.Errorf("cancelled fetches = %d, want 1", ended)
		}
		// Nothing of the cancelled fetch is remembered.
		if err := load(t.Context(), l, 1); err != nil {
			t.Error(err)
		}
		wait(t, g)
		f.wantSent(t, "[1 2] [1]")
	})
}

// A batch whose callers leave before it is sent is never sent.
func TestBatchOfNobodyIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		g, l := newForever(t, f)
		for key := range 2 {
			g.Go(func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				if _, err := l.Load(ctx, key); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Load = %v, want %v", err, context.DeadlineExceeded)
				}
				return nil
			})
		}
		time.Sleep(2 * time.Second) // the owner is busy
		wait(t, g)
		f.wantSent(t, "")
	})
}

// A promise may still be used by somebody, so it keeps its fetch.
func TestPromiseKeepsTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{before: func(ctx context.Context, _ []int) (map[int]int, error) {
			time.Sleep(2 * time.Second)
			return nil, ctx.Err()
		}}
		g, l := newForever(t, f)
		p := l.Queue(1)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait with a short time = %v, want %v", err, context.DeadlineExceeded)
		}
		if got, err := p.Wait(t.Context()); got != 2 || err != nil {
			t.Errorf("Wait afterwards = %d, %v, want 2", got, err)
		}
		wait(t, g)
		f.wantSent(t, "[1]")
	})
}

func TestContextThatHasEndedAddsNoKey(t *testing.T) {
	f := new(fetcher)
	g, l := newForever(t, f)
	l.Prime(1, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := load(ctx, l, 1); err != nil {
		t.Errorf("a known value: %v", err)
	}
	if _, err := l.Load(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("Load = %v, want %v", err, context.Canceled)
	}
	if _, err := l.LoadMany(ctx, []int{2}); !errors.Is(err, context.Canceled) {
		t.Errorf("LoadMany = %v, want %v", err, context.Canceled)
	}
	wait(t, g)
	f.wantSent(t, "")
}

type traceKey struct{}

// A fetch has the values of the group's context and ends with it, whatever the
// callers' contexts are.
func TestFetchRunsOnTheGroupsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got any
		f := &fetcher{before: func(ctx context.Context, _ []int) (map[int]int, error) {
			got = ctx.Value(traceKey{})
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		request, cancel := context.WithTimeout(context.WithValue(t.Context(), traceKey{}, "trace"), time.Second)
		defer cancel()
		g := batch.NewGroup(request, forever)
		l := newLoader(t, g, f, batch.LoaderConfig{})
		start := time.Now()
		if _, err := l.Load(t.Context(), 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Load = %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != time.Second || got != "trace" {
			t.Errorf("fetch ended after %v with the value %v, want 1s and trace", took, got)
		}
		wait(t, g)
	})
}

func TestErrorTextsHoldNoKeys(t *testing.T) {
	secret := "alice@example.com"
	for _, err := range []error{
		batch.Missing[string]{secret}.Err(),
		batch.KeyErrors[string]{secret: batch.ErrMissing},
		batch.KeyErrors[string]{},
	} {
		if text := err.Error(); !strings.HasPrefix(text, "batch: ") || strings.Contains(text, secret) {
			t.Errorf("error text = %q, want it to begin with batch: and hold no key", text)
		}
	}
}

// A fetch that fails after Clear must not take the newer value with it.
func TestOldFailureLeavesTheNewValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := make(chan struct{})
		calls := 0
		f := &fetcher{before: func(context.Context, []int) (map[int]int, error) {
			if calls++; calls == 1 {
				<-first
				return nil, errLost
			}
			return nil, nil
		}}
		g, l := newForever(t, f)
		old := l.Queue(1)
		l.Flush()
		synctest.Wait()
		l.Clear(1)
		if err := load(t.Context(), l, 1); err != nil {
			t.Errorf("after Clear: %v", err)
		}
		close(first)
		if _, err := old.Wait(t.Context()); !errors.Is(err, errLost) {
			t.Errorf("the load before Clear = %v, want %v", err, errLost)
		}
		if err := load(t.Context(), l, 1); err != nil {
			t.Errorf("remembered: %v", err)
		}
		wait(t, g)
		f.wantSent(t, "[1] [1]")
	})
}

// A hookContext calls hook whenever it is asked whether it has ended, which a
// load does between its look into the cache and its wait.
type hookContext struct {
	context.Context
	hook func()
}

func (c hookContext) Err() error {
	err := c.Context.Err()
	c.hook()
	return err
}

// A caller may leave before the goroutine of its fetch has run at all.
func TestCallerLeavesBeforeTheFetchBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{before: func(ctx context.Context, _ []int) (map[int]int, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		g, l := newForever(t, f)
		for key := range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := l.Load(hookContext{ctx, cancel}, key); !errors.Is(err, context.Canceled) {
				t.Errorf("Load = %v, want %v", err, context.Canceled)
			}
		}
		wait(t, g) // for ever, if a fetch was not told
	})
}

// A batch may be dropped when a caller has seen it and not yet joined it.
func TestBatchIsDroppedBeforeACallerJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		f := &fetcher{before: func(ctx context.Context, _ []int) (map[int]int, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
			}
			return nil, ctx.Err()
		}}
		g, l := newForever(t, f)
		leave, cancel := context.WithCancel(t.Context())
		go func() { _, _ = l.Load(leave, 1) }()
		synctest.Wait()
		ctx := hookContext{t.Context(), func() {
			cancel()
			synctest.Wait()
		}}
		if err := load(ctx, l, 1); err != nil {
			t.Error(err)
		}
		wait(t, g)
		f.wantSent(t, "[1] [1]")
	})
}
