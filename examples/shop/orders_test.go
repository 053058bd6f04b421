package shop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/examples/shop/api"
)

func TestOrderList(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		next, pages := int64(161), 0
		for before := ""; next != 0; pages++ {
			var page api.OrderPage
			f.get(t, "/api/orders"+before, &page)
			for _, o := range page.Orders {
				next--
				if o.ID != next || o.Customer.ID == 0 || o.Customer.Name == "" || o.Customer.City == "" || o.TotalCents == 0 {
					t.Fatalf("order = %+v, want number %d, complete", o, next)
				}
			}
			if page.NextBefore == 0 {
				break
			}
			before = fmt.Sprintf("?before=%d", page.NextBefore)
		}
		if next != 1 || pages != 3 {
			t.Errorf("the pages end at order %d after %d more pages, want 1 after 3", next, pages)
		}
		var order api.Order
		f.get(t, "/api/orders/160", &order)
		var page api.OrderPage
		f.get(t, "/api/orders", &page)
		if page.Orders[0].Customer != order.Customer {
			t.Errorf("customer of order 160 = %+v in the list, %+v alone", page.Orders[0].Customer, order.Customer)
		}
	})
}

func TestOrderShow(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var order api.Order
		f.get(t, "/api/orders/5", &order)
		var total int64
		for _, l := range order.Lines {
			total += l.Quantity * l.PriceCents
			if l.Product == "" {
				t.Errorf("line %+v has no name", l)
			}
		}
		if order.ID != 5 || len(order.Lines) == 0 || total != order.TotalCents {
			t.Errorf("order = %+v with lines worth %d", order, total)
		}
	})
}

func TestPlaceOrder(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		stock := f.scan(t, `SELECT stock FROM products WHERE id = 3`)
		price := f.scan(t, `SELECT price_cents FROM products WHERE id = 3`)
		w := f.do(t.Context(), "POST", "/api/orders",
			`{"customer_id": 7, "lines": [{"product_id": 9, "quantity": 1}, {"product_id": 3, "quantity": 4}]}`)
		if w.Code != http.StatusCreated {
			t.Fatalf("POST /api/orders = %d %s", w.Code, w.Body)
		}
		if got := w.Header().Get("Location"); got != "/api/orders/161" {
			t.Errorf("Location = %q, want /api/orders/161", got)
		}
		var placed, shown api.Order
		if err := json.Unmarshal(w.Body.Bytes(), &placed); err != nil {
			t.Fatal(err)
		}
		f.get(t, w.Header().Get("Location"), &shown)
		if fmt.Sprint(placed) != fmt.Sprint(shown) {
			t.Errorf("placed = %+v, shown = %+v", placed, shown)
		}
		if l := placed.Lines[0]; l.ProductID != 3 || l.Quantity != 4 || l.PriceCents != price {
			t.Errorf("first line = %+v, want 4 of product 3 at %d", l, price)
		}
		if got := f.scan(t, `SELECT stock FROM products WHERE id = 3`); got != stock-4 {
			t.Errorf("stock = %d, want %d", got, stock-4)
		}
	})
}

// An order that cannot be filled leaves everything as it was.
func TestPlaceOrderAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		stock := f.scan(t, `SELECT sum(stock) FROM products`)
		for _, test := range []struct {
			body, want string
			status     int
		}{
			{`{"customer_id": 7, "lines": [{"product_id": 3, "quantity": 4}, {"product_id": 9, "quantity": 9999}]}`, "left in stock", http.StatusConflict},
			{`{"customer_id": 7, "lines": [{"product_id": 3, "quantity": 4}, {"product_id": 41, "quantity": 1}]}`, "product 41 does not exist", http.StatusUnprocessableEntity},
			{`{"customer_id": 401, "lines": [{"product_id": 3, "quantity": 4}]}`, "customer 401 does not exist", http.StatusUnprocessableEntity},
		} {
			w := f.do(t.Context(), "POST", "/api/orders", test.body)
			wantProblem(t, "POST /api/orders "+test.body, w, test.status, test.want)
		}
		if got := f.scan(t, `SELECT sum(stock) FROM products`); got != stock {
			t.Errorf("stock = %d after refused orders, want %d", got, stock)
		}
		if got := f.scan(t, `SELECT count(*) FROM orders`); got != 160 {
			t.Errorf("orders = %d after refused ones, want 160", got)
		}
	})
}

// However many ask at once, no more is sold than is there, all of it is, and
// no two orders wait for each other for ever.
func TestPlaceOrderNeverOversells(t *testing.T) {
	const stock, clients = 20, 32
	eachSystem(t, asFound, func(t *testing.T, f *fixture) {
		if _, err := f.db.ExecContext(t.Context(), `UPDATE products SET stock = $1 WHERE id IN (1, 2)`, stock); err != nil {
			t.Fatal(err)
		}
		lines := []string{`{"product_id": 1, "quantity": 1}`, `{"product_id": 2, "quantity": 1}`}
		var sold, refused atomic.Int64
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range clients {
			body := `{"customer_id": 1, "lines": [` + lines[i%2] + `, ` + lines[1-i%2] + `]}`
			group.Go(func() {
				<-start
				switch w := f.do(t.Context(), "POST", "/api/orders", body); w.Code {
				case http.StatusCreated:
					sold.Add(1)
				case http.StatusConflict:
					refused.Add(1)
				default:
					t.Errorf("POST /api/orders = %d %s", w.Code, w.Body)
				}
			})
		}
		close(start)
		group.Wait()
		if sold.Load() != stock || refused.Load() != clients-stock {
			t.Errorf("%d sold and %d refused, want %d and %d", sold.Load(), refused.Load(), stock, clients-stock)
		}
		if left := f.scan(t, `SELECT sum(stock) FROM products WHERE id IN (1, 2)`); left != 0 {
			t.Errorf("%d left in stock, want 0", left)
		}
		if n := f.scan(t, `SELECT sum(quantity) FROM order_lines WHERE order_id > 160`); n != 2*stock {
			t.Errorf("%d pieces on new orders, want %d", n, 2*stock)
		}
		if log := f.log.String(); strings.Contains(log, "level=ERROR") {
			t.Errorf("log = %s", log)
		}
	})
}
