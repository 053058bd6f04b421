package data

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hone-go/hone/sqltrace"
)

// Config holds what is optional in [Open]. The zero value is ready to use.
type Config struct {
	// Trace sees every statement sent through the opened [DB]. Nil, the
	// default, traces nothing. Seeding is never traced: it is not traffic.
	Trace *sqltrace.Tracer

	// Schema is the PostgreSQL schema that holds the shop's tables; SQLite
	// has none and ignores it. Default "hone_shop". It must be a lower-case
	// identifier and cannot be public or one of the system's, because
	// [DB.Drop] removes it with all it holds. Through a pooler the tables are
	// in the database's default schema, and this is the name by which the
	// shop knows them.
	Schema string

	// Temporary says that the shop is to be gone when its process is. From
	// [Seed] until [DB.Drop] or [DB.Close] the shop says every twelve seconds,
	// in a table of its own, that it is alive; a process that is killed stops
	// saying so, and the next one that opens a temporary shop in the database
	// drops what is a minute old and carries the mark of such a shop, and
	// nothing else. SQLite ignores it: its temporary database is a file.
	Temporary bool

	// MaxConns is the most connections open at once. Default 10: enough to
	// keep a small machine busy, and a tenth of what PostgreSQL grants by
	// default, so that several copies fit beside each other.
	MaxConns int
}

func (c Config) withDefaults() Config {
	if c.Schema == "" {
		c.Schema = "hone_shop"
	}
	if c.MaxConns == 0 {
		c.MaxConns = 10
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if !validSchema(c.Schema) {
		errs = append(errs, fmt.Errorf("data: Config.Schema is %q, want a lower-case identifier of at most 63 letters, digits and underscores that is not a system schema or public", c.Schema))
	}
	if c.MaxConns < 1 {
		errs = append(errs, fmt.Errorf("data: Config.MaxConns is %d, want > 0 connections", c.MaxConns))
	}
	return errors.Join(errs...)
}

// validSchema admits only names that need no quoting, so that a schema can be
// named in search_path and in DDL, neither of which takes placeholders.
func validSchema(name string) bool {
	switch {
	case name == "public", name == "information_schema", strings.HasPrefix(name, "pg_"):
		return false
	default:
		return regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`).MatchString(name)
	}
}
