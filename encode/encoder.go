package encode

import (
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// An Encoder negotiates and encodes bodies. It keeps its compressors for reuse
// and is safe for concurrent use.
type Encoder struct {
	config  Config
	types   types
	pools   [codings]sync.Pool // of *stream
	traffic traffic
}

// New returns an Encoder. Its error names every wrong field of config.
func New(config Config) (*Encoder, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	types, err := newTypes(config.Types)
	if err != nil {
		return nil, err
	}
	config.Types = nil // the set has them
	e := &Encoder{config: config, types: types}
	for c := Gzip; c < codings; c++ {
		// Making one checks its options, so that the pool can ignore the error.
		s, err := e.newStream(c)
		if err != nil {
			return nil, fmt.Errorf("encode: %v: %w", c, err)
		}
		e.pools[c].New = func() any { s, _ := e.newStream(c); return s }
		e.pools[c].Put(s)
	}
	return e, nil
}

// Encode returns the body in coding c. For Identity it is the body itself.
// Its cost is that of the level; nothing but the result is allocated.
func (e *Encoder) Encode(c Coding, body []byte) []byte {
	if c == Identity || c >= codings {
		return body
	}
	// A quarter is what JSON comes to; append grows what is less willing.
	out := appender(make([]byte, 0, len(body)/4+64))
	s := e.stream(c, &out)
	_, _ = s.Write(body) // an appender takes everything
	_ = s.Close()
	e.release(c, s)
	return out
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

// A compressor is what gzip, brotli and zstd have in common.
type compressor interface {
	io.WriteCloser
	Flush() error
	Reset(next io.Writer)
}

// A stream is a compressor whose output can be changed without a Reset, so
// that a pooled one holds on to no response.
type stream struct {
	compressor
	out output
}

type output struct{ io.Writer }

// maxWindow bounds what a client must hold to decode zstd. RFC 9659 allows
// 8 MiB. Not larger than 128 KiB: a body of JSON hardly gets smaller, and each
// stream holds its window twice. Not smaller: matches beyond 64 KiB are common
// in exports.
const maxWindow = 128 << 10

func (e *Encoder) newStream(c Coding) (*stream, error) {
	s := &stream{}
	var err error
	switch c {
	case Gzip:
		s.compressor, err = gzip.NewWriterLevel(&s.out, e.config.GzipLevel)
	case Brotli:
		s.compressor = brotli.NewWriterLevel(&s.out, e.config.BrotliLevel)
	case Zstd:
		s.compressor, err = zstd.NewWriter(&s.out,
			zstd.WithEncoderLevel(zstd.EncoderLevel(e.config.ZstdLevel)),
			zstd.WithWindowSize(maxWindow),
			zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderConcurrency(1), // no goroutines: requests are concurrent already
			zstd.WithEncoderCRC(false),     // TLS and TCP check the bytes
			zstd.WithZeroFrames(true))      // an empty body is a frame too
	}
	return s, err
}

// stream returns a fresh stream to out.
func (e *Encoder) stream(c Coding, out io.Writer) *stream {
	s := e.pools[c].Get().(*stream)
	s.Reset(&s.out)
	s.out.Writer = out
	return s
}

// release keeps s for another response.
func (e *Encoder) release(c Coding, s *stream) {
	s.out.Writer = nil
	e.pools[c].Put(s)
}
