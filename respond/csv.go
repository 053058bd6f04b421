package respond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
)

// CSVConfig configures a [CSV]. The zero value is ready to use.
type CSVConfig struct {
	Stream StreamConfig

	// Comma separates the cells. Default ','.
	Comma byte

	// NoHeader leaves out the row with the names of the columns.
	NoHeader bool

	// BOM puts a byte order mark first: Excel takes a file without one for
	// the code page of the machine. Default: none, for all other readers.
	BOM bool

	// KeepFormulas passes text on as it is. Default: text that a spreadsheet
	// would take for a formula is preceded by an apostrophe, so that what one
	// user typed does not run on the machine of another who opens the export;
	// see [CSVRow.Text]. Set it where only programs read the file.
	KeepFormulas bool
}

// A CSV writes rows of type T as text/csv (RFC 4180). It is safe for concurrent
// use.
type CSV[T any] struct {
	cfg     CSVConfig
	columns []string
	row     func(*CSVRow, T)
}

// NewCSV returns a CSV with the given columns. row puts the cells of one value,
// as many as there are columns, into its first argument; it must be safe for
// concurrent use, and must not keep the [CSVRow].
func NewCSV[T any](columns []string, row func(*CSVRow, T), cfg CSVConfig) (*CSV[T], error) {
	if cfg.Comma == 0 {
		cfg.Comma = ','
	}
	cfg.Stream = cfg.Stream.withDefaults()
	errs := []error{cfg.Stream.validate()}
	switch c := cfg.Comma; {
	case c == '\t', ' ' < c && c < 0x7f && c != '"' && c != '\'':
	default:
		errs = append(errs, fmt.Errorf("respond: CSVConfig.Comma is %q, want a tab or an ASCII character that is no quote", c))
	}
	if len(columns) == 0 {
		errs = append(errs, errors.New("respond: NewCSV has no columns, want at least one"))
	}
	if row == nil {
		errs = append(errs, errors.New("respond: NewCSV has no function for rows"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &CSV[T]{cfg, slices.Clone(columns), row}, nil
}

// Serve answers with the rows, header row first, in memory that does not grow
// with their number.
//
// Rows are taken from the iterator only as fast as the client reads them, on
// the goroutine of the handler; only the handler's iterator may run meanwhile,
// and it must not use w. What is ready is sent as [StreamConfig] says. After
// the last row, a trailer field tells the number of rows.
//
// An error before the first row is answered as [Error] does, and returned for
// the log. After that there is no way to say it within the answer: Serve calls
// [StreamConfig.OnError] and cuts the connection, by panicking with
// [http.ErrAbortHandler], so that neither the client nor a cache on the way
// takes a part for the whole. If the client leaves or stops reading, the
// iterator is stopped at the next row, and the error matches [ErrClientLeft];
// an iterator that blocks must watch the request's context itself.
//
// HTTP/1.0 cannot tell a body that was cut from one that ended unless the
// connection is reset: that is done where the connection can be hijacked.
//
// A file name is set beforehand: w.Header().Set("Content-Disposition",
// respond.Attachment(name)).
func (c *CSV[T]) Serve(w http.ResponseWriter, r *http.Request, rows iter.Seq2[T, error]) error {
	contentType := "text/csv; charset=utf-8; header=present" // RFC 4180 §3
	if c.cfg.NoHeader {
		contentType = "text/csv; charset=utf-8; header=absent"
	}
	return serve(w, r, c.cfg.Stream, contentType, rows, c.format())
}

// Write writes the same bytes as [CSV.Serve] to w, and returns how many rows
// were encoded. An error is a [*StreamError].
func (c *CSV[T]) Write(ctx context.Context, w io.Writer, rows iter.Seq2[T, error]) (int64, error) {
	return write(ctx, w, c.cfg.Stream, rows, c.format())
}

func (c *CSV[T]) format() format[T] {
	return &csvFormat[T]{csv: c, cells: CSVRow{comma: c.cfg.Comma, keep: c.cfg.KeepFormulas}}
}

// csvFormat is the state of one stream.
type csvFormat[T any] struct {
	csv   *CSV[T]
	cells CSVRow
}

func (f *csvFormat[T]) begin(dst []byte) []byte {
	if f.csv.cfg.BOM {
		dst = append(dst, "\uFEFF"...)
	}
	if f.csv.cfg.NoHeader {
		return dst
	}
	f.cells.reset(dst)
	for _, name := range f.csv.columns {
		f.cells.Text(name)
	}
	return f.cells.line()
}

// row refuses a row of another width than the header (RFC 4180 §2.4).
func (f *csvFormat[T]) row(dst []byte, v T) ([]byte, error) {
	f.cells.reset(dst)
	f.csv.row(&f.cells, v)
	if f.cells.cells != len(f.csv.columns) {
		return dst, fmt.Errorf("a CSV row has %d cells, want %d as there are columns", f.cells.cells, len(f.csv.columns))
	}
	return f.cells.line(), nil
}

func (f *csvFormat[T]) end(dst []byte, _ int64) []byte { return dst }
