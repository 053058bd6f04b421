// Package httpfield reads the fields of HTTP messages that more than one of
// hone's layers must understand the same way: lists, weights (Accept-Encoding),
// entity tags and Cache-Control directives.
//
// The values come from clients. Every function takes the field's lines as
// [net/http.Header.Values] returns them and joins them as RFC 9110 §5.3 says.
// None of them fails: what does not follow the grammar is passed over, and
// each function says how much with it. Each costs time linear in the length of
// the field, and none keeps a copy.
package httpfield
