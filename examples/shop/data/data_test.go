package data_test

import (
	"context"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
)

// small is enough trade for every table to hold something.
var small = data.Sizes{Customers: 40, Products: 30, Orders: 200}

// open opens an empty database of the given system, gone after the test.
func open(t testing.TB, on system) *data.DB {
	t.Helper()
	return openURL(t, on.url(t), data.Config{})
}

func openURL(t testing.TB, url string, cfg data.Config) *data.DB {
	t.Helper()
	db, err := data.Open(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return db
}

func seed(t testing.TB, db *data.DB, sizes data.Sizes) {
	t.Helper()
	if err := data.Seed(t.Context(), db, sizes, nil); err != nil {
		t.Fatal(err)
	}
}

// eachSystem runs test on every system.
func eachSystem(t *testing.T, test func(t *testing.T, on system)) {
	for _, on := range systems {
		t.Run(string(on), func(t *testing.T) { test(t, on) })
	}
}

func seeded(t *testing.T, db *data.DB) bool {
	t.Helper()
	seeded, err := db.Seeded(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return seeded
}
