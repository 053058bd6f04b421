package encode

import (
	"fmt"
	"strings"
)

// defaultTypes are text, however it is named, and the binary forms known to
// shrink. Not all types: images, audio, video, archives and most fonts are
// compressed already, and a second time costs both sides for nothing.
var defaultTypes = []string{
	"text/*", "*/*+json", "*/*+xml", "*/*+yaml",
	"application/json", "application/x-ndjson", "application/ndjson", "application/jsonl",
	"application/json-seq", "application/xml", "application/xml-dtd", "application/yaml",
	"application/javascript", "application/x-javascript", "application/ecmascript",
	"application/graphql", "application/sql", "application/toml", "application/rtf",
	"application/csv", "application/x-csv", "application/wasm", "application/msgpack",
	"application/protobuf", "application/x-protobuf", "application/vnd.ms-fontobject",
	"font/ttf", "font/otf", "image/svg+xml", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
}

// types is a set of media types.
type types struct {
	exact    map[string]bool // "application/json"
	top      map[string]bool // "text" of "text/*"
	suffixes map[string]bool // "json" of "*/*+json"
	any      bool            // "*/*"
}

func newTypes(patterns []string) (types, error) {
	t := types{exact: map[string]bool{}, top: map[string]bool{}, suffixes: map[string]bool{}}
	for _, pattern := range patterns {
		p := strings.ToLower(pattern)
		top, sub, ok := strings.Cut(p, "/")
		suffix, structured := strings.CutPrefix(p, "*/*+")
		switch {
		case p == "*/*":
			t.any = true
		case structured && suffix != "" && !strings.ContainsAny(suffix, "*/; ,"):
			t.suffixes[suffix] = true
		case !ok || top == "" || sub == "" || strings.ContainsAny(top, "*; ,") || sub != "*" && strings.ContainsAny(sub, "*/; ,"):
			return types{}, fmt.Errorf("encode: Config.Types has %q, want type/subtype, type/*, */*+suffix or */*", pattern)
		case sub == "*":
			t.top[top] = true
		default:
			t.exact[p] = true
		}
	}
	return t, nil
}

// has reports whether the set has the type of a Content-Type field. Its cost
// is one to three look-ups; it allocates only for a type in upper case.
func (t *types) has(contentType string) bool {
	mediaType := essence(contentType)
	switch {
	case t.exact[mediaType]:
		return true
	case strings.HasPrefix(mediaType, "application/grpc"):
		return false // it compresses its own messages, and its clients expect no other
	case t.any:
		return mediaType != ""
	}
	top, sub, ok := strings.Cut(mediaType, "/")
	if !ok {
		return false
	}
	return t.top[top] || t.suffixes[sub[strings.LastIndexByte(sub, '+')+1:]] && strings.IndexByte(sub, '+') >= 0
}

// essence returns the type and subtype of a Content-Type field in lower case.
func essence(contentType string) string {
	if i := strings.IndexByte(contentType, ';'); i >= 0 {
		contentType = contentType[:i]
	}
	return strings.ToLower(strings.TrimSpace(contentType))
}
