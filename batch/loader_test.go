package batch_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/batch"
)

func TestNewLoaderNamesWhatIsMissing(t *testing.T) {
	_, err := batch.NewLoader[int, int](nil, nil, batch.LoaderConfig{})
	for _, want := range []string{"needs a group", "needs a fetch"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewLoader(nil, nil) error = %v, want it to say %q", err, want)
		}
	}
}

func TestMaxBatch(t *testing.T) {
	tests := []struct {
		name     string
		maxBatch int
		want     string
	}{
		{"two", 2, "[0 1] [2 3] [4]"},
		{"one", 1, "[0] [1] [2] [3] [4]"},
		{"exact", 5, "[0 1 2 3 4]"},
		{"none", -1, "[0 1 2 3 4]"},
		{"default", 0, "[0 1 2 3 4]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := new(fetcher)
			g := batch.NewGroup(t.Context(), forever)
			l := newLoader(t, g, f, batch.LoaderConfig{MaxBatch: tt.maxBatch})
			if _, err := l.LoadMany(t.Context(), []int{0, 1, 1, 2, 0, 3, 4}); err != nil {
				t.Error(err)
			}
			wait(t, g)
			f.wantSent(t, tt.want)
		})
	}
}

// However many batches a load makes, the pool lends it few connections.
func TestMaxFetches(t *testing.T) {
	tests := []struct{ maxFetches, want int }{{1, 1}, {3, 3}, {0, 4}, {-1, 10}}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var flying, most int
			var mu sync.Mutex
			f := &fetcher{before: func(_ context.Context, keys []int) (map[int]int, error) {
				mu.Lock()
				flying++
				most = max(most, flying)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				flying--
				mu.Unlock()
				switch keys[0] { // a place is given on, however a fetch ends
				case 0:
					panic("lost")
				case 1:
					runtime.Goexit()
				case 2:
					return nil, errLost
				}
				return nil, nil
			}}
			g := batch.NewGroup(t.Context(), forever)
			l := newLoader(t, g, f, batch.LoaderConfig{MaxBatch: 1, MaxFetches: tt.maxFetches})
			start := time.Now()
			_, err := l.LoadMany(t.Context(), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
			var errs batch.KeyErrors[int]
			if !errors.As(err, &errs) || len(errs) != 3 {
				t.Errorf("LoadMany = %v, want errors of 3 keys", err)
			}
			rounds := (10 + tt.want - 1) / tt.want
			if took := time.Since(start); most != tt.want || took != time.Duration(rounds)*time.Second {
				t.Errorf("with MaxFetches %d, %d fetches ran at a time, for %v, want %d for %d s", tt.maxFetches, most, took, tt.want, rounds)
			}
			wait(t, g)
		})
	}
}

// Callers of batches in line may leave: those are never fetched, and Wait
// does not wait for more than what flies.
func TestBatchInLineIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{before: func(context.Context, []int) (map[int]int, error) {
			time.Sleep(2 * time.Second)
			return nil, nil
		}}
		g := batch.NewGroup(t.Context(), forever)
		l := newLoader(t, g, f, batch.LoaderConfig{MaxBatch: 1, MaxFetches: 1})
		first := l.Queue(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.LoadMany(ctx, []int{2, 3}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("LoadMany = %v, want %v", err, context.DeadlineExceeded)
		}
		start := time.Now()
		wait(t, g)
		if took := time.Since(start); took != time.Second {
			t.Errorf("Wait took %v, want 1s, the rest of the first batch", took)
		}
		if got, err := first.Wait(t.Context()); got != 2 || err != nil {
			t.Errorf("the first batch = %d, %v, want 2", got, err)
		}
		f.wantSent(t, "[1]")
		if err := load(t.Context(), l, 2); err != nil { // its place in line is free
			t.Error(err)
		}
	})
}

func TestLoadManyKeepsTheOrder(t *testing.T) {
	f := new(fetcher)
	g, l := newForever(t, f)
	l.Prime(2, 100)
	for range 2 { // the second time from memory
		got, err := l.LoadMany(t.Context(), []int{3, 2, 1, 3})
		if want := []int{6, 100, 2, 6}; err != nil || !equal(got, want) {
			t.Errorf("LoadMany(3, 2, 1, 3) = %v, %v, want %v", got, err, want)
		}
	}
	if got, err := l.LoadMany(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("LoadMany() = %v, %v, want nothing", got, err)
	}
	wait(t, g)
	f.wantSent(t, "[1 3]")
}

