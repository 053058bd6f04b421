package sqlscan

// Dialect names the SQL of a database. Its values are those of
// sqltrace.Dialect, which converts to it.
type Dialect string

// The dialects. Unknown, the zero value, reads what the others agree on, takes
// each style of placeholder, and knows the strings of PostgreSQL.
const (
	Unknown   Dialect = ""
	Postgres  Dialect = "postgres"
	SQLite    Dialect = "sqlite"
	MySQL     Dialect = "mysql"
	SQLServer Dialect = "sqlserver"
)

// rules are where the dialects differ.
type rules struct {
	hashComment bool // # begins a comment
	returnEnds  bool // a carriage return ends a line comment
	nested      bool // block comments nest

	backslash    bool // escapes in every string
	escapeString bool // E'…', where a backslash escapes
	dollarString bool // $tag$…$tag$
	doubleString bool // "…" is a string, no name

	backQuote     bool // `…` is a name
	bracket       bool // […] is a name
	doubleBracket bool // in which ]] stands for ]

	question  bool // ? is a placeholder: PostgreSQL has operators of it
	colon     bool // :name is a placeholder: PostgreSQL has array slices
	atOperand bool // @ is an operator too, the absolute value
}

func rulesOf(d Dialect) rules {
	return rules{
		hashComment: d == MySQL,
		returnEnds:  d == Postgres,
		nested:      d == Postgres || d == SQLServer,

		backslash:    d == MySQL,
		escapeString: d == Postgres || d == Unknown,
		dollarString: d == Postgres || d == Unknown,
		doubleString: d == MySQL,

		backQuote:     d != Postgres,
		bracket:       d == SQLServer || d == SQLite,
		doubleBracket: d == SQLServer,

		question:  d != Postgres,
		colon:     d != Postgres,
		atOperand: d == Postgres,
	}
}
