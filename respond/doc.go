// Package respond writes the answers of an HTTP service: JSON of which clients
// choose the fields, problems, exports of any length, and pages put together
// from other services.
//
// [JSON] encodes before it sends, so that a failure is still a proper answer.
// [Fields] gives clients ?fields=id,customer.name from a list of what is
// allowed. [Error] answers with application/problem+json (RFC 9457) or, to a
// browser, with the same as a page, and never shows the text of an error that
// is not meant for clients.
//
// [CSV] and [NDJSON] stream rows from an iterator, such as [Scan] makes of a
// query, in memory that does not grow with their number and no faster than the
// client reads. One that cannot be completed never looks complete: the
// connection is cut. [Attachment] names the file.
//
// [Gather] makes independent calls to other services at once, under one
// deadline, and books each in the request's account.
package respond
