// Package sqlscan cuts SQL text into tokens, as the database would that is to
// run it. It is for code that must know where every token lies, tell a
// placeholder from an operator, and never take a second statement for part of
// a string: sqltrace rewrites statements by it, sqltrace/explain decides what
// may be explained, dbpool finds what a pooler does not carry.
//
// The fingerprints of sqltrace come from go-sqllexer, which gives no positions.
//
// It knows how PostgreSQL, SQLite, MySQL and SQL Server write strings, quoted
// names, comments and placeholders, and no grammar. It fails on no text: what
// does not end is a token of its own, [Broken]. Start with [Scan].
//
//   - https://www.postgresql.org/docs/current/sql-syntax-lexical.html
//   - https://www.sqlite.org/lang_expr.html
//   - https://dev.mysql.com/doc/refman/8.4/en/language-structure.html
//   - https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers
package sqlscan
