package load_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/cmd/hone/internal/load"
)

// Every second request for a URL that has a tag brings the tag, of that URL and
// of the last answer, if it is asked for.
func TestRevalidate(t *testing.T) {
	t.Parallel()
	for _, revalidate := range []bool{false, true} {
		var plain, tagged, wrong atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tag := `"` + r.URL.Path + `"`
			given := r.Header.Get("If-None-Match")
			if r.URL.Path != "/untagged" {
				w.Header().Set("ETag", tag)
			}
			switch given {
			case "":
				plain.Add(1)
				_, _ = io.WriteString(w, "body")
			case tag:
				tagged.Add(1)
				w.WriteHeader(http.StatusNotModified)
			default:
				wrong.Add(1)
			}
		}))
		t.Cleanup(server.Close)
		result, err := load.Run(t.Context(), load.Config{
			Targets: []load.Target{
				{Method: "GET", URL: server.URL + "/{1..2}"},
				{Method: "GET", URL: server.URL + "/untagged"},
				{Method: "POST", URL: server.URL + "/3"},
			},
			Rate: 200, For: 400 * time.Millisecond, Revalidate: revalidate, Connections: 1,
		})
		if err != nil || result.Total.Failed != 0 {
			t.Fatalf("Run() = %+v, %v, want no errors", result.Total, err)
		}
		if got, want := tagged.Load(), result.Routes[0].Count/2; wrong.Load() != 0 || !revalidate && got != 0 ||
			revalidate && (got < int64(want)-2 || got > int64(want)) {
			t.Errorf("Revalidate %t: %d requests with their tag, %d with another's and %d without; want about %d, 0 and the rest",
				revalidate, got, wrong.Load(), plain.Load(), want)
		}
	}
}
