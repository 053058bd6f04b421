package dbpool

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// console reads PgBouncer's figures from its own database, and the mode that it
// has for the user in the database of cfg. Mode "" means that there is no
// console for this user, or that this is no PgBouncer.
func console(ctx context.Context, cfg *pgconn.Config) (Pooler, Mode) {
	database := cfg.Database
	if database == "" {
		database = cfg.User // as PgBouncer does
	}
	cfg = cfg.Copy()
	cfg.Database = "pgbouncer"
	cfg.RuntimeParams = nil
	conn, err := connect(ctx, cfg)
	if err != nil {
		return Pooler{}, ""
	}
	defer closeConn(conn)
	var answers [4]table
	for i, question := range []string{"SHOW VERSION", "SHOW CONFIG", "SHOW DATABASES", "SHOW USERS"} {
		result, err := named(ctx, conn, question)
		if err != nil {
			return Pooler{}, ""
		}
		answers[i] = newTable(result)
	}
	return parseConsole(answers, cfg.User, database)
}

// parseConsole reads the answers to SHOW VERSION ("PgBouncer 1.18.0"), SHOW
// CONFIG (key, value), SHOW DATABASES and SHOW USERS. What it cannot read stays
// unknown. The user's pool_mode goes before the database's, and that before the
// one for all.
func parseConsole(answers [4]table, user, database string) (p Pooler, mode Mode) {
	version, settings, databases, users := answers[0], answers[1], answers[2], answers[3]
	if len(version) > 0 {
		if words := strings.Fields(version[0]["version"]); len(words) >= 2 && words[0] == "PgBouncer" {
			p.Version = words[1]
		}
	}
	setting := func(key string) string { return settings.find("key", key)["value"] }
	number := func(text string) int { n, _ := strconv.Atoi(text); return n } // 0 is not known
	p.MaxPrepared = number(setting("max_prepared_statements"))
	p.PoolSize = number(setting("default_pool_size"))
	p.MaxClients = number(setting("max_client_conn"))
	own := databases.find("name", database)
	if size := number(own["pool_size"]); size > 0 {
		p.PoolSize = size
	}
	if forced := own["force_user"]; forced != "" {
		user = forced // whose pool it is
	}
	for _, m := range []string{setting("pool_mode"), own["pool_mode"], users.find("name", user)["pool_mode"]} {
		if m := Mode(m); m == Session || m == Transaction || m == Statement {
			mode = m
		}
	}
	return p, mode
}

// table is a result as one map from column to value for each row, since
// versions of PgBouncer differ in their columns.
type table []map[string]string

func newTable(r *pgconn.Result) table {
	var t table
	for _, values := range r.Rows {
		row := make(map[string]string, len(values))
		for i, v := range values {
			if i < len(r.FieldDescriptions) {
				row[r.FieldDescriptions[i].Name] = string(v)
			}
		}
		t = append(t, row)
	}
	return t
}

// find returns the row whose column has the value; nil if there is none.
func (t table) find(column, value string) map[string]string {
	for _, row := range t {
		if row[column] == value {
			return row
		}
	}
	return nil
}
