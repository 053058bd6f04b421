package data_test

import (
	"errors"
	"testing"

	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/internal/shoptest"
)

// triggers are a function and what calls it, as [data.DB.Install] takes them.
func triggers(schema string) (string, error) {
	return `CREATE FUNCTION ` + schema + `.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
		CREATE TRIGGER tell AFTER INSERT ON products FOR EACH STATEMENT EXECUTE FUNCTION ` + schema + `.tell()`, nil
}

// What was installed goes with the shop, however that ends.
func TestInstalledTriggersGoWithTheShop(t *testing.T) {
	url := shoptest.Postgres.URL(t)
	conn := connect(t, url)
	for name, end := range map[string]func(*testing.T, *data.DB){
		"dropped": func(t *testing.T, db *data.DB) {
			if err := db.Drop(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"killed": func(t *testing.T, db *data.DB) {
			db.Abandon()
			run(t, conn, `SET search_path = killed`, old("61 seconds"))
			openURL(t, url, temporary("next"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := openURL(t, url, temporary(name))
			seed(t, db, small)
			if err := db.Install(t.Context(), triggers); err != nil {
				t.Fatal(err)
			}
			end(t, db)
			if got := schemas(t, conn); got != "public" {
				t.Errorf("schemas after the end = %s, want public", got)
			}
		})
	}
}

// An installation that fails half-way leaves nothing.
func TestInstallIsAllOrNothing(t *testing.T) {
	url := shoptest.Postgres.URL(t)
	conn := connect(t, url)
	db := openURL(t, url, temporary("whole"))
	seed(t, db, small)
	failed := errors.New("no SQL")
	if err := db.Install(t.Context(), func(string) (string, error) { return "", failed }); !errors.Is(err, failed) {
		t.Errorf("Install() = %v, want the error of its argument", err)
	}
	err := db.Install(t.Context(), func(schema string) (string, error) {
		text, _ := triggers(schema)
		return text + "; SELECT 1/0", nil
	})
	var functions int
	scan := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_proc WHERE proname = 'tell'`).Scan(&functions)
	if err == nil || scan != nil || functions != 0 {
		t.Errorf("Install() of what fails = %v, %d functions left, %v", err, functions, scan)
	}
}

func TestInstallNeedsPostgresItself(t *testing.T) {
	for _, on := range []shoptest.System{shoptest.SQLite, shoptest.PgBouncer} {
		t.Run(string(on), func(t *testing.T) {
			db := openURL(t, on.URL(t), data.Config{})
			seed(t, db, small)
			if err := db.Install(t.Context(), triggers); !errors.Is(err, data.ErrNoTriggers) {
				t.Errorf("Install() = %v, want ErrNoTriggers", err)
			}
			if _, err := db.Listening(); !errors.Is(err, data.ErrNoTriggers) {
				t.Errorf("Listening() = %v, want ErrNoTriggers", err)
			}
		})
	}
}
