package mongo_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hone-go/hone/internal/testserver"
)

// patient is a timeout for tests that are about something else, on a busy
// machine.
const patient = 10 * time.Second

// database returns the URL of a database that is dropped when the test ends.
func database(t *testing.T) string {
	t.Helper()
	address := testserver.Mongo(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		client, err := driver.Connect(options.Client().ApplyURI(address))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Disconnect(ctx) }()
		if err := client.Database(u.Path[1:]).Drop(ctx); err != nil {
			t.Error(err)
		}
	})
	return address
}
