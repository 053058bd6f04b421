package dbpool

import (
	"errors"
	"fmt"
	"strings"
)

// Bouncer is a PgBouncer sized for a service.
type Bouncer struct {
	Host     string // of PostgreSQL
	Port     int
	Database string

	PoolSize   int // default_pool_size: server connections
	MaxClients int // max_client_conn
}

// The bounds of what [Answer.Bouncer] gives.
const (
	// bouncerPool is PgBouncer's own default_pool_size. Not more without a
	// measurement: 20 statements at a time keep eight cores busy.
	bouncerPool = 20
	// minClients is PgBouncer's own max_client_conn. A client costs it 2 kB.
	minClients = 100
)

// Bouncer returns the size of a PgBouncer in transaction mode between the
// service and the server: room for all clients of the plan, a tenth more for
// people and probes, and as many server connections as the budget leaves, at
// most 20. The error means that the server has no connection left to give.
func (a Answer) Bouncer() (Bouncer, error) {
	free := a.Tight.Available - a.Plan.Reserved
	if free < 1 {
		return Bouncer{}, errors.New("dbpool: the server has no connection left for PgBouncer: raise its limit first")
	}
	return Bouncer{
		PoolSize:   min(free, a.Peak, bouncerPool),
		MaxClients: max(minClients, a.Peak+(a.Peak+9)/10),
	}, nil
}

// INI returns the text of a pgbouncer.ini, which holds no password: those are
// in auth_file. It is for PgBouncer 1.18 or later; max_prepared_statements,
// which older ones do not know, is there as a comment. The error joins what
// cannot be written into such a file.
func (b Bouncer) INI() (string, error) {
	var errs []error
	for _, f := range []struct{ name, value string }{{"Host", b.Host}, {"Database", b.Database}} {
		if f.value == "" || strings.ContainsFunc(f.value, func(r rune) bool { return r < ' ' || strings.ContainsRune(`'";= %`, r) }) {
			errs = append(errs, fmt.Errorf("dbpool: Bouncer.%s is %q, want a plain name", f.name, f.value))
		}
	}
	if b.Port < 1 || b.Port > 65535 {
		errs = append(errs, fmt.Errorf("dbpool: Bouncer.Port is %d, want 1 to 65535", b.Port))
	}
	errs = append(errs, inRange("Bouncer.PoolSize", b.PoolSize, 1))
	if b.MaxClients < 1 {
		errs = append(errs, fmt.Errorf("dbpool: Bouncer.MaxClients is %d, want ≥ 1", b.MaxClients))
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	return fmt.Sprintf(bouncerINI, b.Database, b.Host, b.Port, b.Database,
		b.PoolSize, b.PoolSize, b.MaxClients), nil
}

const bouncerINI = `[databases]
%s = host=%s port=%d dbname=%s

[pgbouncer]
; the service's tasks must reach it: * for every interface
listen_addr = 127.0.0.1
listen_port = 6432
auth_type = scram-sha-256
; "user" "password or SCRAM secret" lines, readable by PgBouncer alone
auth_file = /etc/pgbouncer/userlist.txt

; a server connection for each transaction, not for each client
pool_mode = transaction
; server connections: no more than the budget leaves
default_pool_size = %d
max_db_connections = %d
; clients: every pool of the service at its peak, and a tenth more
max_client_conn = %d

; a statement that waits longer fails; the default of 120 s outlives its client
query_wait_timeout = 10
; as Config.Recycle
server_lifetime = 1800
server_idle_timeout = 600
; drivers send it, and it changes nothing here
ignore_startup_parameters = extra_float_digits
; from PgBouncer 1.21 on, take the semicolon away: it carries prepared statements
;max_prepared_statements = 200
`
