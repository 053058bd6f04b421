// Package data is the shop's database: the schema, the content, and how to
// open it on SQLite or PostgreSQL.
//
// [Open] takes an empty string for a throw-away SQLite database, a path for a
// lasting one, or a postgres:// URL. [Seed] fills it with a timber
// wholesaler's two years of trade, the same rows on every run and on both
// databases. The SQL that the shop sends is the same text on both, with $1
// placeholders; only the schema and the bulk load differ.
//
// The shop keeps to its own ground. On PostgreSQL all its tables live in one
// schema of their own, which it creates, marks and drops; through a pooler,
// which has no place for that, they live in the default schema, and each is
// marked; on SQLite it refuses a file that another application made.
package data
