package dbpool

import (
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sqlscan"
)

// A Hazard is something that a transaction pooler does not carry from one
// statement to the next, because the next may meet another server.
type Hazard struct {
	Feature string `json:"feature"` // such as "LISTEN" or "session advisory lock"
	Problem string `json:"problem"` // what goes wrong
	Remedy  string `json:"remedy"`  // what to do instead
}

// Lint names what in sql, one or more statements of PostgreSQL's, depends on a
// session and so must not go through a pooler in transaction mode. The same
// feature is named once. It reads words, not meanings: the bodies of functions
// and DO blocks are strings to it, and a setting given by a parameter counts
// as one that lasts.
//
// Cost: linear in the length; lint each fingerprint once, not each execution.
func Lint(sql string) []Hazard {
	var found []Hazard
	tokens := sqlscan.Code(sql, sqlscan.Postgres)
	for len(tokens) > 0 {
		statement := tokens
		end := slices.IndexFunc(tokens, func(t sqlscan.Token) bool { return t.Is(";") })
		if end < 0 {
			tokens = nil
		} else {
			statement, tokens = tokens[:end], tokens[end+1:]
		}
		for _, h := range append(lintVerb(statement), lintCalls(statement)...) {
			if !slices.Contains(found, h) {
				found = append(found, h)
			}
		}
	}
	return found
}

// What [Lint] finds.
var (
	hazardSet = Hazard{
		"SET",
		"the setting stays on a server connection that others get next, and the next statement may not meet it",
		"SET LOCAL or set_config(name, value, true) inside the transaction; ALTER ROLE … SET for what always holds",
	}
	hazardReset = Hazard{
		"RESET",
		"it resets whichever server connection it meets",
		"SET LOCAL, which ends with its transaction and needs no RESET",
	}
	hazardListen = Hazard{
		"LISTEN",
		"the notifications go to a server connection that nobody reads",
		"a connection of its own, pgx.Connect to PostgreSQL itself; NOTIFY may stay",
	}
	hazardHold = Hazard{
		"WITH HOLD cursor",
		"the cursor stays on one server connection, and the next FETCH may meet another",
		"keyset pages, or a cursor without HOLD inside one transaction",
	}
	hazardPrepare = Hazard{
		"PREPARE",
		"the pooler does not follow statements prepared in SQL: EXECUTE may meet a server without it",
		"the protocol's prepared statements, which pgx uses by itself; PgBouncer carries them from 1.21 on",
	}
	hazardTemp = Hazard{
		"temporary table",
		"it stays on one server connection, where others find it, and the next statement may not",
		"ON COMMIT DROP inside the transaction, a CTE, or unnest($1::bigint[])",
	}
	hazardLoad = Hazard{
		"LOAD",
		"the library is loaded into one server connection only",
		"session_preload_libraries or shared_preload_libraries on the server",
	}
	hazardLock = Hazard{
		"session advisory lock",
		"the lock stays with a server connection after its client has moved on: others hold it, and unlocking may meet another",
		"pg_advisory_xact_lock or pg_try_advisory_xact_lock inside the transaction",
	}
	hazardLocal = Hazard{
		"SET LOCAL outside a transaction",
		"it ends with the statement, so that nothing is set",
		"BEGIN first, and the statements it is meant for before COMMIT; or send them in one batch",
	}
	hazardPrepared = Hazard{
		"prepared statement",
		"it stays on one server connection, and the next execution may meet another",
		"do not prepare: pgx sends arguments apart from the text anyway; or PgBouncer 1.21 with max_prepared_statements",
	}
	hazardSequence = Hazard{
		"currval",
		"the value is the last one of a server connection, perhaps of another client's",
		"INSERT … RETURNING id",
	}
)

