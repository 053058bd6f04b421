package measure_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/measure"
)

func TestParseRequestStart(t *testing.T) {
	at := time.Unix(1700000000, 123456789)
	tests := []struct {
		in   string
		want time.Time
		ok   bool
	}{
		{"t=1700000000.123", at.Truncate(time.Millisecond), true}, // nginx
		{"1700000000.123456789", at, true},
		{"1700000000", at.Truncate(time.Second), true},
		{"1700000000123", at.Truncate(time.Millisecond), true}, // Heroku
		{"t=1700000000123", at.Truncate(time.Millisecond), true},
		{"1700000000123.456", at.Truncate(time.Microsecond), true},
		{"t=1700000000123456", at.Truncate(time.Microsecond), true}, // Apache
		{"1700000000123456789", at, true},
		{"t=1700000000.1234567899999", at, true},                        // more digits than there is use for
		{"1700000000123456789.9999999999999999999", time.Time{}, false}, // the fraction too is bounded
		{"", time.Time{}, false},
		{"t=", time.Time{}, false},
		{"t", time.Time{}, false},
		{"-1700000000", time.Time{}, false},
		{"+1700000000", time.Time{}, false},
		{"1700000000.", time.Time{}, false},
		{".5", time.Time{}, false},
		{"1700000000.1.2", time.Time{}, false},
		{"1700000000 ", time.Time{}, false},
		{"1.7e9", time.Time{}, false},
		{"0x6553f100", time.Time{}, false},
		{"Inf", time.Time{}, false},
		{"42", time.Time{}, false},
		{"9999999999999999999", time.Time{}, false}, // above 2^63
		{"99999999999999999999", time.Time{}, false},
	}
	for _, tt := range tests {
		got, ok := measure.ParseRequestStart(tt.in)
		if ok != tt.ok || !got.Equal(tt.want) {
			t.Errorf("parseRequestStart(%q) = %v, %t, want %v, %t", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzParseRequestStart(f *testing.F) {
	for _, s := range []string{"t=1700000000.123", "1700000000123456789", "t=", "1.", "9999999999999999999"} {
		f.Add(s)
	}
	low, high := time.Unix(1e8, 0), time.Unix(1e11, 0)
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := measure.ParseRequestStart(s)
		if ok && (at.Before(low) || at.After(high)) {
			t.Errorf("parseRequestStart(%q) = %v, want between %v and %v", s, at, low, high)
		}
	})
}

func TestQueueTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(t, measure.Config{})
		h := rec.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		send := func(stamp string) {
			r := httptest.NewRequest("GET", "/", http.NoBody)
			if stamp != "" {
				r.Header.Set("X-Request-Start", stamp)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		ago := func(d time.Duration) string { return fmt.Sprintf("t=%d", time.Now().Add(-d).UnixMicro()) }
		for _, stamp := range []string{"", "junk", ago(-time.Second), ago(time.Hour + time.Second), "1"} {
			send(stamp)
			if q := only(t, rec).Total.Queue; q != nil {
				t.Errorf("after X-Request-Start %q the queue is %+v, want none", stamp, q)
			}
		}
		send(ago(250 * time.Millisecond))
		send(ago(750 * time.Millisecond))
		s := only(t, rec)
		if got := s.Total.Queue; got == nil || got.Count != 2 || got.Max != 750*time.Millisecond || !near(got.Mean, 500*time.Millisecond) {
			t.Errorf("queue = %+v, want 2 of at most 750ms and 500ms on average", got)
		}
		if got := s.Minute.Queue; got == nil || got.Count != 2 {
			t.Errorf("queue in the last minute = %+v, want 2", got)
		}
		if s.Total.Count != 7 {
			t.Errorf("Count = %d, want 7", s.Total.Count)
		}
	})
}
