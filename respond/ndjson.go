package respond

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strconv"
)

// NDJSONConfig configures an [NDJSON]. The zero value is ready to use.
type NDJSONConfig struct {
	Stream StreamConfig

	// FinalLine ends a complete stream with the line {"rows":n}, for clients
	// that cannot read trailers. A client that misses it has a part only.
	FinalLine bool
}

// An NDJSON writes rows of type T as JSON, one a line. It is safe for
// concurrent use.
type NDJSON[T any] struct{ cfg NDJSONConfig }

// NewNDJSON returns an NDJSON.
func NewNDJSON[T any](cfg NDJSONConfig) (*NDJSON[T], error) {
	cfg.Stream = cfg.Stream.withDefaults()
	if err := cfg.Stream.validate(); err != nil {
		return nil, err
	}
	return &NDJSON[T]{cfg}, nil
}

// Serve answers with the rows. Memory, flushes, the trailer, errors and the
// client's leaving are as in [CSV.Serve]. A row is encoded as a *T, so that T's
// methods with pointer receivers count.
func (n *NDJSON[T]) Serve(w http.ResponseWriter, r *http.Request, rows iter.Seq2[T, error]) error {
	return serve(w, r, n.cfg.Stream, "application/x-ndjson", rows, n.format(nil))
}

// ServeFields is [NDJSON.Serve] with the fields of each row that a
// [Fields.Parse] has selected.
func (n *NDJSON[T]) ServeFields(w http.ResponseWriter, r *http.Request, s Selection[T], rows iter.Seq2[T, error]) error {
	return serve(w, r, n.cfg.Stream, "application/x-ndjson", rows, n.format(&s))
}

// Write writes the same bytes as [NDJSON.Serve] to w, and returns how many rows
// were encoded. An error is a [*StreamError].
func (n *NDJSON[T]) Write(ctx context.Context, w io.Writer, rows iter.Seq2[T, error]) (int64, error) {
	return write(ctx, w, n.cfg.Stream, rows, n.format(nil))
}

func (n *NDJSON[T]) format(s *Selection[T]) format[T] {
	f := &ndjsonFormat[T]{cfg: n.cfg, selection: s}
	f.encoder = json.NewEncoder(&f.sink)
	return f
}

// ndjsonFormat is the state of one stream.
type ndjsonFormat[T any] struct {
	cfg       NDJSONConfig
	selection *Selection[T] // nil: all fields
	encoder   *json.Encoder
	sink      sink
	current   T // where the row is while it is encoded: &v would move it to the heap
}

// sink is a slice to which bytes are appended.
type sink struct{ buf []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.buf = append(s.buf, p...)
	return len(p), nil
}

func (f *ndjsonFormat[T]) begin(dst []byte) []byte { return dst }

func (f *ndjsonFormat[T]) row(dst []byte, v T) ([]byte, error) {
	if f.selection != nil {
		dst, err := f.selection.Append(dst, v)
		return append(dst, '\n'), err
	}
	f.current = v
	f.sink.buf = dst
	err := f.encoder.Encode(&f.current) // ends with a newline
	return f.sink.buf, err
}

func (f *ndjsonFormat[T]) end(dst []byte, rows int64) []byte {
	if !f.cfg.FinalLine {
		return dst
	}
	dst = append(dst, `{"rows":`...)
	dst = strconv.AppendInt(dst, rows, 10)
	return append(dst, "}\n"...)
}
