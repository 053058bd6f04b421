package encode

import (
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A compressor is what gzip, brotli and zstd have in common.
type compressor interface {
	io.WriteCloser
	Flush() error
	Reset(next io.Writer)
}

// A stream is a compressor and what it has put out. A pooled one holds on to no
// response.
type stream struct {
	compressor
	out  output
	room []byte // for out.buf; nil until a response is streamed
}

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

// stream returns a fresh stream to next, or one that only gathers, in buf.
func (e *Encoder) stream(c Coding, next io.Writer, buf []byte) *stream {
	s := e.pools[c].Get().(*stream)
	s.Reset(&s.out)
	if next != nil {
		if s.room == nil {
			s.room = make([]byte, 0, gatherBytes)
		}
		buf = s.room
	}
	s.out = output{next, buf}
	return s
}

// release keeps s for another response.
func (e *Encoder) release(c Coding, s *stream) {
	s.out = output{}
	e.pools[c].Put(s)
}

// Flush passes on all that was written.
func (s *stream) Flush() error {
	if err := s.compressor.Flush(); err != nil {
		return err
	}
	return s.out.send()
}

// Close ends the body and passes its rest on.
func (s *stream) Close() error {
	if err := s.compressor.Close(); err != nil {
		return err
	}
	return s.out.send()
}

// gatherBytes is how much a compressor puts out before it is passed on. Not
// smaller: gzip puts out 246 bytes at a time, and what is below pays for each
// piece. Not larger: a TLS record and a frame of HTTP/2 hold no more.
const gatherBytes = 16 << 10

// An output takes what a compressor puts out.
type output struct {
	next io.Writer // nil: all stays in buf
	buf  []byte    // not yet passed on
}

// Write gathers p, and passes on what there is no room for.
func (o *output) Write(p []byte) (int, error) {
	if o.next != nil && len(p) > cap(o.buf)-len(o.buf) {
		if err := o.send(); err != nil {
			return 0, err
		}
		if len(p) > cap(o.buf) {
			return o.next.Write(p)
		}
	}
	o.buf = append(o.buf, p...)
	return len(p), nil
}

// send passes on what was gathered.
func (o *output) send() error {
	if o.next == nil || len(o.buf) == 0 {
		return nil
	}
	_, err := o.next.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}
