package encode

import (
	"fmt"
	"sync"
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
	s := e.stream(c, nil, make([]byte, 0, len(body)/4+64))
	_, _ = s.Write(body) // memory takes everything
	_ = s.Close()
	out := s.out.buf
	e.release(c, s)
	return out
}
