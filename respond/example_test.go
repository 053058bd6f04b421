package respond_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hone-go/hone/respond"
)

type customer struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type order struct {
	ID       int64    `json:"id"`
	Customer customer `json:"customer"`
	Margin   int64    `json:"margin"` // not for clients
}

func ExampleFields() {
	fields, err := respond.NewFields[[]order](respond.FieldsConfig{Allow: []string{"id", "customer"}})
	if err != nil {
		panic(err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		_ = fields.JSON(w, r, http.StatusOK, []order{{7, customer{"Ada", "ada@example.com"}, 30}})
	}
	for _, target := range []string{"/orders", "/orders?fields=id,customer.name", "/orders?fields=margin"} {
		w := httptest.NewRecorder()
		handler(w, httptest.NewRequest(http.MethodGet, target, nil))
		fmt.Print(w.Body)
	}
	// Output:
	// [{"id":7,"customer":{"name":"Ada","email":"ada@example.com"}}]
	// [{"id":7,"customer":{"name":"Ada"}}]
	// {"title":"Bad Request","status":400,"detail":"fields names \"margin\", which is not one of id, customer, customer.name, customer.email"}
}

func ExampleError() {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/orders/7", nil)
	respond.Error(w, r, fmt.Errorf("SELECT … FROM orders: %w", respond.Problemf(http.StatusNotFound, "there is no order 7")))
	fmt.Print(w.Body)
	// Output: {"title":"Not Found","status":404,"detail":"there is no order 7"}
}

func ExampleCSV() {
	csv, err := respond.NewCSV([]string{"id", "customer"}, func(row *respond.CSVRow, o order) {
		row.Int(o.ID)
		row.Text(o.Customer.Name)
	}, respond.CSVConfig{})
	if err != nil {
		panic(err)
	}
	rows := func(yield func(order, error) bool) { // or Scan of a query
		_ = yield(order{ID: 7, Customer: customer{Name: "Lovelace, Ada"}}, nil) &&
			yield(order{ID: 8, Customer: customer{Name: "=cmd()"}}, nil)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Disposition", respond.Attachment("orders.csv"))
	_ = csv.Serve(w, httptest.NewRequest(http.MethodGet, "/orders.csv", nil), rows)
	fmt.Print(strings.ReplaceAll(w.Body.String(), "\r\n", "\n"))
	fmt.Println(w.Result().Trailer.Get("X-Rows"), "rows")
	// Output:
	// id,customer
	// 7,"Lovelace, Ada"
	// 8,"'=cmd()"
	// 2 rows
}

func ExampleNDJSON() {
	nd, err := respond.NewNDJSON[customer](respond.NDJSONConfig{FinalLine: true})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	_ = nd.Serve(w, httptest.NewRequest(http.MethodGet, "/customers", nil), func(yield func(customer, error) bool) {
		yield(customer{"Ada", "ada@example.com"}, nil)
	})
	fmt.Print(w.Body)
	// Output:
	// {"name":"Ada","email":"ada@example.com"}
	// {"rows":1}
}

func ExampleGather() {
	g := respond.Gather(context.Background(), respond.GatherConfig{})
	price := respond.Call(g, "pricing", func(context.Context) (int, error) { return 1250, nil })
	stock := respond.Call(g, "warehouse", func(context.Context) (string, error) { return "in stock", nil })
	if err := g.Wait(); err != nil {
		fmt.Println(err)
		return
	}
	cents, _ := price.Get()
	state, _ := stock.Get()
	fmt.Println(cents, state)
	// Output: 1250 in stock
}