// lintVerb judges a statement by how it begins.
func lintVerb(t []sqlscan.Token) []Hazard {
	for len(t) > 0 && t[0].Is("(") {
		t = t[1:]
	}
	begins := func(words ...string) bool {
		return len(t) >= len(words) && slices.EqualFunc(t[:len(words)], words, sqlscan.Token.Is)
	}
	switch {
	case begins("set", "local"), begins("set", "transaction"), begins("set", "constraints"):
		return nil // they end with the transaction
	case begins("set"):
		return []Hazard{hazardSet}
	case begins("reset"):
		return []Hazard{hazardReset}
	case begins("listen"), begins("unlisten"):
		return []Hazard{hazardListen}
	case begins("declare") && has(t, "with", "hold"):
		return []Hazard{hazardHold}
	case begins("prepare", "transaction"), begins("deallocate", "all"):
		return nil // of any session; known to the pooler
	case begins("prepare"), begins("execute"), begins("deallocate"):
		return []Hazard{hazardPrepare}
	case begins("load"):
		return []Hazard{hazardLoad}
	case begins("create"):
		return lintCreate(t[1:])
	case begins("select"), begins("with"):
		return lintInto(t)
	}
	return nil
}

// lintCreate judges what follows CREATE.
func lintCreate(t []sqlscan.Token) []Hazard {
	for len(t) > 0 && (t[0].Is("or") || t[0].Is("replace") || t[0].Is("local") || t[0].Is("global")) {
		t = t[1:]
	}
	if len(t) == 0 || !t[0].Is("temp") && !t[0].Is("temporary") || has(t, "on", "commit", "drop") {
		return nil
	}
	return []Hazard{hazardTemp}
}

// lintInto judges a query: SELECT … INTO TEMP makes a table too.
func lintInto(t []sqlscan.Token) []Hazard {
	if has(t, "into", "temp") || has(t, "into", "temporary") {
		return []Hazard{hazardTemp}
	}
	return nil
}

// has reports whether the words stand in t, one after the other.
func has(t []sqlscan.Token, words ...string) bool {
	for i := 0; i+len(words) <= len(t); i++ {
		if slices.EqualFunc(t[i:i+len(words)], words, sqlscan.Token.Is) {
			return true
		}
	}
	return false
}

// lintCalls judges a statement by the functions it calls.
func lintCalls(t []sqlscan.Token) []Hazard {
	var found []Hazard
	for i := 0; i+1 < len(t); i++ {
		if !t[i+1].Is("(") || !t[i].IsName() {
			continue
		}
		switch name := t[i].Name(sqlscan.Postgres); {
		case sessionLock(name):
			found = append(found, hazardLock)
		case name == "currval" || name == "lastval":
			found = append(found, hazardSequence)
		case name == "set_config" && !lastIsTrue(t[i+2:]):
			found = append(found, hazardSet)
		}
	}
	return found
}

func sessionLock(name string) bool {
	return (strings.HasPrefix(name, "pg_advisory_") || strings.HasPrefix(name, "pg_try_advisory_")) &&
		!strings.Contains(name, "_xact_")
}

// lastIsTrue reports whether the last argument of a call whose arguments begin
// t is the constant true.
func lastIsTrue(t []sqlscan.Token) bool {
	depth := 0
	var last []sqlscan.Token
	for _, k := range t {
		switch {
		case k.Is("("):
			depth++
		case k.Is(")") && depth == 0:
			if len(last) == 0 {
				return false
			}
			value := strings.ToLower(last[0].Unquoted())
			literal := last[0].Kind == sqlscan.String && (value == "t" || value == "true" || value == "on" || value == "1")
			return last[0].Is("true") || literal
		case k.Is(")"):
			depth--
		case k.Is(",") && depth == 0:
			last = last[:0]
			continue
		}
		last = append(last, k)
	}
	return false
}

// carried are the connection parameters that PgBouncer keeps for each client,
// plus those that it uses itself.
var carried = []string{
	"client_encoding", "datestyle", "intervalstyle", "timezone",
	"standard_conforming_strings", "application_name",
}

// LintStartup names the connection parameters (pgx's RuntimeParams: whatever a
// URL has beyond the connection itself) that PgBouncer refuses with
// "unsupported startup parameter".
func LintStartup(params map[string]string) []Hazard {
	var names []string
	for name := range params {
		if !slices.Contains(carried, strings.ToLower(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	found := make([]Hazard, len(names))
	for i, name := range names {
		found[i] = Hazard{
			"connection parameter " + name,
			"PgBouncer refuses the connection: unsupported startup parameter",
			"ALTER ROLE … SET " + name + " on the server and leave it out of the URL; or ignore_startup_parameters in pgbouncer.ini, which drops it",
		}
	}
	return found
}
