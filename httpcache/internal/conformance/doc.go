// Package conformance runs http-cache-tests (https://cache-tests.fyi), the
// public suite for HTTP caches, against hone's: the suite's own server is the
// origin, a reverse proxy with the cache in front of it is what is tested, and
// the suite's own client asks and judges. `make cache-tests` installs the suite
// and prints the table.
package conformance
