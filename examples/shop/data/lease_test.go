package data_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/dbpool"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/jackc/pgx/v5"
)

// onServers runs test on PostgreSQL directly and through PgBouncer, with a
// direct connection to the same database.
func onServers(t *testing.T, test func(t *testing.T, url string, conn *pgx.Conn)) {
	for _, on := range []shoptest.System{shoptest.Postgres, shoptest.PgBouncer} {
		t.Run(string(on), func(t *testing.T) {
			url := on.URL(t)
			test(t, url, connect(t, testserver.Direct(t, url)))
		})
	}
}

func temporary(name string) data.Config { return data.Config{Schema: name, Temporary: true} }

// abandon fills a temporary shop and leaves it as a killed process would. The
// statements are executed where its tables are.
func abandon(t *testing.T, url, name string, conn *pgx.Conn, statements ...string) *data.DB {
	t.Helper()
	db := openURL(t, url, temporary(name))
	seed(t, db, small)
	db.Abandon()
	run(t, conn, append([]string{`SET search_path = ` + name + `, public`}, statements...)...)
	return db
}

func run(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// old makes the lease look as it does that long after the last sign of life.
func old(after string) string {
	return `UPDATE hone_shop_lease SET seen = seen - interval '` + after + `'`
}

func TestTemporaryShopOfAKilledProcessIsDropped(t *testing.T) {
	onServers(t, func(t *testing.T, url string, conn *pgx.Conn) {
		run(t, conn, `CREATE TABLE invoices (mine text)`)
		before := relations(t, conn)
		abandon(t, url, "killed", conn, old("61 seconds"))
		openURL(t, url, temporary("next"))
		if got := relations(t, conn); got != before {
			t.Errorf("relations after the next Open = %s, want %s", got, before)
		}
		if got := schemas(t, conn); got != "public" {
			t.Errorf("schemas after the next Open = %s, want public", got)
		}
	})
}

func TestTemporaryShopThatMayBeAliveStays(t *testing.T) {
	onServers(t, func(t *testing.T, url string, conn *pgx.Conn) {
		db := abandon(t, url, "quiet", conn, old("50 seconds"))
		next, err := data.Open(t.Context(), url, temporary("next"))
		switch {
		case db.Pooler().Mode == dbpool.Direct:
			if err != nil {
				t.Fatalf("Open() beside a shop in another schema = %v", err)
			}
			defer next.Close()
		case err == nil || !strings.Contains(err.Error(), "another demo on this database: wait until that ends"):
			t.Errorf("Open() = %v, want it to say that another is there", err)
		}
		if !seeded(t, db) {
			t.Fatal("a shop that was silent for 50 s is gone")
		}
		run(t, conn, old("1 hour"))
		if err := db.Renew(t.Context()); err != nil { // it was only slow
			t.Fatal(err)
		}
		if next, err := data.Open(t.Context(), url, temporary("next")); err == nil {
			next.Close()
		}
		if !seeded(t, db) {
			t.Error("a shop that said again that it is alive is gone")
		}
	})
}

// Only the mark of a temporary shop gives a table away, however old the lease.
func TestSweepTakesOnlyWhatIsMarked(t *testing.T) {
	for name, statement := range map[string]string{
		"lease without mark":   `COMMENT ON TABLE hone_shop_lease IS NULL`,
		"lease with no row":    `DELETE FROM hone_shop_lease`,
		"a shop that may last": `COMMENT ON TABLE hone_shop_lease IS 'hone example shop killed: may be dropped'`,
	} {
		t.Run(name, func(t *testing.T) {
			onServers(t, func(t *testing.T, url string, conn *pgx.Conn) {
				abandon(t, url, "killed", conn, old("1 hour"), statement)
				before := relations(t, conn)
				if next, err := data.Open(t.Context(), url, temporary("next")); err == nil {
					next.Close()
				}
				if got := relations(t, conn); got != before {
					t.Errorf("relations after the next Open = %s, want %s", got, before)
				}
			})
		})
	}
}

// What somebody has made in the schema, or on the tables, is not the shop's.
func TestSweepSparesWhatIsNotTheShops(t *testing.T) {
	for name, theirs := range map[string]string{
		"a view":              `CREATE VIEW public.late AS SELECT id FROM orders`,
		"a table of theirs":   `CREATE TABLE killed.mine (mine text)`,
		"an unmarked product": `COMMENT ON TABLE products IS NULL`,
	} {
		t.Run(name, func(t *testing.T) {
			url := testserver.Postgres(t)
			conn := connect(t, url)
			abandon(t, url, "killed", conn, old("1 hour"), theirs)
			before := relations(t, conn)
			openFails(t, url, temporary("next"), "drop those first")
			if got := relations(t, conn); got != before {
				t.Errorf("relations after a refused Open = %s, want %s", got, before)
			}
		})
	}
}

// A shop that is to last neither says that it is alive nor sweeps.
func TestLastingShopHasNoLease(t *testing.T) {
	onServers(t, func(t *testing.T, url string, conn *pgx.Conn) {
		db := openURL(t, url, data.Config{Schema: "lasting"})
		seed(t, db, small)
		if db.Alive() || strings.Contains(relations(t, conn), "hone_shop_lease") {
			t.Error("a lasting shop has a lease")
		}
		if err := db.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		abandon(t, url, "killed", conn, old("1 hour"))
		if db, err := data.Open(t.Context(), url, data.Config{Schema: "lasting"}); err == nil {
			db.Close()
		}
		if got := relations(t, conn); !strings.Contains(got, "hone_shop_lease") {
			t.Errorf("relations = %s: a lasting shop has swept", got)
		}
	})
}

// The shop says that it is alive from Seed to Drop or Close.
func TestTemporaryShopIsAlive(t *testing.T) {
	onServers(t, func(t *testing.T, url string, conn *pgx.Conn) {
		db := openURL(t, url, temporary("here"))
		if db.Alive() {
			t.Error("alive before Seed")
		}
		for _, end := range []func() error{
			func() error { return db.Drop(t.Context()) },
			db.Close,
		} {
			seed(t, db, small)
			if !db.Alive() {
				t.Error("not alive after Seed")
			}
			if err := end(); err != nil || db.Alive() {
				t.Errorf("alive after the end = %t, %v, want false", db.Alive(), err)
			}
		}
	})
}

func TestHeartBeatsUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		heart := data.StartHeart(data.LeaseRenewal, func(context.Context) { beats++ })
		time.Sleep(5 * data.LeaseRenewal)
		synctest.Wait()
		if beats != 5 {
			t.Errorf("beats in five periods = %d, want 5", beats)
		}
		heart.Stop()
		time.Sleep(time.Hour)
		if beats != 5 {
			t.Errorf("beats after the end = %d, want no more than 5", beats)
		}
	})
}

// schemas lists the schemas that are not the system's.
func schemas(t *testing.T, conn *pgx.Conn) (names string) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `SELECT string_agg(nspname, ' ' ORDER BY 1) FROM pg_namespace
		WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg_%'`).Scan(&names)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
