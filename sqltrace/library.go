package sqltrace

import (
	"path"
	"strings"
)

// library is the way in which the application talks to its database, by what
// its frame calls. Where one is built on another the greater is what the
// application sees.
type library uint8

const (
	libraryUnknown library = iota
	libraryPGX             // pgx or pgxpool
	librarySQL             // database/sql, also over pgx
	librarySQLC            // methods that sqlc wrote
	librarySQLX
	libraryBun
	libraryEnt
	libraryGORM
)

// libraryOf returns the library that a frame belongs to.
func libraryOf(pkg, file string) library {
	switch {
	case within(pkg, "gorm.io/gorm"):
		return libraryGORM
	case within(pkg, "entgo.io/ent"), isEnt(pkg):
		return libraryEnt
	case within(pkg, "github.com/uptrace/bun"):
		return libraryBun
	case within(pkg, "github.com/jmoiron/sqlx"):
		return librarySQLX
	case strings.HasSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".sql.go"):
		return librarySQLC
	case within(pkg, "github.com/jackc/pgx"):
		return libraryPGX
	case pkg == "database/sql":
		return librarySQL
	}
	return libraryUnknown
}

// isEnt reports whether ent wrote pkg.
func isEnt(pkg string) bool {
	return strings.HasSuffix(pkg, "/ent") || strings.Contains(pkg, "/ent/")
}

// serves reports whether a function is one that a server calls for a request.
func serves(function string) bool {
	return strings.HasSuffix(function, ".ServeHTTP") || strings.HasPrefix(function, "net/http.(*conn).serve") ||
		strings.HasPrefix(function, "google.golang.org/grpc.(*Server).handleStream")
}