func TestValuesAreRemembered(t *testing.T) {
	f := new(fetcher)
	g, l := newForever(t, f)
	for range 3 {
		if err := load(t.Context(), l, 1); err != nil {
			t.Error(err)
		}
	}
	f.wantSent(t, "[1]")

	l.Clear(1)
	if err := load(t.Context(), l, 1); err != nil {
		t.Error(err)
	}
	f.wantSent(t, "[1] [1]")
	wait(t, g)
}

func TestPrime(t *testing.T) {
	f := new(fetcher)
	g, l := newForever(t, f)
	for i, want := range []bool{true, false} {
		if got := l.Prime(1, 7+i); got != want {
			t.Errorf("Prime(1) call %d = %t, want %t", i+1, got, want)
		}
	}
	if got, err := l.Load(t.Context(), 1); got != 7 || err != nil {
		t.Errorf("Load(1) = %d, %v, want 7", got, err)
	}
	if got, err := l.Queue(1).Wait(t.Context()); got != 7 || err != nil {
		t.Errorf("Queue(1).Wait = %d, %v, want 7", got, err)
	}
	queued := l.Queue(2)
	if l.Prime(2, 9) {
		t.Error("Prime of a key that is being loaded = true, want false")
	}
	if got, err := queued.Wait(t.Context()); got != 4 || err != nil {
		t.Errorf("Queue(2).Wait = %d, %v, want 4", got, err)
	}
	wait(t, g)
	f.wantSent(t, "[2]")
}

func TestQueuedKeysAreOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := new(fetcher)
		g, l := newForever(t, f)
		var promises []batch.Promise[int, int]
		for key := range 4 {
			promises = append(promises, l.Queue(key/2))
		}
		for i, p := range promises {
			for range 2 {
				if got, err := p.Wait(t.Context()); err != nil || got != i/2*2 {
					t.Errorf("promise %d = %d, %v, want %d", i, got, err, i/2*2)
				}
			}
		}
		f.wantSent(t, "[0 1]")

		l.Queue(5) // for nobody: Wait sends it
		wait(t, g)
		f.wantSent(t, "[0 1] [5]")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited = %v, want 0", waited)
		}
	})
}

func TestFlushDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fetcher)
		g, l := newForever(t, f)
		l.Flush() // of nothing
		p := l.Queue(1)
		f.wantSent(t, "")
		l.Flush()
		synctest.Wait()
		f.wantSent(t, "[1]")
		if got, err := p.Wait(t.Context()); got != 2 || err != nil {
			t.Errorf("Wait = %d, %v, want 2", got, err)
		}
		wait(t, g)
	})
}

// Clear during a fetch: those who asked before get its answer, those who ask
// afterwards a new one, and the old answer is not remembered.
func TestClearDuringFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := make(chan struct{})
		calls := 0
		f := &fetcher{before: func(context.Context, []int) (map[int]int, error) {
			if calls++; calls == 1 {
				<-first
				return map[int]int{1: 100}, nil
			}
			return nil, nil
		}}
		g, l := newForever(t, f)
		old := l.Queue(1)
		l.Clear(1) // not sent yet: nothing to forget
		l.Flush()
		synctest.Wait()
		l.Clear(1)
		if err := load(t.Context(), l, 1); err != nil {
			t.Errorf("after Clear: %v", err)
		}
		close(first)
		if got, err := old.Wait(t.Context()); got != 100 || err != nil {
			t.Errorf("the load before Clear = %d, %v, want 100", got, err)
		}
		if err := load(t.Context(), l, 1); err != nil {
			t.Errorf("remembered: %v", err)
		}
		wait(t, g)
		f.wantSent(t, "[1] [1]")
	})
}

func TestLoaderOfInterfaceKeysSurvivesAKeyThatCannotBeOne(t *testing.T) {
	g := batch.NewGroup(t.Context(), forever)
	l, err := batch.NewLoader(g, func(_ context.Context, keys []any) (map[any]int, error) {
		return map[any]int{keys[0]: 1}, nil
	}, batch.LoaderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Load of a slice as key did not panic, as a map would")
			}
		}()
		_, _ = l.Load(t.Context(), []int{1})
	}()
	if got, err := l.Load(t.Context(), "a"); got != 1 || err != nil {
		t.Errorf("the next Load = %d, %v, want 1", got, err)
	}
	wait(t, g)
}

func TestKnownLoadAllocatesNothing(t *testing.T) {
	g := batch.NewGroup(t.Context(), forever)
	l := newLoader(t, g, new(fetcher), batch.LoaderConfig{})
	ctx := t.Context()
	if err := load(ctx, l, 1); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = l.Load(ctx, 1) }); got != 0 {
		t.Errorf("allocations = %v, want 0", got)
	}
	wait(t, g)
}
