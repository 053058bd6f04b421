// Package server starts real servers with throw-away data on free loopback
// ports: PostgreSQL, PgBouncer in front of one, MariaDB, Redis, memcached,
// FerretDB for MongoDB, and nginx in front of a test's own service. The command
// internal/testserver/run starts one of each but nginx for a whole test run; a
// test that needs a server of its own, with settings of its own, starts it
// here.
//
// Servers run unprivileged: as root, those that refuse root run as the user
// postgres, who must exist. On Linux a server also ends when the process that
// started it is killed.
package server
