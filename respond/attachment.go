package respond

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFilenameBytes bounds a file's name. Not smaller: titles become names. Not
// larger: file systems end at 255 bytes, and browsers add " (1)".
const maxFilenameBytes = 200

// Attachment returns a Content-Disposition (RFC 6266) that makes a browser save
// the body under the given name, whatever the name holds: it may come from a
// user. Path separators, control characters, characters that are invisible or
// turn the direction of writing, and broken UTF-8 become "_", so that the name
// can neither end the header nor leave the directory nor hide its extension. A
// name that is too long keeps its extension. An empty one is "download".
func Attachment(name string) string {
	name = safeName(name)
	ascii := strings.Map(func(r rune) rune {
		// RFC 6266 Appendix D: some clients decode %, some mistake \.
		if r > unicode.MaxASCII || r == '"' || r == '%' {
			return '_'
		}
		return r
	}, name)
	disposition := `attachment; filename="` + ascii + `"`
	if ascii != name {
		disposition += "; filename*=UTF-8''" + extValue(name)
	}
	return disposition
}

func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/', r == '\\', r == utf8.RuneError, r == '\u2028', r == '\u2029',
			unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return '_'
		default:
			return r
		}
	}, name)
	// A leading dot hides a file, and Windows drops dots and spaces at the end.
	name = strings.TrimLeft(name, ". ")
	name = strings.TrimRight(name, ". ")
	if name == "" {
		return "download"
	}
	return shorten(name)
}

// shorten cuts a name before its extension.
func shorten(name string) string {
	if len(name) <= maxFilenameBytes {
		return name
	}
	extension := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 16 {
		extension = name[dot:]
	}
	end := maxFilenameBytes - len(extension)
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + extension
}

// extValue percent-encodes all but attr-char (RFC 8187 §3.2.1).
func extValue(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			strings.IndexByte("!#$&+-.^_`|~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
