package envelope

import (
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

// Config configures a [Packer].
type Config struct {
	// CompressAbove is the length of a body, in bytes, above which it is
	// compressed, if that saves a tenth. Default 4 KiB; negative: never. Not
	// smaller: 1 KiB travels as fast as 500 bytes, in one packet. Not larger:
	// from 4 KiB on, compressing takes less time than sending the rest.
	CompressAbove int
	// MaxBody is the length of the largest body in bytes, uncompressed.
	// Default 64 MiB. It bounds what a small entry can make of itself.
	MaxBody int
	// Sealer, if there is one, seals every entry. Unsealed ones are refused.
	Sealer *Sealer
}

func (c Config) withDefaults() Config {
	if c.CompressAbove == 0 {
		c.CompressAbove = 4 << 10
	}
	if c.MaxBody == 0 {
		c.MaxBody = 64 << 20
	}
	return c
}

func (c Config) validate() error {
	if c.MaxBody < 0 || c.MaxBody > maxMaxBody {
		return fmt.Errorf("envelope: Config.MaxBody is %d, want 1 to %d bytes", c.MaxBody, maxMaxBody)
	}
	return nil
}

// maxMaxBody keeps the length of a body, sealed, within its 32 bits, and
// within an int of 32 bits.
const maxMaxBody = math.MaxInt32 - sealOverhead

// A Packer makes entries and takes them apart. It is safe for concurrent use.
type Packer struct {
	cfg Config
	// Both hold as many states as there are processors, and no goroutine.
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// NewPacker returns a packer.
func NewPacker(cfg Config) (*Packer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	encoder, err1 := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	decoder, err2 := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(cfg.MaxBody)))
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	return &Packer{cfg: cfg, encoder: encoder, decoder: decoder}, nil
}

// Pack appends the entry of a key of the store to dst. The flags Compressed and
// Sealed of h do not count. It fails with [ErrTooLarge] only.
func (p *Packer) Pack(dst []byte, key string, h Header, body []byte) ([]byte, error) {
	if len(body) > p.cfg.MaxBody {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(body), p.cfg.MaxBody)
	}
	if h.Tags.Len() > MaxTags {
		return nil, fmt.Errorf("%w: %d tags, at most %d", ErrTooLarge, h.Tags.Len(), MaxTags)
	}
	h.Flags &^= Compressed | Sealed
	if smaller := p.compress(body); smaller != nil {
		h.Flags |= Compressed
		body = smaller
	}
	if p.cfg.Sealer == nil {
		return Append(dst, &h, body), nil
	}
	h.Flags |= Sealed
	start := len(dst)
	dst = p.cfg.Sealer.seal(appendHeader(dst, &h), body, additionalData(key, &h))
	return finish(dst, start, len(body)+sealOverhead), nil
}

// compress returns the compressed body, or nil if that is not worth it.
func (p *Packer) compress(body []byte) []byte {
	if p.cfg.CompressAbove < 0 || len(body) <= p.cfg.CompressAbove {
		return nil
	}
	// What does not fit into nine tenths moves to a longer slice: it is rare.
	smaller := p.encoder.EncodeAll(body, make([]byte, 0, len(body)-len(body)/10))
	if len(smaller) > len(body)-len(body)/10 {
		return nil
	}
	return smaller
}

// Unpack returns header and body of the entry that was found under a key of
// the store. Tags, and a body that is neither sealed nor compressed, are parts
// of b. Errors are those of [Parse], and [ErrSealed], [ErrUnsealed],
// [ErrTooLarge] and [ErrCompressed].
func (p *Packer) Unpack(key string, b []byte) (Header, []byte, error) {
	h, body, err := Parse(b)
	if err != nil {
		return Header{}, nil, err
	}
	if body, err = p.unseal(key, &h, body); err != nil {
		return Header{}, nil, err
	}
	if h.Flags&Compressed != 0 {
		body, err = p.decoder.DecodeAll(body, nil)
		switch {
		case errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded):
			return Header{}, nil, ErrTooLarge
		case err != nil:
			return Header{}, nil, fmt.Errorf("%w: %w", ErrCompressed, err)
		}
	}
	if len(body) > p.cfg.MaxBody {
		return Header{}, nil, ErrTooLarge
	}
	return h, body, nil
}

func (p *Packer) unseal(key string, h *Header, body []byte) ([]byte, error) {
	sealed := h.Flags&Sealed != 0
	switch {
	case sealed && p.cfg.Sealer == nil:
		return nil, fmt.Errorf("%w: there is no key here", ErrSealed)
	case sealed:
		return p.cfg.Sealer.open(body, additionalData(key, h))
	case p.cfg.Sealer != nil:
		return nil, ErrUnsealed
	}
	return body, nil
}
