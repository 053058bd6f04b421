package measure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/measure"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is a recorder with something of everything in it.
func sample(t *testing.T) *measure.Recorder {
	rec := newRecorder(t, measure.Config{})
	for i := range 120 {
		op := rec.Begin(t.Context(), measure.Operation{Method: "GET", Route: "/api/orders"})
		l := ledger.From(op.Context())
		for range 51 {
			l.StatementStart(time.Now())
			time.Sleep(time.Duration(i) * 5 * time.Microsecond)
			l.StatementEnd(time.Now(), 1, false)
		}
		l.AddWait(100 * time.Microsecond)
		op.End(http.StatusOK)
	}
	op := rec.Begin(t.Context(), measure.Operation{Method: "POST", Route: "/api/orders"})
	s := measure.Span(op.Context(), "stripe")
	time.Sleep(1234 * time.Millisecond)
	s.End()
	op.End(http.StatusBadGateway)
	return rec
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s =\n%s\nwant\n%s\n(-update writes it)", name, got, want)
	}
}

func TestWriteText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := sample(t)
		var young, old bytes.Buffer
		if err := rec.Snapshot().WriteText(&young); err != nil {
			t.Fatal(err)
		}
		golden(t, "young.txt", young.Bytes())
		time.Sleep(2 * time.Minute)
		rec.Begin(t.Context(), measure.Operation{Route: "nightly"}).End(http.StatusOK)
		rec.Begin(t.Context(), measure.Operation{Method: "GET", Route: "/api/orders"}) // still under way
		if err := rec.Snapshot().WriteText(&old); err != nil {
			t.Fatal(err)
		}
		golden(t, "old.txt", old.Bytes())
	})
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

func TestWriteTextError(t *testing.T) {
	full := errors.New("disk full")
	if err := newRecorder(t, measure.Config{}).Snapshot().WriteText(failing{full}); !errors.Is(err, full) {
		t.Errorf("WriteText() = %v, want %v", err, full)
	}
}

func TestSnapshotJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := json.MarshalIndent(sample(t).Snapshot(), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "snapshot.json", append(got, '\n'))
		empty, err := json.Marshal(newRecorder(t, measure.Config{}).Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(empty, []byte(`"series":[],"spans":[]`)) {
			t.Errorf("an empty snapshot = %s, want empty lists", empty)
		}
	})
}

func TestSnapshotIsSorted(t *testing.T) {
	rec := newRecorder(t, measure.Config{})
	for _, op := range []measure.Operation{
		{Method: "PUT", Route: "/b"},
		{Method: "GET", Route: "/b"},
		{Method: "GET", Route: "/a"},
		{Route: "/a"},
	} {
		for _, status := range []int{500, 200} {
			o := rec.Begin(t.Context(), op)
			measure.Span(o.Context(), op.Method+op.Route).End()
			o.End(status)
		}
	}
	s := rec.Snapshot()
	want := []string{
		"GET /a 2xx", "GET /a 5xx", "job /a 2xx", "job /a 5xx",
		"GET /b 2xx", "GET /b 5xx", "PUT /b 2xx", "PUT /b 5xx",
	}
	if got := keys(s.Series); !slices.Equal(got, want) {
		t.Errorf("series = %q, want %q", got, want)
	}
	if !slices.IsSortedFunc(s.Spans, func(a, b measure.Spans) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) }) {
		t.Errorf("spans are not sorted: %+v", s.Spans)
	}
}

func TestStatsMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(t, measure.Config{})
		for i := range 60 {
			rec.Observe("/a", time.Duration(1+i)*time.Millisecond)
			rec.Observe("/b", time.Duration(61+i)*time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		s := rec.Snapshot().Series
		got := s[0].Total.Merge(s[1].Total)
		if got.Count != 120 || got.Rate != 12 || !got.Reliable || got.Max != 120*time.Millisecond {
			t.Errorf("Merge() = %d at %v/s, reliable %t, max %v, want 120 at 12/s, true, 120ms",
				got.Count, got.Rate, got.Reliable, got.Max)
		}
		// The median of the union, which is no average of medians.
		if !near(got.P50, 60*time.Millisecond) || !near(got.P95, 114*time.Millisecond) {
			t.Errorf("Merge() p50, p95 = %v, %v, want 60ms, 114ms ± 1.1 %%", got.P50, got.P95)
		}
	})
}

func TestStatsMergeQueue(t *testing.T) {
	var h measure.Histogram
	h.Record(time.Second)
	q := measure.Timing{Count: 1, Rate: 2, Histogram: h.Snapshot()}
	with, without := measure.Stats{Queue: &q}, measure.Stats{}
	for _, tt := range []struct {
		a, b measure.Stats
		want uint64
	}{{without, without, 0}, {with, without, 1}, {without, with, 1}, {with, with, 2}} {
		var got uint64
		if m := tt.a.Merge(tt.b); m.Queue != nil {
			got = m.Queue.Count
		}
		if got != tt.want {
			t.Errorf("Merge().Queue counts %d, want %d", got, tt.want)
		}
	}
}
