package shoptest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestChoices(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"shop.go": `package shop; func open() { data.Open("") }`, // no test
		"shop_test.go": `package shop_test
			const usual = shoptest.SQLite
			func TestEach(t *testing.T) { shoptest.Each(t, func(t *testing.T, on shoptest.System) { open(on.URL(t)) }) }
			func TestOne(t *testing.T) { if true { open(shoptest.SQLite); open(shoptest.SQLite) } }
			func TestServer(t *testing.T) { open(testserver.PgBouncer(t)); testserver.Redis(t) }
			func TestText(t *testing.T) { start("postgres") }`,
		"open_test.go": `package shop_test
			func (f *fixture) open() { data.Open(ctx, "", data.Config{}) }`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := choices(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"":           {"shoptest.SQLite"},
		"TestOne":    {"shoptest.SQLite"},
		"TestServer": {"testserver.PgBouncer"},
		"TestText":   {`"postgres"`},
		"open":       {"data.Open"},
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("choices() = %q, want %q", got, want)
	}
}
