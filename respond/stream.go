package respond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"
)

// A format turns rows into bytes. It belongs to one stream. Each method
// appends to dst and returns the extended slice.
type format[T any] interface {
	begin(dst []byte) []byte
	row(dst []byte, v T) ([]byte, error)
	end(dst []byte, rows int64) []byte
}

// An output is where a stream goes. start is called once before the first
// write.
type output interface {
	io.Writer
	start()
}

// errEnough ends a stream after its first row: HEAD wants no more.
var errEnough = errors.New("respond: the header was enough")

// A stream gathers encoded rows and writes them in pieces.
type stream struct {
	cfg StreamConfig
	out output

	// mu is held during writes, against the rule of the house: the timer writes
	// rows that wait while the iterator is blocked, and two writes at once are
	// what it must prevent. Nothing else ever waits for it.
	mu struct {
		sync.Mutex
		buf     []byte
		rows    int64
		err     error // of the first failed write
		started bool  // something was handed to out
		done    bool  // the timer must not write any more
	}
	timer *time.Timer // nil if rows wait without limit
}

// pump writes all rows to s. The error is what stopped it; the iterator has
// been told to stop by then, and out is not used after the return.
func pump[T any](ctx context.Context, s *stream, rows iter.Seq2[T, error], f format[T]) error {
	if s.cfg.FlushInterval > 0 {
		s.timer = time.AfterFunc(s.cfg.FlushInterval, s.tick)
		s.timer.Stop()
	}
	defer s.stop()
	s.mu.buf = f.begin(s.mu.buf)
	left := ctx.Done()
	var row []byte
	for v, err := range rows {
		select {
		case <-left:
			return departed(ctx, context.Cause(ctx))
		default:
		}
		if err != nil {
			return departed(ctx, err)
		}
		row, err = f.row(row[:0], v)
		if err != nil {
			return err
		}
		if err = s.add(row); err != nil {
			return err
		}
		if cap(row) > 4*s.cfg.FlushBytes {
			row = nil // one huge row must not stay for the rest of the stream
		}
	}
	// An iterator may take the end of its context for the end of its rows.
	if ctx.Err() != nil {
		return departed(ctx, context.Cause(ctx))
	}
	return s.finish(func(buf []byte, rows int64) []byte { return f.end(buf, rows) })
}

// departed returns err, marked if the request was cancelled: whatever the
// database then says, the client's leaving is the cause.
func departed(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) && !errors.Is(err, ErrClientLeft) {
		return fmt.Errorf("%w: %w", ErrClientLeft, err)
	}
	return err
}

// add appends one encoded row, and writes if it is the first or there is
// enough.
func (s *stream) add(row []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.err != nil {
		return s.mu.err
	}
	if s.timer != nil && len(s.mu.buf) == 0 {
		s.timer.Reset(s.cfg.FlushInterval)
	}
	s.mu.buf = append(s.mu.buf, row...)
	s.mu.rows++
	if s.mu.rows > 1 && len(s.mu.buf) < s.cfg.FlushBytes {
		return nil
	}
	return s.writeLocked()
}

// finish writes what is left.
func (s *stream) finish(end func(buf []byte, rows int64) []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.buf = end(s.mu.buf, s.mu.rows)
	return s.writeLocked()
}

// tick writes rows that have waited for long enough. It runs on the timer's
// goroutine, where a panic would end the process: it becomes the stream's
// error.
func (s *stream) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.done || len(s.mu.buf) == 0 {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.mu.err = fmt.Errorf("panic in a write: %v", p)
		}
	}()
	_ = s.writeLocked() // the next row finds it
}

// stop returns when the timer will not write any more.
func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.done = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *stream) writeLocked() error {
	if s.mu.err != nil {
		return s.mu.err
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	if !s.mu.started {
		s.mu.started = true
		s.out.start()
	}
	_, err := s.out.Write(s.mu.buf)
	s.mu.err = err
	s.mu.buf = s.mu.buf[:0]
	if cap(s.mu.buf) > 4*s.cfg.FlushBytes {
		s.mu.buf = nil
	}
	return err
}
