package httpcache

import (
	"net/http"
	"time"
)

// Check answers a conditional request (RFC 9110 §13) before the handler has
// done any work, from what the resource can be recognised by: etag, the time
// it was modified, or both. It reports whether the response is written; then
// the handler only returns.
//
//	if httpcache.Check(w, r, product.Version, product.UpdatedAt) {
//		return
//	}
//
// A GET or HEAD that the client need not repeat gets a 304 with the fields set
// so far that a 304 must have (Cache-Control, Vary, Expires, Content-Location,
// …: set them before); else ETag and Last-Modified are set for the response
// that follows. Any other method whose If-Match, If-Unmodified-Since or
// If-None-Match does not hold gets a 412, and nothing may be written; else no
// field is set, since the tag of what is about to be replaced would be taken
// for the new one's. CONNECT, OPTIONS and TRACE have no conditions.
//
// etag is a tag as it stands in the field, with W/ before it if it is weak, or
// any other text that changes whenever the body does: it is made a strong tag.
// Without it, If-Match never holds, and If-None-Match always does. Neither etag
// nor modified means that there is no resource yet: `If-None-Match: *` holds,
// so that a PUT creates and never overwrites.
//
// Between Check and a write another writer may come: repeat the version in the
// statement (UPDATE … WHERE version = $1), or check inside the transaction.
//
// Call Check only where the answer without conditions would be a success (RFC
// 9110 §13.2.1), after authorisation above all. Under package encode's handler
// tags of coded bodies are understood, and the 304 repeats them. The zero Time
// is no time; fractions of a second are dropped, as the fields have none. Cost:
// no I/O, linear in the length of the fields.
func Check(w http.ResponseWriter, r *http.Request, etag string, modified time.Time) (done bool) {
	var v validators
	v.tag, v.tagged = userTag(etag)
	v.modified = modified.Truncate(time.Second)
	result := v.evaluate(r)
	if result != proceed || isRead(r.Method) {
		v.set(w.Header())
	}
	return result.write(w, r)
}
