package data_test

import (
	"context"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
)

// small is enough trade for every table to hold something.
var small = data.Sizes{Customers: 40, Products: 30, Orders: 200}

// Every test has its database on every system, but for those that are about
// what one of them does.
func TestOnEverySystem(t *testing.T) {
	const (
		file    = "is about SQLite's file or its locks"
		server  = "is about what the shop leaves on a server that others use too"
		pooler  = "is about what PgBouncer hides or refuses"
		refused = "opens nothing"
	)
	shoptest.OnEverySystem(t, map[string]string{
		"kindOf":  "says what a system is",
		"openURL": "opens the address that it is given",

		"TestOpenTemporaryFileIsRemoved":  file,
		"TestOpenSQLiteErrors":            file,
		"TestUnavailableSQLite":           file,
		"TestPoolLetsReadersOfSQLitePass": file,

		"onServers":                            server,
		"TestInstalledTriggersGoWithTheShop":   server,
		"TestInstallIsAllOrNothing":            server,
		"TestInstallNeedsPostgresItself":       server,
		"TestIndexAnalyzesOnlyTheShop":         server,
		"TestPoolKeepsItsConnections":          server,
		"TestPostgresKeepsToItsSchema":         server,
		"TestSweepTakesOnlyWhatIsMarked":       server,
		"TestSweepSparesWhatIsNotTheShops":     server,
		"TestTemporaryShopThatMayBeAliveStays": server,
		"TestLastingShopHasNoLease":            server,

		"TestPgBouncerKeepsToItsTables":     pooler,
		"TestPgBouncerRefusesOthersTables":  pooler,
		"TestPgBouncerHidesNoTable":         pooler,
		"TestPgBouncerDropSparesDependents": pooler,
		"TestPgBouncerRefusesParameters":    pooler,

		"openFails":               refused,
		"TestConfigRefusals":      refused,
		"TestUnavailableServer":   refused,
		"TestOpenPostgresRefused": refused,
	})
}

// open opens an empty database of the given system, gone after the test.
func open(t testing.TB, on shoptest.System) *data.DB {
	t.Helper()
	return openURL(t, on.URL(t), data.Config{})
}

// kindOf returns what a shop on that system says it is on.
func kindOf(on shoptest.System) data.Kind {
	if on == shoptest.SQLite {
		return data.SQLite
	}
	return data.Postgres
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

func seeded(t *testing.T, db *data.DB) bool {
	t.Helper()
	seeded, err := db.Seeded(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return seeded
}
