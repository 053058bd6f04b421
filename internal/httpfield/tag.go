package httpfield

import (
	"iter"
	"strings"
)

// A Tag is an entity tag (RFC 9110 §8.8.3).
type Tag struct {
	// Opaque is what stands between the quotes.
	Opaque string
	// Weak says that equal tags mean equivalent content, not equal bytes.
	Weak bool
}

// String returns the tag as it stands in a field.
func (t Tag) String() string {
	if t.Weak {
		return `W/"` + t.Opaque + `"`
	}
	return `"` + t.Opaque + `"`
}

// MatchStrong compares as If-Match and If-Range do (RFC 9110 §8.8.3.2): equal
// and neither is weak.
func (t Tag) MatchStrong(other Tag) bool {
	return !t.Weak && !other.Weak && t.Opaque == other.Opaque
}

// MatchWeak compares as If-None-Match does: equal but for weakness.
func (t Tag) MatchWeak(other Tag) bool { return t.Opaque == other.Opaque }

// ParseTag reads one entity tag, as ETag and If-Range have it. White space
// around it is allowed, anything else is not.
func ParseTag(s string) (Tag, bool) {
	tag, rest, ok := cutTag(trim(s))
	return tag, ok && rest == ""
}

// Tags yields the tags of If-None-Match or If-Match. It stops at the first
// thing that is not a tag or a comma, and goes on with the next line: behind a
// broken quote nobody can say where the next tag begins. A list that is "*"
// yields none; see [AnyTag].
func Tags(lines []string) iter.Seq[Tag] {
	return func(yield func(Tag) bool) {
		for _, rest := range lines {
			for {
				rest = strings.TrimLeft(rest, ", \t")
				tag, after, ok := cutTag(rest)
				if after = trim(after); !ok || after != "" && after[0] != ',' {
					break
				}
				if !yield(tag) {
					return
				}
				rest = after
			}
		}
	}
}

// AnyTag reports whether the field is "*", alone: any tag will do.
func AnyTag(lines []string) bool {
	return len(lines) == 1 && trim(lines[0]) == "*"
}

// cutTag reads the tag that s begins with. Unlike a quoted string, a tag has
// no escapes: a backslash is a byte like others.
func cutTag(s string) (tag Tag, rest string, ok bool) {
	if after, weak := strings.CutPrefix(s, "W/"); weak { // the W is case-sensitive
		tag.Weak, s = true, after
	}
	if s == "" || s[0] != '"' {
		return Tag{}, "", false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			tag.Opaque = s[1:i]
			return tag, s[i+1:], true
		case c <= ' ' || c == 0x7f:
			return Tag{}, "", false
		}
	}
	return Tag{}, "", false
}
