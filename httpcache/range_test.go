package httpcache_test

import (
	"bytes"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/httpcache"
)

func TestParseRange(t *testing.T) {
	type ranges = []httpcache.ByteRange
	tests := []struct {
		clause string
		field  string
		size   int64
		want   ranges
		ok     bool
	}{
		{"14.1.2 first and last", "bytes=0-4", 10, ranges{{0, 5}}, true},
		{"14.1.2 one byte", "bytes=9-9", 10, ranges{{9, 10}}, true},
		{"14.1.2 last beyond the end", "bytes=5-99", 10, ranges{{5, 10}}, true},
		{"14.1.2 last beyond any number", "bytes=5-99999999999999999999999", 10, ranges{{5, 10}}, true},
		{"14.1.2 open", "bytes=7-", 10, ranges{{7, 10}}, true},
		{"14.1.2 suffix", "bytes=-3", 10, ranges{{7, 10}}, true},
		{"14.1.2 suffix longer than the body", "bytes=-99", 10, ranges{{0, 10}}, true},
		{"14.1.2 suffix of nothing", "bytes=-0", 10, nil, true},
		{"14.1.2 first beyond the end", "bytes=10-", 10, nil, true},
		{"14.1.2 first beyond any number", "bytes=99999999999999999999999-", 10, nil, true},
		{"14.1.1 last before first", "bytes=5-4", 10, nil, false},
		{"14.1.1 no number", "bytes=-", 10, nil, false},
		{"14.1.1 no dash", "bytes=5", 10, nil, false},
		{"14.1.1 sign", "bytes=+1-2", 10, nil, false},
		{"14.1.1 space within", "bytes=1 - 2", 10, nil, false},
		{"14.1.1 nothing", "bytes=", 10, nil, false},
		{"14.1 unit in another case", "BYTES=0-0", 10, ranges{{0, 1}}, true},
		{"14.2 another unit is ignored", "lines=0-0", 10, nil, false},
		{"14.2 no unit", "0-0", 10, nil, false},
		{"14.2 several", "bytes=0-0, -1", 10, ranges{{0, 1}, {9, 10}}, true},
		{"14.2 the order asked for", "bytes=8-9,0-1", 10, ranges{{8, 10}, {0, 2}}, true},
		{"14.2 only those that are there", "bytes=0-0,20-30", 10, ranges{{0, 1}}, true},
		{"14.2 none that is there", "bytes=20-30,40-", 10, nil, true},
		{"14.2 one is wrong", "bytes=0-0,x", 10, nil, false},
		{"5.6.1 empty elements", "bytes=,0-0,, 2-2 ,", 10, ranges{{0, 1}, {2, 3}}, true},
		{"17.15 overlapping, more than the body", "bytes=0-,0-", 10, nil, false},
		{"17.15 too many", "bytes=" + strings.Repeat("0-0,", httpcache.MaxRanges+1), 1000, nil, false},
		{"17.15 too many that are not there", "bytes=" + strings.Repeat("5-,", httpcache.MaxRanges+1), 2, nil, false},
		{"an empty body is sent whole", "bytes=0-", 0, nil, false},
	}
	for _, tt := range tests {
		got, ok := httpcache.ParseRange([]string{tt.field}, tt.size)
		if !slices.Equal(got, tt.want) && tt.ok || ok != tt.ok {
			t.Errorf("%s: ParseRange(%q, %d) = %v, %t, want %v, %t", tt.clause, tt.field, tt.size, got, ok, tt.want, tt.ok)
		}
	}
	if _, ok := httpcache.ParseRange([]string{"bytes=0-0", "bytes=1-1"}, 10); ok {
		t.Error("ParseRange(two lines) is ok, want ignored")
	}
}

