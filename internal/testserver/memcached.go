package testserver

import "testing"

// EnvMemcached names the address, host:port, of a memcached.
const EnvMemcached = "HONE_TEST_MEMCACHED"

// Memcached returns the address of a memcached that other tests use too: a
// test keeps to keys under a prefix from [Prefix].
func Memcached(t testing.TB) string {
	t.Helper()
	return address(t, EnvMemcached)
}
