package sqltrace

import (
	"path"
	"strings"

	"github.com/hone-go/hone/internal/callsite"
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

// libraryBelow returns the library that the application, or code of nobody
// known, calls from the innermost of its frames.
func libraryBelow(frames []callsite.Frame) library {
	used := libraryUnknown
	for _, f := range frames {
		if f.Owner == callsite.Application || f.Owner == callsite.Unknown {
			break
		}
		used = max(used, libraryOf(f.Package, f.File))
	}
	return used
}

// libraryOf returns the library that a frame belongs to.
func libraryOf(pkg, file string) library {
	switch {
	case callsite.Within(pkg, "gorm.io/gorm"):
		return libraryGORM
	case callsite.Within(pkg, "entgo.io/ent"), callsite.IsEnt(pkg):
		return libraryEnt
	case callsite.Within(pkg, "github.com/uptrace/bun"):
		return libraryBun
	case callsite.Within(pkg, "github.com/jmoiron/sqlx"):
		return librarySQLX
	case strings.HasSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".sql.go"):
		return librarySQLC
	case callsite.Within(pkg, "github.com/jackc/pgx"):
		return libraryPGX
	case pkg == "database/sql":
		return librarySQL
	}
	return libraryUnknown
}

// serves reports whether a function is one that a server calls for a request.
func serves(function string) bool {
	return strings.HasSuffix(function, ".ServeHTTP") || strings.HasPrefix(function, "net/http.(*conn).serve") ||
		strings.HasPrefix(function, "google.golang.org/grpc.(*Server).handleStream")
}
