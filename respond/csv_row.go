package respond

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A CSVRow takes the cells of one row, from left to right. No method
// allocates. It is valid only during the call that it was passed to.
type CSVRow struct {
	buf   []byte
	start int // of the row in buf
	cells int
	comma byte
	keep  bool // of formulas
}

func (r *CSVRow) reset(buf []byte) { r.buf, r.start, r.cells = buf, len(buf), 0 }

// line ends the row and returns the buffer.
func (r *CSVRow) line() []byte {
	if r.cells == 1 && len(r.buf) == r.start {
		r.buf = append(r.buf, `""`...) // readers skip an empty line
	}
	return append(r.buf, '\r', '\n')
}

func (r *CSVRow) next() {
	if r.cells > 0 {
		r.buf = append(r.buf, r.comma)
	}
	r.cells++
}

// Text adds a cell of text, quoted where need be. Unless
// [CSVConfig.KeepFormulas] is set, an apostrophe is put before text that
// begins with =, +, -, @, their full-width forms, a tab, a carriage return or
// a line feed, save plain numbers such as -12.5.
func (r *CSVRow) Text(s string) {
	r.next()
	formula := !r.keep && isFormula(s)
	if !formula && !r.quotes(s) {
		r.buf = append(r.buf, s...)
		return
	}
	r.buf = append(r.buf, '"')
	if formula {
		r.buf = append(r.buf, '\'')
	}
	for {
		before, after, found := strings.Cut(s, `"`)
		r.buf = append(r.buf, before...)
		if !found {
			break
		}
		r.buf = append(r.buf, `""`...)
		s = after
	}
	r.buf = append(r.buf, '"')
}

// Int adds a cell with a whole number.
func (r *CSVRow) Int(n int64) {
	r.next()
	r.buf = strconv.AppendInt(r.buf, n, 10)
}

// Float adds a cell with a number, in as many digits as tell it from others
// and without an exponent.
func (r *CSVRow) Float(f float64) {
	r.next()
	r.buf = strconv.AppendFloat(r.buf, f, 'f', -1, 64)
}

// Bool adds a cell with true or false.
func (r *CSVRow) Bool(b bool) {
	r.next()
	r.buf = strconv.AppendBool(r.buf, b)
}

// Time adds a cell with a time as RFC 3339 has it.
func (r *CSVRow) Time(t time.Time) {
	r.next()
	r.buf = t.AppendFormat(r.buf, time.RFC3339Nano)
}

// Null adds an empty cell.
func (r *CSVRow) Null() { r.next() }

// quotes reports whether text must be quoted (RFC 4180 §2.6). Spaces at either
// end are quoted, too: some readers trim them.
func (r *CSVRow) quotes(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return true
	}
	return strings.IndexByte(s, r.comma) >= 0 || strings.IndexByte(s, '"') >= 0 ||
		strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0
}

// isFormula reports whether a spreadsheet would run text
// (https://owasp.org/www-community/attacks/CSV_Injection).
func isFormula(s string) bool {
	if s == "" || s[0] > '@' && s[0] < utf8.RuneSelf {
		return false
	}
	switch first, _ := utf8.DecodeRuneInString(s); first {
	case '=', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return true
	case '+', '-':
		return !isNumber(s[1:])
	default:
		return false
	}
}

// isNumber reports whether s is digits with at most one point among them.
func isNumber(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	return whole != "" && strings.Trim(whole, "0123456789") == "" &&
		(!point || fraction != "" && strings.Trim(fraction, "0123456789") == "")
}
