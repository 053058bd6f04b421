package measure_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/internal/ledger"
	"github.com/hone-go/hone/measure"
)

// serverTiming is the grammar of W3C Server Timing §2.1, with the tokens and
// quoted strings of RFC 9110 §5.6.
var serverTiming = func() *regexp.Regexp {
	const (
		token  = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
		quoted = `"(?:[\t !#-\[\]-~]|\\[\t -~])*"`
		param  = `[ \t]*;[ \t]*` + token + `=(?:` + token + `|` + quoted + `)`
		metric = token + `(?:` + param + `)*`
	)
	return regexp.MustCompile(`^` + metric + `(?:[ \t]*,[ \t]*` + metric + `)*$`)
}()

func TestServerTiming(t *testing.T) {
	query := func(r *http.Request, took time.Duration) {
		l := ledger.From(r.Context())
		l.StatementStart(time.Now())
		time.Sleep(took)
		l.StatementEnd(time.Now(), 1, false)
	}
	call := func(r *http.Request, name string, took time.Duration) {
		s := measure.Span(r.Context(), name)
		time.Sleep(took)
		s.End()
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{
			"nothing spent, nothing written",
			func(http.ResponseWriter, *http.Request) { time.Sleep(2500 * time.Microsecond) },
			"app;dur=2.5",
		},
		{
			"until the header only",
			func(w http.ResponseWriter, r *http.Request) {
				query(r, 3*time.Millisecond)
				_, _ = io.WriteString(w, "x")
				query(r, time.Second)
			},
			`app;dur=3, db;dur=3;desc="1 statement"`,
		},
		{
			"everything",
			func(w http.ResponseWriter, r *http.Request) {
				query(r, time.Millisecond)
				query(r, time.Millisecond)
				ledger.From(r.Context()).AddWait(4 * time.Millisecond)
				call(r, "stripe", 5*time.Millisecond)
				call(r, "stripe", 5*time.Millisecond)
				w.WriteHeader(http.StatusTeapot)
			},
			`app;dur=12, db;dur=2;desc="2 statements", wait;dur=4;desc="for a connection", stripe;dur=10;desc="2 calls"`,
		},
		{
			"names that are not tokens",
			func(_ http.ResponseWriter, r *http.Request) {
				call(r, `say "hi", \wörld;`, time.Millisecond)
				call(r, "", time.Millisecond)
			},
			`app;dur=2, say__hi____w_rld_;dur=1;desc="say \"hi\", \\w?rld;, 1 call", _;dur=1;desc=", 1 call"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRecorder(t, measure.Config{ServerTiming: true}).Handler(tt.handler)
				got := serve(t, h, "GET", "/").Result().Header.Get("Server-Timing")
				if got != tt.want {
					t.Errorf("Server-Timing = %s, want %s", got, tt.want)
				}
				if !serverTiming.MatchString(got) {
					t.Errorf("Server-Timing = %s, which is not well-formed", got)
				}
			})
		})
	}
}

func TestServerTimingJoinsTheHandlers(t *testing.T) {
	h := newRecorder(t, measure.Config{ServerTiming: true}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server-Timing", "render;dur=1")
		w.WriteHeader(http.StatusOK)
	}))
	if got := serve(t, h, "GET", "/").Header().Values("Server-Timing"); len(got) != 2 || got[0] != "render;dur=1" {
		t.Errorf("Server-Timing = %q, want the handler's and ours", got)
	}
}

func TestServerTimingIsBounded(t *testing.T) {
	h := newRecorder(t, measure.Config{ServerTiming: true}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for i := range 64 {
			measure.Span(r.Context(), string(rune('A'+i))).End()
		}
	}))
	if got := len(serve(t, h, "GET", "/").Header().Get("Server-Timing")); got > 1024 {
		t.Errorf("Server-Timing has %d bytes, want at most 1024", got)
	}
}

func TestNoServerTimingByDefault(t *testing.T) {
	w := httptest.NewRecorder()
	newRecorder(t, measure.Config{}).Handler(shop()).ServeHTTP(w, newRequest(t, "GET", "/any"))
	if got := w.Header().Values("Server-Timing"); got != nil {
		t.Errorf("Server-Timing = %q, want none", got)
	}
}

func FuzzServerTimingSpanName(f *testing.F) {
	for _, s := range []string{"stripe", `a"b`, "a\\", "ä\xff", "\r\nSet-Cookie: x", ",;="} {
		f.Add(s)
	}
	rec, err := measure.New(measure.Config{ServerTiming: true, MaxSeries: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := rec.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// Straight into the ledger, past the bounded names of Span.
			ledger.From(r.Context()).AddSpan(r.Context(), name, time.Millisecond)
		}))
		if got := serve(t, h, "GET", "/").Header().Get("Server-Timing"); !serverTiming.MatchString(got) {
			t.Errorf("Server-Timing for span %q = %s, which is not well-formed", name, got)
		}
	})
}
