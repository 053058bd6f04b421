// Package page gives lists to clients page by page, so that no request loads a
// whole table, and writes the SQL for PostgreSQL, SQLite and MySQL.
//
// There are two kinds of page. An [Offset] page has a number, and a client may
// jump to any; the database reads and throws away all rows before it, so depth
// is bounded. A [Keyset] page begins after the last row of the one before; each
// costs the same as the first if an index supports the order, and rows that
// come and go meanwhile shift nothing. A user interface with page numbers wants
// the first, everything else the second.
//
// Both work in three steps: Parse reads the query of a URL, the request that it
// returns writes the SQL, and [NewOffsetPage] or [NewKeysetPage] makes the page
// of the rows. The page has the values of the Link header (RFC 8288) and
// encodes itself as JSON. The package runs no SQL: text and arguments go to
// pgx, database/sql or whatever else the service uses. Only
// [KeysetRequest.CheckIndex] asks a database, at the start of a service, whether
// an index serves an order.
//
// # Parameters
//
// What a client sends is either understood or refused with a [*ParamError],
// whose text and status are fit for the answer. A parameter that is empty,
// repeated, malformed or out of range is never replaced by a default: a client
// that walks a list must not be sent back to page one. The single exception is
// a page size above the bound, which becomes the bound.
//
// Names of columns in ?sort= are looked up in [Sort.Columns]; no text of a
// client ever becomes SQL.
//
// # Cursors
//
// The place of a keyset page is a cursor: the values of the boundary row with
// their exact types, the direction, and a fingerprint of the list, its sort
// and its filter, under HMAC-SHA-256. A cursor that was changed, cut, made for
// another list or that has expired is refused. Cursors are signed, not
// encrypted: a client can read the values of the sort columns in them.
//
// A row whose sort columns change during a walk may be seen twice or not at
// all. An export sorts by columns that do not change.
package page
