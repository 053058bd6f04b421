package testserver

import (
	"database/sql"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// MySQL returns the data source name of an empty database that belongs to the
// test alone and is dropped when the test ends. Its text has MySQL's usual
// collation, which compares 'a' = 'A'; times are scanned into [time.Time].
func MySQL(t testing.TB) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(address(t, EnvMySQL))
	if err != nil {
		t.Fatalf("testserver: %s is not a data source name", EnvMySQL) // the text may hold a password
	}
	name := "hone_test_" + suffix()
	admin := cfg.FormatDSN()
	executeMySQL(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
	t.Cleanup(func() { executeMySQL(t, admin, "DROP DATABASE "+name) })
	cfg.DBName, cfg.ParseTime = name, true
	return cfg.FormatDSN()
}

func executeMySQL(t testing.TB, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatalf("testserver: %v", err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("testserver: %s: %v", statement, err)
	}
}
