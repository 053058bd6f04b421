package testserver_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/hone-go/hone/internal/testserver"
)

func TestPostgresIsAFreshDatabase(t *testing.T) {
	ctx := t.Context()
	var dropped string
	t.Run("use", func(t *testing.T) {
		for range 2 { // the second must not see the first one's table
			dropped = testserver.Postgres(t)
			conn, err := pgx.Connect(ctx, dropped)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			if _, err := conn.Exec(ctx, "CREATE TABLE t (i int)"); err != nil {
				t.Error(err)
			}
		}
	})
	if dropped == "" {
		t.Skip("no server") // address has said why, or failed
	}
	if conn, err := pgx.Connect(ctx, dropped); err == nil {
		conn.Close(ctx)
		t.Error("the test's database still exists after the test")
	}
}

func TestRedisAnswers(t *testing.T) {
	opt, err := rueidis.ParseURL(testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client, err := rueidis.NewClient(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	key := testserver.Prefix() + "k"
	if err := client.Do(ctx, client.B().Set().Key(key).Value("v").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	defer client.Do(ctx, client.B().Del().Key(key).Build())
	if got, err := client.Do(ctx, client.B().Get().Key(key).Build()).ToString(); got != "v" || err != nil {
		t.Errorf("GET = %q, %v, want v", got, err)
	}
}
