package dbpool_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/dbpool"
)

func TestParseConsole(t *testing.T) {
	rows := func(lines ...string) (r dbpool.Table) {
		columns := strings.Split(lines[0], "|")
		for _, l := range lines[1:] {
			row := make(map[string]string)
			for i, value := range strings.Split(l, "|") {
				row[columns[i]] = value
			}
			r = append(r, row)
		}
		return r
	}
	version := rows("version", "PgBouncer 1.24.1")
	config := rows("key|value|default|changeable", "pool_mode|transaction|session|yes", "max_prepared_statements|200|200|yes",
		"default_pool_size|20|20|yes", "max_client_conn|1000|100|yes", "short")
	databases := rows("name|force_user|pool_size|pool_mode", "reports||3|session", "jobs||20|", "admin|root|20|statement")
	users := rows("name|pool_mode", "batch|statement", "root|transaction", "shop|")
	figures := dbpool.Pooler{Version: "1.24.1", MaxPrepared: 200, PoolSize: 20, MaxClients: 1000}
	small := figures
	small.PoolSize = 3
	tests := []struct {
		user, database string
		want           dbpool.Pooler
		mode           dbpool.Mode
	}{
		{"shop", "shop", figures, dbpool.Transaction},
		{"shop", "jobs", figures, dbpool.Transaction},
		{"shop", "reports", small, dbpool.Session},
		{"batch", "shop", figures, dbpool.Statement},
		{"batch", "reports", small, dbpool.Statement},  // the user's goes first
		{"shop", "admin", figures, dbpool.Transaction}, // as root
	}
	for _, tt := range tests {
		got, mode := dbpool.ParseConsole([4]dbpool.Table{version, config, databases, users}, tt.user, tt.database)
		if got != tt.want || mode != tt.mode {
			t.Errorf("parseConsole for %s in %s = %+v, %q, want %+v, %q", tt.user, tt.database, got, mode, tt.want, tt.mode)
		}
	}
	got, mode := dbpool.ParseConsole([4]dbpool.Table{rows("version", "odd"), rows("key|value", "pool_mode|odd")}, "", "")
	if got != (dbpool.Pooler{}) || mode != "" {
		t.Errorf("parseConsole of nonsense = %+v, %q, want nothing", got, mode)
	}
}
