package shop_test

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
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
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		for range 3 {
			_, err := f.db.ExecContext(t.Context(), `INSERT INTO orders (customer_id, placed_at, status, total_cents)
				SELECT customer_id, placed_at, status, total_cents FROM orders`)
			if err != nil {
				t.Fatal(err)
			}
		}
		export := func() *writes {
			w := &writes{ResponseRecorder: httptest.NewRecorder()}
			f.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/export.csv", nil))
			return w
		}
		if w := export(); w.largest != w.Body.Len() || w.largest < 64<<10 {
			t.Errorf("as found: largest write = %d of %d bytes, want all in one, and more than 64 KiB", w.largest, w.Body.Len())
		}
		if err := f.Tune("GET /api/export.csv"); err != nil {
			t.Fatal(err)
		}
		if w := export(); w.largest > 33<<10 || w.Body.Len() < 64<<10 {
			t.Errorf("tuned: largest write = %d of %d bytes, want at most 33 KiB", w.largest, w.Body.Len())
		}
	})
}

// A client must not take half an export for a whole one.
func TestExportIsCut(t *testing.T) {
	eachSystem(t, asTuned, func(t *testing.T, f *fixture) {
		if f.on != shoptest.SQLite { // which takes text for a number
			if _, err := f.db.ExecContext(t.Context(), `ALTER TABLE orders ALTER total_cents TYPE text`); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.db.ExecContext(t.Context(), `UPDATE orders SET total_cents = 'much' WHERE id = 100`); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(f.Handler())
		resp, err := server.Client().Get(server.URL + "/api/export.csv")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		server.Close() // the handler is done then, and so is the log
		if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(string(body), "order,placed_at,") {
			t.Errorf("body = %.80q, %v, want a part and io.ErrUnexpectedEOF", body, err)
		}
		if log := f.log.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "total_cents") {
			t.Errorf("log = %s, want the cause once", log)
		}
	})
}
