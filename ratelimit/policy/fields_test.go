package policy_test

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
)

// now is in the last second of a minute, with a fraction.
var now = time.Date(2026, 5, 23, 12, 30, 59, 250_000_000, time.UTC)

func newFields(t testing.TB, c policy.FieldsConfig) *policy.Fields {
	t.Helper()
	f, err := policy.NewFields(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func quota(name, limit string, remaining int64, reset time.Duration) policy.Quota {
	return policy.Quota{Name: name, Limit: ratelimit.MustParse(limit), Remaining: remaining, ResetAfter: reset}
}

func refused(q policy.Quota, retry time.Duration) policy.Quota {
	q.Refused, q.RetryAfter = true, retry
	return q
}

// The sections are those of draft-ietf-httpapi-ratelimit-headers-11.
func TestFields(t *testing.T) {
	burst := quota("burst", "100/minute", 50, 30*time.Second)
	daily := quota("daily", "1000/day", 100, 10*time.Hour)
	bytesQuota := quota("peruser", "65535/10s", 999, time.Second)
	bytesQuota.Unit, bytesQuota.Partition = "content-bytes", []byte("trial123")
	tests := []struct {
		name   string
		config policy.FieldsConfig
		quotas []policy.Quota
		policy string
		rest   string
		legacy string // limit, remaining, reset
	}{
		{name: "no quota, no field"},
		{
			name: "§3, §4: all, the closest first, policies as given", quotas: []policy.Quota{burst, daily},
			policy: `"burst";q=100;w=60, "daily";q=1000;w=86400`,
			rest:   `"daily";r=100;t=36000, "burst";r=50;t=30`,
		},
		{
			name: "the closest alone", config: policy.FieldsConfig{Closest: true}, quotas: []policy.Quota{burst, daily},
			policy: `"burst";q=100;w=60, "daily";q=1000;w=86400`,
			rest:   `"daily";r=100;t=36000`,
		},
		{
			name: "I#166: the names to come", config: policy.FieldsConfig{Draft: policy.DraftNext}, quotas: []policy.Quota{bytesQuota},
			policy: `"peruser";q=65535;qu="content-bytes";w=10`,
			rest:   `"peruser";a=999;w=1;pk=:dHJpYWwxMjM=:`,
		},
		{
			name: "§3 qu, pk", quotas: []policy.Quota{bytesQuota},
			policy: `"peruser";q=65535;qu="content-bytes";w=10`,
			rest:   `"peruser";r=999;t=1;pk=:dHJpYWwxMjM=:`,
		},
		{
			name: "concurrency has no window", quotas: []policy.Quota{quota("export", "3 concurrent", 1, 20*time.Second)},
			policy: `"export";q=3;qu="concurrent-requests"`,
			rest:   `"export";r=1`,
		},
		{
			name: "refused concurrency says when", quotas: []policy.Quota{refused(quota("export", "3 concurrent", 0, 20*time.Second), 1)},
			policy: `"export";q=3;qu="concurrent-requests"`,
			rest:   `"export";r=0;t=1`,
		},
		{
			name: "w is in whole seconds, above 0", quotas: []policy.Quota{
				quota("a", "1/999ms", 1, 0), quota("b", "1/1001ms", 1, 0), quota("c", "1/s", 1, 0), quota("d", "0/s", 0, 0), quota("e", "0/s burst 5", 0, 0),
			},
			policy: `"a";q=1, "b";q=1;w=2, "c";q=1;w=1, "d";q=0;w=1, "e";q=5`,
			rest:   `"d";r=0, "e";r=0, "a";r=1, "b";r=1, "c";r=1`,
		},
		{
			name: "a burst's window is its refill: q per w is the rate", quotas: []policy.Quota{
				quota("a", "10/s burst 50", 49, 100*time.Millisecond), quota("b", "3/s burst 10", 10, 0), quota("c", "100/minute burst 1", 1, 0),
				quota("d", "60/minute gcra", 60, 0), quota("e", "1000000000/3660 days gcra", 1e9, 0),
			},
			policy: `"a";q=50;w=5, "b";q=10;w=4, "c";q=1, "d";q=60;w=60, "e";q=1000000000;w=316224000`,
			rest:   `"a";r=49;t=1, "b";r=10, "c";r=1, "d";r=60, "e";r=1000000000`,
		},
		{
			name: "t is rounded up, and left out of what is whole", quotas: []policy.Quota{quota("a", "9/minute", 1, 1), quota("b", "9/minute", 2, time.Second), quota("c", "9/minute", 3, time.Second+1), quota("d", "9/minute", 9, 0)},
			policy: `"a";q=9;w=60, "b";q=9;w=60, "c";q=9;w=60, "d";q=9;w=60`,
			rest:   `"a";r=1;t=1, "b";r=2;t=1, "c";r=3;t=2, "d";r=9`,
		},
		{
			name: "a refusal without a wait has no t", quotas: []policy.Quota{refused(quota("a", "9/minute", 0, time.Hour), 0)},
			policy: `"a";q=9;w=60`,
			rest:   `"a";r=0`,
		},
		{
			name: "what refused comes first, the longest wait first; t is that wait", quotas: []policy.Quota{
				quota("a", "9/minute", 0, time.Hour),
				refused(quota("b", "9/minute", 8, time.Hour), 1500*time.Millisecond),
				refused(quota("c", "9/minute", 0, time.Hour), 5*time.Second),
				refused(quota("d", "9/minute", 3, time.Hour), ratelimit.Never),
				quota("e", "9/minute", 1, time.Hour),
			},
			policy: `"a";q=9;w=60, "b";q=9;w=60, "c";q=9;w=60, "d";q=9;w=60, "e";q=9;w=60`,
			rest:   `"d";r=3, "c";r=0;t=5, "b";r=8;t=2, "a";r=0;t=61, "e";r=1;t=61`,
		},
		{
			name: "a sliding window admits again after a period and a step, long before it is whole", config: policy.FieldsConfig{Legacy: policy.LegacyDelta}, quotas: []policy.Quota{
				quota("a", "1/day", 0, 48*time.Hour), quota("b", "9/minute", 0, 61*time.Second), quota("c", "9/minute", 0, time.Minute),
				quota("d", "9/minute burst 18", 0, 2*time.Minute),
			},
			policy: `"a";q=1;w=86400, "b";q=9;w=60, "c";q=9;w=60, "d";q=18;w=120`,
			rest:   `"a";r=0;t=86401, "d";r=0;t=120, "b";r=0;t=61, "c";r=0;t=60`,
			legacy: "1 0 172800",
		},
		{
			name: "equal shares: the longer reset first, then as given", quotas: []policy.Quota{
				quota("a", "10/minute", 5, 5*time.Second), quota("b", "100/minute", 50, 7*time.Second), quota("c", "2/minute", 1, 7*time.Second),
			},
			policy: `"a";q=10;w=60, "b";q=100;w=60, "c";q=2;w=60`,
			rest:   `"b";r=50;t=7, "c";r=1;t=7, "a";r=5;t=5`,
		},
		{
			name: "§4 r is required: what is not known is left out, or 0 of a refusal", config: policy.FieldsConfig{Legacy: policy.LegacyDelta}, quotas: []policy.Quota{
				quota("a", "9/minute", -1, time.Second), refused(quota("b", "9/minute", -1, 20*time.Second), 2*time.Second), quota("c", "9/minute", 9, 0),
			},
			policy: `"a";q=9;w=60, "b";q=9;w=60, "c";q=9;w=60`,
			rest:   `"b";r=0;t=2, "c";r=9`,
			legacy: "9 0 20",
		},
		{
			name: "nothing known", config: policy.FieldsConfig{Legacy: policy.LegacyDelta}, quotas: []policy.Quota{quota("a", "9/minute", -1, time.Second)},
			policy: `"a";q=9;w=60`,
		},
		{
			name: "RFC 9651 §4.1.6: strings are escaped, and fail beyond ASCII", quotas: []policy.Quota{
				quota(`a\"b ~`, "9/minute", 9, 0), quota("é", "9/minute", 0, 0), quota("x\ny", "9/minute", 0, 0), quota("", "9/minute", 0, 0), quota("\x7f", "9/minute", 0, 0),
			},
			policy: `"a\\\"b ~";q=9;w=60`,
			rest:   `"a\\\"b ~";r=9`,
		},
		{
			name: "RFC 9651 §3.3.1: integers have 15 digits", quotas: []policy.Quota{
				{Name: "a", Limit: ratelimit.Limit{Amount: math.MaxInt64, Period: time.Second}, Remaining: math.MaxInt64, ResetAfter: math.MaxInt64},
			},
			policy: `"a";q=999999999999999;w=1`,
			rest:   `"a";r=999999999999999;t=2`,
		},
		{
			name: "a refill longer than all time has no window", quotas: []policy.Quota{
				{Name: "a", Limit: ratelimit.Limit{Strategy: ratelimit.GCRA, Amount: 1, Period: ratelimit.MaxPeriod, Burst: ratelimit.MaxAmount}},
			},
			policy: `"a";q=1000000000`,
			rest:   `"a";r=0`,
		},
		{
			name: "older fields alone", config: policy.FieldsConfig{Draft: policy.NoDraft, Legacy: policy.LegacyDelta}, quotas: []policy.Quota{burst, daily},
			legacy: "1000 100 36000",
		},
		{
			name:   "the epoch is rounded up",
			config: policy.FieldsConfig{Draft: policy.NoDraft, Legacy: policy.LegacyEpoch}, quotas: []policy.Quota{burst},
			legacy: "100 50 1779539490",
		},
		{
			name:   "a whole epoch is not",
			config: policy.FieldsConfig{Draft: policy.NoDraft, Legacy: policy.LegacyEpoch}, quotas: []policy.Quota{quota("a", "9/minute", 1, 750*time.Millisecond)},
			legacy: "9 1 1779539460",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			newFields(t, tt.config).Write(h, tt.quotas, now)
			if got := h.Get("RateLimit-Policy"); got != tt.policy {
				t.Errorf("RateLimit-Policy = %s, want %s", got, tt.policy)
			}
			if got := h.Get("RateLimit"); got != tt.rest {
				t.Errorf("RateLimit = %s, want %s", got, tt.rest)
			}
			legacy := strings.TrimSpace(h.Get("X-RateLimit-Limit") + " " + h.Get("X-RateLimit-Remaining") + " " + h.Get("X-RateLimit-Reset"))
			if legacy != tt.legacy {
				t.Errorf("X-RateLimit-Limit, -Remaining, -Reset = %q, want %q", legacy, tt.legacy)
			}
			for _, name := range []string{"RateLimit-Policy", "RateLimit"} {
				checkRoundTrip(t, h, name)
			}
		})
	}
}

// checkRoundTrip reads a field by a strict parser of RFC 9651, and has it write
// the same.
func checkRoundTrip(t *testing.T, h http.Header, name string) {
	t.Helper()
	lines := h.Values(name)
	if len(lines) == 0 {
		return
	}
	list, err := httpsfv.UnmarshalList(lines)
	if err != nil {
		t.Errorf("%s: %q is no List: %v", name, lines, err)
		return
	}
	if text, err := httpsfv.Marshal(list); err != nil || text != strings.Join(lines, ", ") {
		t.Errorf("%s: %q is written as %q, %v", name, lines, text, err)
	}
}

// FuzzFields reads back what was written.
func FuzzFields(f *testing.F) {
	f.Add("login", "requests", []byte("key"), uint8(0), int64(5), int64(time.Minute), int64(0), int64(3), int64(time.Second), int64(0), false)
	f.Add(`"\`, "content-bytes", []byte{}, uint8(3), int64(10), int64(time.Second), int64(50), int64(-1), int64(7), int64(1e18), true)
	fields := newFields(f, policy.FieldsConfig{Legacy: policy.LegacyEpoch, RetryJitter: 1})
	f.Fuzz(func(t *testing.T, name, unit string, partition []byte, strategy uint8, amount, period, burst, remaining, retry, reset int64, refused bool) {
		q := policy.Quota{
			Name: name, Unit: unit, Partition: partition,
			Limit:     ratelimit.Limit{Strategy: ratelimit.Strategy(strategy), Amount: amount, Period: time.Duration(period), Burst: burst},
			Remaining: remaining, RetryAfter: time.Duration(retry), ResetAfter: time.Duration(reset), Refused: refused,
		}
		if q.Limit.Validate() != nil || remaining > ratelimit.MaxAmount {
			return
		}
		h := http.Header{}
		fields.Write(h, []policy.Quota{q, q}, now)
		for _, field := range []string{"RateLimit-Policy", "RateLimit"} {
			lines := h.Values(field)
			told := policy.CheckName(name) == nil && (field == "RateLimit-Policy" || remaining >= 0 || refused)
			if told != (len(lines) == 1) {
				t.Fatalf("%s of %+v = %q", field, q, lines)
			}
			checkRoundTrip(t, h, field)
			list, _ := httpsfv.UnmarshalList(lines)
			for _, member := range list {
				item := member.(httpsfv.Item)
				if item.Value != name {
					t.Errorf("%s of %q names %v", field, name, item.Value)
				}
				if pk, ok := item.Params.Get("pk"); ok && !bytes.Equal(pk.([]byte), partition) {
					t.Errorf("pk of %q is %q", partition, pk)
				}
				if w, ok := item.Params.Get("w"); ok && w.(int64) < 1 {
					t.Errorf("w of %s is %d", q.Limit, w)
				}
			}
		}
		fields.WriteRetryAfter(h, http.StatusTooManyRequests, q.RetryAfter, now)
	})
}

// Of any two, in either order, the one that governs more is the closest.
func TestClosest(t *testing.T) {
	f := newFields(t, policy.FieldsConfig{Closest: true})
	order := []policy.Quota{
		refused(quota("a", "9/minute", 8, 0), ratelimit.Never),
		refused(quota("b", "9/minute", 8, 0), time.Hour),
		refused(quota("c", "9/minute", -1, 0), time.Minute),
		refused(quota("d", "9/minute", 8, 0), time.Minute),
		quota("e", "9/minute", 0, time.Hour),
		quota("f", "9/minute", 0, time.Minute),
		quota("g", "900/minute", 100, time.Hour),
		quota("h", "9/minute", 8, time.Hour),
		quota("i", "9/minute", -1, time.Hour),
	}
	for i, first := range order {
		for _, second := range order[i+1:] {
			for _, quotas := range [][]policy.Quota{{first, second}, {second, first}} {
				h := http.Header{}
				f.Write(h, quotas, now)
				if got := h.Get("RateLimit"); !strings.HasPrefix(got, `"`+first.Name+`"`) {
					t.Errorf("%s and %s: RateLimit = %s, want that of %s", quotas[0].Name, quotas[1].Name, got, first.Name)
				}
			}
		}
	}
}

func TestFieldsOfTwoLimiters(t *testing.T) {
	f := newFields(t, policy.FieldsConfig{Legacy: policy.LegacyDelta, LegacyNames: policy.LegacyNames{Reset: "x-quota-reset"}})
	h := http.Header{}
	f.Write(h, []policy.Quota{quota("app", "9/minute", 8, time.Second)}, now)
	f.Write(h, []policy.Quota{quota("route", "5/minute", 4, 2*time.Second)}, now)
	if got, want := strings.Join(h.Values("RateLimit"), "\n"), "\"app\";r=8;t=1\n\"route\";r=4;t=2"; got != want {
		t.Errorf("RateLimit = %s, want both lines", got)
	}
	if got := h.Values("X-Quota-Reset"); len(got) != 1 || got[0] != "2" || h.Get("X-RateLimit-Reset") != "" {
		t.Errorf("X-Quota-Reset = %q, want the later one alone", got)
	}
}

// A slice that two headers share is not written to.
func TestFieldsOfSharedHeader(t *testing.T) {
	f := newFields(t, policy.FieldsConfig{})
	lines := append(make([]string, 0, 4), `"proxy";r=1`)
	a, b := http.Header{"Ratelimit": lines}, http.Header{"Ratelimit": lines}
	f.Write(a, []policy.Quota{quota("a", "9/minute", 8, time.Second)}, now)
	f.Write(b, []policy.Quota{quota("b", "9/minute", 8, time.Second)}, now)
	if got, want := a.Values("RateLimit")[1], `"a";r=8;t=1`; got != want {
		t.Errorf("RateLimit = %s, want %s", got, want)
	}
}

func TestFieldsConfig(t *testing.T) {
	_, err := policy.NewFields(policy.FieldsConfig{
		Draft: 3, Legacy: 3, LegacyNames: policy.LegacyNames{Limit: "X Limit"}, RetryJitter: math.NaN(),
	})
	for _, want := range []string{"FieldsConfig.Draft is 3", "FieldsConfig.Legacy is 3", `"X Limit"`, "FieldsConfig.RetryJitter is NaN"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewFields = %v, want an error with %s", err, want)
		}
	}
}

func TestCheckName(t *testing.T) {
	for name, want := range map[string]bool{"login": true, " ~\"\\": true, "": false, "a\x7f": false, "a\x1f": false, "é": false, "\xff": false} {
		if err := policy.CheckName(name); (err == nil) != want {
			t.Errorf("CheckName(%q) = %v, want ok = %t", name, err, want)
		}
	}
}

// RFC 9110 §10.2.3.
func TestRetryAfter(t *testing.T) {
	const dateIn90s = "Sat, 23 May 2026 12:32:29 GMT" // 89.75 s after now
	tests := []struct {
		status int
		wait   time.Duration
		before []string
		want   string
	}{
		{429, 0, nil, "1"},
		{429, 1, nil, "1"},
		{429, time.Second, nil, "1"},
		{503, time.Second + 1, nil, "2"},
		{429, math.MaxInt64, nil, "9223372037"},
		{200, time.Second, nil, ""},
		{403, 9 * time.Second, []string{"7"}, "7"},
		{429, ratelimit.Never, nil, ""},
		{429, ratelimit.Never, []string{"7"}, "7"},
		{429, 90 * time.Second, []string{"7"}, "90"},
		{429, 90 * time.Second, []string{"91"}, "91"},
		{429, 90 * time.Second, []string{"99999999999999999999"}, "99999999999999999999"},
		{429, 89 * time.Second, []string{dateIn90s}, dateIn90s},
		{429, 90 * time.Second, []string{dateIn90s}, "90"},
		{429, 5 * time.Second, []string{"Sat, 23 May 2026 12:30:00 GMT"}, "5"},
		{429, 5 * time.Second, []string{"soon"}, "5"},
		{429, 5 * time.Second, []string{"-7"}, "5"},
		{429, 5 * time.Second, []string{"6", "8", "7"}, "8"},
	}
	f := newFields(t, policy.FieldsConfig{})
	for _, tt := range tests {
		h := http.Header{}
		if tt.before != nil {
			h["Retry-After"] = tt.before
		}
		f.WriteRetryAfter(h, tt.status, tt.wait, now)
		if got := strings.Join(h.Values("Retry-After"), ", "); got != tt.want {
			t.Errorf("status %d, wait %s, %q before: Retry-After = %q, want %q", tt.status, tt.wait, tt.before, got, tt.want)
		}
	}
}

func TestRetryJitter(t *testing.T) {
	f := newFields(t, policy.FieldsConfig{RetryJitter: 0.5})
	seen := map[string]bool{}
	for range 500 {
		h := http.Header{}
		f.WriteRetryAfter(h, http.StatusTooManyRequests, 10*time.Second, now)
		seen[h.Get("Retry-After")] = true
	}
	// 10 s is drawn once in 2^53 times; 15 s is the bound.
	for _, want := range []string{"11", "12", "13", "14", "15"} {
		if !seen[want] {
			t.Errorf("Retry-After was never %s in 500 draws", want)
		}
		delete(seen, want)
	}
	if delete(seen, "10"); len(seen) != 0 {
		t.Errorf("Retry-After was %v as well, want 10 to 15", seen)
	}
}

func BenchmarkFields(b *testing.B) {
	f := newFields(b, policy.FieldsConfig{Legacy: policy.LegacyDelta})
	quotas := []policy.Quota{quota("burst", "100/minute", 50, 30*time.Second), quota("daily", "1000/day", 100, 10*time.Hour)}
	h := http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		clear(h)
		f.Write(h, quotas, now)
	}
}

// Who has used a quota up and then waits for as long as RateLimit says is
// admitted, and need not wait much longer than that takes.
func TestWaitingForTheWindowIsEnough(t *testing.T) {
	for _, tt := range []struct {
		limit string
		least time.Duration // after which something is admitted
	}{
		{"1/day", 24 * time.Hour},
		{"3/minute", time.Minute},
		{"7/1500ms", 1500 * time.Millisecond},
		{"3/minute fixed", time.Minute},
		{"3/minute moving", time.Minute},
		{"3/minute gcra", time.Minute}, // it says when all is back
	} {
		synctest.Test(t, func(t *testing.T) {
			table := newTable(t, application(limit("p", tt.limit)))
			h := table.Handler(http.NotFoundHandler())
			var told string
			for range ratelimit.MustParse(tt.limit).Amount {
				told = serve(h, request("GET /")).Header().Get("RateLimit")
			}
			var wait int64
			if _, err := fmt.Sscanf(told, `"p";r=0;t=%d`, &wait); err != nil {
				t.Fatalf("%s, used up: RateLimit = %q, want r=0 and t", tt.limit, told)
			}
			if got := time.Duration(wait) * time.Second; got < tt.least || got > tt.least+2*time.Second {
				t.Errorf("%s, used up: RateLimit = %q, want t of about %s", tt.limit, told, tt.least)
			}
			time.Sleep(time.Duration(wait) * time.Second)
			if got := serve(h, request("GET /")).Code; got == http.StatusTooManyRequests {
				t.Errorf("%s, used up, %d seconds later = 429, want it admitted", tt.limit, wait)
			}
		})
	}
}