// obviousRange reads a Range field as the grammar is written, with numbers of
// any size.
func obviousRange(field string, size int64) (ranges []httpcache.ByteRange, ok bool) {
	grammar := regexp.MustCompile(`^(?i:bytes)=[ \t]*(?s:(.*))$`)
	spec := regexp.MustCompile(`^(?:([0-9]+)-([0-9]*)|-([0-9]+))$`)
	m := grammar.FindStringSubmatch(field)
	if m == nil || size == 0 {
		return nil, false
	}
	number := func(s string) *big.Int { n, _ := new(big.Int).SetString(s, 10); return n }
	end := big.NewInt(size)
	asked, sum := 0, int64(0)
	for element := range strings.SplitSeq(m[1], ",") {
		element = strings.Trim(element, " \t")
		if element == "" {
			continue
		}
		asked++
		s := spec.FindStringSubmatch(element)
		if s == nil {
			return nil, false
		}
		from, to := new(big.Int), new(big.Int).Set(end)
		switch {
		case s[3] != "":
			if from.Sub(end, number(s[3])); from.Sign() < 0 {
				from.SetInt64(0)
			}
		default:
			from = number(s[1])
			if s[2] != "" {
				last := number(s[2])
				if last.Cmp(from) < 0 {
					return nil, false
				}
				if last.Add(last, big.NewInt(1)); last.Cmp(end) < 0 {
					to = last
				}
			}
		}
		if from.Cmp(to) < 0 {
			ranges = append(ranges, httpcache.ByteRange{Start: from.Int64(), End: to.Int64()})
			sum += to.Int64() - from.Int64()
		}
	}
	return ranges, asked > 0 && asked <= httpcache.MaxRanges && sum <= size
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{
		"bytes=0-4", "bytes=-3", "bytes=7-", "bytes=0-0, -1", "bytes=5-4", "BYTES=,1-,", "bytes=0-99999999999999999999",
		"bytes=18446744073709551616-", "bytes=-0", "lines=1-2", "bytes=" + strings.Repeat("0-0,", 40), "bytes= 1-2\t,3-4",
	} {
		f.Add(s, uint16(10))
	}
	f.Fuzz(func(t *testing.T, field string, size uint16) {
		got, ok := httpcache.ParseRange([]string{field}, int64(size))
		want, wantOK := obviousRange(field, int64(size))
		if ok != wantOK || ok && !slices.Equal(got, want) {
			t.Errorf("ParseRange(%q, %d) = %v, %t, want %v, %t", field, size, got, ok, want, wantOK)
		}
	})
}

// serve answers a request from a complete body of 26 letters.
func serve(r *http.Request, header http.Header, body []byte) *http.Response {
	w := httptest.NewRecorder()
	for name, lines := range header {
		w.Header()[name] = lines
	}
	_ = httpcache.ServeComplete(w, r, body, modified.Add(time.Hour))
	return w.Result()
}

var letters = []byte("abcdefghijklmnopqrstuvwxyz")

