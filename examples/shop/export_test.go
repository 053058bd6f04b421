package shop_test

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"testing"

	"github.com/hone-go/hone/examples/shop/api"
)

func TestExport(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		if _, err := f.db.ExecContext(t.Context(), `UPDATE customers SET name = 'Dahl, "the" Mill'`); err != nil {
			t.Fatal(err)
		}
		w := f.do(t.Context(), "GET", "/api/export.csv", "")
		if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="orders.csv"` {
			t.Errorf("Content-Disposition = %q", got)
		}
		records, err := csv.NewReader(w.Body).ReadAll()
		if err != nil || len(records) != 161 {
			t.Fatalf("export has %d records, %v, want 161", len(records), err)
		}
		var o api.Order
		f.get(t, "/api/orders/160", &o)
		want := []string{"160", o.PlacedAt, o.Status, `Dahl, "the" Mill`, o.Customer.City, strconv.FormatInt(o.TotalCents, 10)}
		if got := records[160]; !reflect.DeepEqual(got, want) {
			t.Errorf("last record = %q, want %q", got, want)
		}
	})
}

// writes is a ResponseWriter that knows its largest write.
type writes struct {
	*httptest.ResponseRecorder
	largest int
}

func (w *writes) Write(p []byte) (int, error) {
	w.largest = max(w.largest, len(p))
	return w.ResponseRecorder.Write(p)
}

// As found, the whole file is in memory at once; tuned, never more than a
// buffer of it.
func TestExportMemory(t *testing.T) {
	for _, on := range systems {
		t.Run(string(on), func(t *testing.T) {
			f := newFixture(t, on, asFound)
			export := func() *writes {
				w := &writes{ResponseRecorder: httptest.NewRecorder()}
				f.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/export.csv", nil))
				return w
			}
			if w := export(); w.largest != w.Body.Len() || w.largest < 8<<10 {
				t.Errorf("as found: largest write = %d of %d bytes, want all in one, and more than 8 kB", w.largest, w.Body.Len())
			}
			if err := f.Tune("GET /api/export.csv"); err != nil {
				t.Fatal(err)
			}
			if w := export(); w.largest > 4<<10 || w.Body.Len() < 8<<10 {
				t.Errorf("tuned: largest write = %d of %d bytes, want at most 4 kB", w.largest, w.Body.Len())
			}
		})
	}
}
