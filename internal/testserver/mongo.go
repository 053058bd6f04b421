package testserver

import (
	"net/url"
	"testing"
)

// EnvMongo names the URL of a MongoDB whose user may create databases.
const EnvMongo = "HONE_TEST_MONGO"

// Mongo returns the URL of a database in MongoDB that no other test uses. The
// test drops it: this package does without MongoDB's driver.
func Mongo(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(address(t, EnvMongo))
	if err != nil {
		t.Fatalf("testserver: %s is not a URL", EnvMongo) // the text may hold a password
	}
	u.Path = "/hone_test_" + suffix()
	return u.String()
}
