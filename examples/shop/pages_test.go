package shop_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestHome(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		if _, err := f.db.ExecContext(t.Context(), `UPDATE orders SET status = 'delivered' WHERE id > 1`); err != nil {
			t.Fatal(err)
		}
		if _, err := f.db.ExecContext(t.Context(), `UPDATE orders SET status = 'open', total_cents = 123456705 WHERE id = 1`); err != nil {
			t.Fatal(err)
		}
		w := f.do(t.Context(), "GET", "/", "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("GET / = %d %s", w.Code, w.Header())
		}
		for _, want := range []string{
			"<dd>40</dd>", "<dd>400</dd>", "<dd>160</dd>", "worth €1,234,567.05", string(f.db.Kind()),
		} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("GET / does not show %q", want)
			}
		}
		for _, pattern := range f.Routes() {
			_, path, _ := strings.Cut(pattern, " ")
			if path != "/{$}" && !strings.Contains(w.Body.String(), path) {
				t.Errorf("GET / does not list %s", pattern)
			}
		}
	})
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, statement := range []string{
			`UPDATE customers SET name = 'Nobody'`,
			`UPDATE products SET name = 'Nothing'`,
			`UPDATE customers SET name = '100% Wood & Söns', city = 'Riga' WHERE id = 2`,
			`UPDATE products SET name = 'Wood_glue \ <b>' WHERE id = 3`,
		} {
			if _, err := f.db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		const customer, product = "100% Wood &amp; Söns", `Wood_glue \ &lt;b&gt;`
		for _, test := range []struct {
			query             string
			customer, product bool
		}{
			{"wood", true, true},
			{"WOOD", true, true},
			{"0%25", true, false}, // a percent sign, not everything
			{"d_g", false, true},  // an underscore, not any letter
			{`%5C`, false, true},
			{"%27", false, false},
			{"s%C3%B6ns", true, false},
			{"balsa", false, false},
		} {
			body := f.do(t.Context(), "GET", "/search?q="+test.query, "").Body.String()
			if got := strings.Contains(body, customer); got != test.customer {
				t.Errorf("search for %s shows the customer: %t, want %t", test.query, got, test.customer)
			}
			if got := strings.Contains(body, product); got != test.product {
				t.Errorf("search for %s shows the product: %t, want %t", test.query, got, test.product)
			}
		}
		body := f.do(t.Context(), "GET", "/search?q=%3Cscript%3E", "").Body.String()
		if strings.Contains(body, "<script>") || !strings.Contains(body, "“&lt;script&gt;”") {
			t.Errorf("search shows the query as markup: %s", body)
		}
	})
}

func TestHealth(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var got map[string]string
		f.get(t, "/health", &got)
		if got["status"] != "ok" || got["database"] != string(f.db.Kind()) {
			t.Errorf("GET /health = %v", got)
		}
	})
}
