package sqltrace

import (
	"database/sql/driver"
	"reflect"
	"slices"
)

// Dialect names the SQL that a database speaks. It decides how a text is cut
// into tokens and how a suggested statement asks for many keys at once.
type Dialect string

// The dialects. Unknown is the zero value: the placeholders of a statement
// then decide, $1 meaning PostgreSQL.
const (
	Unknown   Dialect = ""
	Postgres  Dialect = "postgres"
	SQLite    Dialect = "sqlite"
	MySQL     Dialect = "mysql"
	SQLServer Dialect = "sqlserver"
)

func (d Dialect) valid() bool {
	return slices.Contains([]Dialect{Unknown, Postgres, SQLite, MySQL, SQLServer}, d)
}

// drivers are the packages of well-known drivers for database/sql.
var drivers = []struct {
	pkg     string
	dialect Dialect
}{
	{"github.com/jackc/pgx", Postgres},
	{"github.com/lib/pq", Postgres},
	{"modernc.org/sqlite", SQLite},
	{"github.com/mattn/go-sqlite3", SQLite},
	{"github.com/glebarez/go-sqlite", SQLite},
	{"github.com/ncruces/go-sqlite3", SQLite},
	{"github.com/go-sql-driver/mysql", MySQL},
	{"github.com/microsoft/go-mssqldb", SQLServer},
	{"github.com/denisenkom/go-mssqldb", SQLServer},
}

// dialectOf returns the dialect that d's database speaks, as far as the
// package that d comes from tells.
func dialectOf(d driver.Driver) Dialect {
	typ := reflect.TypeOf(d)
	if typ == nil {
		return Unknown
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	for _, known := range drivers {
		if within(typ.PkgPath(), known.pkg) {
			return known.dialect
		}
	}
	return Unknown
}
