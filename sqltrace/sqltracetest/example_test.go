package sqltracetest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hone-go/hone/sqltrace/sqltracetest"
)

func ExampleConstant() {
	// In a test:
	_ = func(t *testing.T) {
		shop := newShop(t)
		sqltracetest.Constant(t, shop.populate, func(ctx context.Context) {
			shop.ids(ctx)
		})
	}
	// Output:
}

func ExampleMaxQueries() {
	// In a test:
	_ = func(t *testing.T) {
		shop := newShop(t)
		sqltracetest.MaxQueries(t, 1, func(ctx context.Context) {
			shop.ids(ctx)
		})
	}
	// Output:
}

func ExampleServe() {
	// In a test:
	_ = func(t *testing.T) {
		shop := newShop(t)
		list := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { shop.ids(r.Context()) })
		sqltracetest.Constant(t, shop.populate, sqltracetest.Serve(t, list, func() *http.Request {
			return httptest.NewRequest(http.MethodGet, "/orders", nil)
		}))
	}
	// Output:
}