func TestServeComplete(t *testing.T) {
	tagged := fields("ETag", `"v1"`, "Last-Modified", noon, "Content-Type", "text/x-letters", "Cache-Control", "max-age=60")
	weak := fields("ETag", `W/"v1"`, "Content-Type", "text/x-letters")
	tests := []struct {
		clause       string
		method       string
		request      http.Header
		response     http.Header
		status       int
		body         string
		contentRange string
	}{
		{"15.3.1 all of it", "GET", fields(), tagged, 200, string(letters), ""},
		{"15.3.7.1 a part", "GET", fields("Range", "bytes=1-3"), tagged, 206, "bcd", "bytes 1-3/26"},
		{"15.3.7.1 the end", "GET", fields("Range", "bytes=-2"), tagged, 206, "yz", "bytes 24-25/26"},
		{"15.5.17 nothing there", "GET", fields("Range", "bytes=26-"), tagged, 416, "Requested Range Not Satisfiable\n", "bytes */26"},
		{"14.2 HEAD has no range", "HEAD", fields("Range", "bytes=1-3"), tagged, 200, "", ""},
		{"14.2 a wrong range is ignored", "GET", fields("Range", "bytes=3-1"), tagged, 200, string(letters), ""},
		{"15.3.7.2 one part left of two", "GET", fields("Range", "bytes=0-0,99-"), tagged, 206, "a", "bytes 0-0/26"},
		{"13.1.5 If-Range: equal", "GET", fields("Range", "bytes=1-3", "If-Range", `"v1"`), tagged, 206, "bcd", "bytes 1-3/26"},
		{"13.1.5 If-Range: other", "GET", fields("Range", "bytes=1-3", "If-Range", `"v2"`), tagged, 200, string(letters), ""},
		{"13.1.5 If-Range: other, unsatisfiable", "GET", fields("Range", "bytes=99-", "If-Range", `"v2"`), tagged, 200, string(letters), ""},
		{"13.1.5 If-Range: weak there", "GET", fields("Range", "bytes=1-3", "If-Range", `W/"v1"`), tagged, 200, string(letters), ""},
		{"13.1.5 If-Range: weak here", "GET", fields("Range", "bytes=1-3", "If-Range", `"v1"`), weak, 200, string(letters), ""},
		{"13.1.5 If-Range: date", "GET", fields("Range", "bytes=1-3", "If-Range", noon), tagged, 206, "bcd", "bytes 1-3/26"},
		{"13.1.5 If-Range: later date is no match", "GET", fields("Range", "bytes=1-3", "If-Range", after), tagged, 200, string(letters), ""},
		{"13.1.5 If-Range: date, no time to compare", "GET", fields("Range", "bytes=1-3", "If-Range", noon), weak, 200, string(letters), ""},
		{"13.1.5 If-Range: rubbish", "GET", fields("Range", "bytes=1-3", "If-Range", "rubbish"), tagged, 200, string(letters), ""},
		{"13.1.5 If-Range without Range", "GET", fields("If-Range", `"v1"`), tagged, 200, string(letters), ""},
		{"13.2.2 304 before 206", "GET", fields("Range", "bytes=1-3", "If-None-Match", `"v1"`), tagged, 304, "", ""},
		{"13.2.2 412 before 206", "GET", fields("Range", "bytes=1-3", "If-Match", `"v2"`), tagged, 412, "Precondition Failed\n", ""},
		{"13.2.2 If-Match holds, then 206", "GET", fields("Range", "bytes=1-3", "If-Match", `"v1"`), tagged, 206, "bcd", "bytes 1-3/26"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, "/", nil)
		r.Header = tt.request
		resp := serve(r, tt.response.Clone(), letters)
		body := readAll(t, resp)
		if resp.StatusCode != tt.status || body != tt.body || resp.Header.Get("Content-Range") != tt.contentRange {
			t.Errorf("%s: %v = %d %q %q, want %d %q %q", tt.clause, tt.request,
				resp.StatusCode, body, resp.Header.Get("Content-Range"), tt.status, tt.body, tt.contentRange)
		}
		switch resp.StatusCode {
		case http.StatusOK, http.StatusPartialContent: // §15.3.7: as the 200 would have
			if got := resp.Header.Get("ETag"); got != tt.response.Get("ETag") {
				t.Errorf("%s: ETag = %q, want %q", tt.clause, got, tt.response.Get("ETag"))
			}
		case http.StatusRequestedRangeNotSatisfiable, http.StatusPreconditionFailed:
			if got := resp.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control of a %d = %q, want no-store", tt.clause, resp.StatusCode, got)
			}
		}
	}
}

// RFC 9110 §8.8.2.2: within the second of its time the body may change again.
func TestIfRangeWithAYoungDate(t *testing.T) {
	for age, want := range map[time.Duration]int{0: 200, 999 * time.Millisecond: 200, time.Second: 206} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = fields("Range", "bytes=0-0", "If-Range", noon)
		w := httptest.NewRecorder()
		w.Header().Set("Last-Modified", noon)
		_ = httpcache.ServeComplete(w, r, letters, modified.Truncate(time.Second).Add(age))
		if w.Code != want {
			t.Errorf("If-Range with the date of a response made %v after = %d, want %d", age, w.Code, want)
		}
	}
}

// A client that asks for all in the worst way gets little more than all.
func TestHostileRangesAreBounded(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 1<<20)
	for name, field := range map[string]string{
		"overlapping":    "bytes=" + strings.Repeat("0-,", 10_000),
		"tiny":           "bytes=" + strings.Repeat("0-0,", 10_000),
		"ever larger":    "bytes=" + growing(10_000),
		"as many as may": "bytes=" + growing(httpcache.MaxRanges),
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Range", field)
		resp := serve(r, fields("Content-Type", "text/plain"), body)
		got := len(readAll(t, resp))
		if most := len(body) + 200*httpcache.MaxRanges; got > most {
			t.Errorf("%s: %d bytes sent for a body of %d, want at most %d", name, got, len(body), most)
		}
	}
}

func growing(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "0-%d,", i)
	}
	return b.String()
}
