package pginvalidate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/cache/pginvalidate"
	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/store/memory"
	"github.com/hone-go/hone/store/redis"
)

// A service reads products through a cache.
type service struct {
	pool     *pgxpool.Pool
	cache    *cache.Cache
	product  *cache.Func[int, string] // id → row
	category *cache.Func[int, string] // category → rows
}

func newService(t testing.TB, url string, store cache.Store) *service {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	namespace := strings.Trim(testserver.Prefix(), ":")
	c, err := cache.New(store, cache.Config{Namespace: namespace, TTL: cache.Forever(), StoreTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s := &service{pool: pool, cache: c}
	s.product, err = cache.Memoize(c, "product", s.loadProduct, cache.FuncConfig[int, string]{
		Tags: func(id int, _ string) []string { return []string{fmt.Sprint("product:", id), "products"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.category, err = cache.Memoize(c, "category", s.loadCategory, cache.FuncConfig[int, string]{
		Tags: func(id int, _ string) []string { return []string{fmt.Sprint("category:", id), "products"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *service) loadProduct(ctx context.Context, id int) (row string, err error) {
	err = s.pool.QueryRow(ctx, "SELECT p::text FROM shop.products p WHERE id = $1", id).Scan(&row)
	if errors.Is(err, pgx.ErrNoRows) {
		err = cache.ErrNotFound
	}
	return row, err
}

func (s *service) loadCategory(ctx context.Context, id int) (rows string, err error) {
	err = s.pool.QueryRow(ctx, "SELECT coalesce(string_agg(p::text, ';' ORDER BY id), '') FROM shop.products p WHERE category_id = $1", id).Scan(&rows)
	return rows, err
}

// stale says what the cache has that the table has not, or "".
func (s *service) stale(ctx context.Context, products, categories int) string {
	check := func(what string, id int, get func(context.Context, int) (string, bool, error), load func(context.Context, int) (string, error)) string {
		got, _, err := get(ctx, id)
		if err != nil {
			return err.Error()
		}
		want, err := load(ctx, id)
		if err != nil && !errors.Is(err, cache.ErrNotFound) {
			return err.Error()
		}
		if got != want {
			return fmt.Sprintf("%s %d is %q in the cache and %q in the table", what, id, got, want)
		}
		return ""
	}
	for id := range products {
		if s := check("product", id, s.product.Get, s.loadProduct); s != "" {
			return s
		}
	}
	for id := range categories {
		if s := check("category", id, s.category.Get, s.loadCategory); s != "" {
			return s
		}
	}
	return ""
}

func memoryStore(t testing.TB) cache.Store {
	t.Helper()
	store, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func redisStore(t testing.TB) cache.Store {
	t.Helper()
	store, err := redis.Open(t.Context(), testserver.Redis(t), redis.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// TestPsqlAndAnotherProcess changes rows where no code of the service is.
func TestPsqlAndAnotherProcess(t *testing.T) {
	psql := server.Find("psql")
	if postgres := server.Find("postgres"); psql == "" && postgres != "" {
		psql = filepath.Join(filepath.Dir(postgres), "psql")
	}
	for name, store := range map[string]func(testing.TB) cache.Store{"memory": memoryStore, "redis": redisStore} {
		t.Run(name, func(t *testing.T) {
			url := testserver.Postgres(t)
			conn := connect(t, url)
			run(t, conn, productsTable, "INSERT INTO shop.products VALUES (1, 1, 'before')")
			migration := exec.Command(psql, "-X", "-v", "ON_ERROR_STOP=1", url)
			migration.Stdin = strings.NewReader(mustMigrate(t, shop))
			if out, err := migration.CombinedOutput(); err != nil {
				t.Fatalf("psql with the migration: %v\n%s", err, out)
			}
			s := newService(t, url, store(t))
			start(t, url, s.cache, pginvalidate.Config{Setup: shop})
			for i, change := range []*exec.Cmd{
				exec.Command(psql, "-X", "-c", "UPDATE shop.products SET name = 'by psql'", url),
				another(url, "UPDATE shop.products SET name = 'by another process'"),
			} {
				before, _, err := s.product.Get(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				if out, err := change.CombinedOutput(); err != nil {
					t.Fatalf("change %d: %v\n%s", i, err, out)
				}
				until(t, "the cache has the new row", func() bool {
					now, _, err := s.product.Get(t.Context(), 1)
					return err == nil && now != before && strings.Contains(now, "by ")
				})
			}
		})
	}
}

// another returns this program as a process that runs a statement.
func another(url, statement string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestAnotherProcess$")
	cmd.Env = append(os.Environ(), "PGINVALIDATE_URL="+url, "PGINVALIDATE_STATEMENT="+statement)
	return cmd
}

// TestAnotherProcess is what the process of another does; by itself, nothing.
func TestAnotherProcess(t *testing.T) {
	if url := os.Getenv("PGINVALIDATE_URL"); url != "" {
		run(t, connect(t, url), os.Getenv("PGINVALIDATE_STATEMENT"))
	}
}
