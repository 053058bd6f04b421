package sqltrace

import (
	"database/sql/driver"
	"reflect"
	"slices"
	"strings"
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

// drivers are parts of the import paths of well-known drivers for database/sql.
// Only parts, so that forks count too, and whatever wraps SQLite.
var drivers = []struct {
	part    string
	dialect Dialect
}{
	{"/pgx/", Postgres},
	{"/lib/pq/", Postgres},
	{"sqlite", SQLite},
	{"/go-sql-driver/mysql/", MySQL},
	{"/go-mssqldb/", SQLServer},
}

// DialectOf returns the dialect that d's database speaks, as far as the
// package that d comes from tells, and Unknown otherwise.
func DialectOf(d driver.Driver) Dialect {
	typ := reflect.TypeOf(d)
	if typ == nil {
		return Unknown
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return dialectOfPackage(typ.PkgPath())
}

func dialectOfPackage(path string) Dialect {
	for _, known := range drivers {
		if strings.Contains(path+"/", known.part) {
			return known.dialect
		}
	}
	return Unknown
}
