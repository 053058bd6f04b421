package page

// ParseCursor reads the part of a cursor behind its key ID.
func ParseCursor(body []byte) (values []any, ok bool) {
	c, ok := parseCursor(body)
	return c.values, ok
}
