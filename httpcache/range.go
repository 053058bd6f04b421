package httpcache

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRanges bounds the parts of one answer: a request for more gets the whole
// body (RFC 9110 §14.2 lets it). Not smaller: readers of PDF and of archives
// ask for a dozen at once. Not larger: each part costs about 150 bytes around
// it, and one request field could ask for ten thousand.
const maxRanges = 32

// byteRange is a part of a body that is there: at least one byte of it.
type byteRange struct{ start, end int64 } // end is exclusive

func (b byteRange) size() int64 { return b.end - b.start }

// contentRange is the value of Content-Range (RFC 9110 §14.4).
func (b byteRange) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", b.start, b.end-1, size)
}

// parseRange reads the lines of a Range field (RFC 9110 §14.2) about a body of
// size bytes. It returns the ranges in the order they were asked for, without
// those that lie beyond the body. ok is false if the field is to be ignored and
// the whole body sent: another unit, a value that does not follow the grammar,
// several lines, more than maxRanges ranges, or ranges whose sum exceeds the body, which
// helps nobody but an attacker (§17.15). ok with no range is unsatisfiable.
// Nothing of an empty body can be sent, so it is sent whole.
func parseRange(lines []string, size int64) (ranges []byteRange, ok bool) {
	if len(lines) != 1 || size == 0 {
		return nil, false
	}
	unit, set, found := strings.Cut(lines[0], "=")
	if !found || !strings.EqualFold(unit, "bytes") {
		return nil, false
	}
	var asked int
	var sum int64
	for set != "" {
		var spec string
		spec, set, _ = strings.Cut(set, ",")
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue // a list may have empty elements (§5.6.1)
		}
		r, satisfiable, valid := parseRangeSpec(spec, size)
		if asked++; !valid || asked > maxRanges {
			return nil, false
		}
		if satisfiable {
			ranges = append(ranges, r)
			sum += r.size()
		}
	}
	return ranges, asked > 0 && sum <= size
}

// parseRangeSpec reads one "first-last", "first-" or "-length" (§14.1.1, §14.1.2).
func parseRangeSpec(spec string, size int64) (r byteRange, satisfiable, valid bool) {
	first, last, found := strings.Cut(spec, "-")
	if !found {
		return byteRange{}, false, false
	}
	if first == "" {
		length, ok := parsePosition(last)
		return byteRange{max(0, size-length), size}, length > 0, ok
	}
	start, ok := parsePosition(first)
	if !ok {
		return byteRange{}, false, false
	}
	end := size
	if last != "" {
		position, ok := parsePosition(last)
		if !ok || position < start {
			return byteRange{}, false, false
		}
		end = min(size, position+1)
	}
	return byteRange{start, end}, start < size, true
}

// maxPosition stands for any larger number: no body reaches it, and adding one
// does not overflow.
const maxPosition = 1 << 60

// parsePosition reads digits alone, of which there may be many.
func parsePosition(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > maxPosition {
		n = maxPosition
	}
	return n, s != ""
}
