package envelope

import (
	"encoding/binary"
	"hash/crc32"
	"iter"
	"math"
	"time"
)

// Flags say how a body is to be read.
type Flags uint8

// Flags of an entry. Compressed and Sealed are the Packer's.
const (
	Compressed Flags = 1 << iota
	Sealed
	Negative // it is known that there is nothing
	Error    // the body is the text of an error

	knownFlags = Compressed | Sealed | Negative | Error
)

// A Header is what is known of an entry besides its body.
type Header struct {
	Codec      uint8
	Flags      Flags
	Created    int64         // milliseconds since 1970, by the store's clock
	Soft, Hard int64         // expiry, likewise; 0 is never
	Took       time.Duration // of the load, to the microsecond
	Generation int64         // of the tags when the load began
	Tags       Tags
}

// A Tag is the digest of a tag's name.
type Tag [16]byte

// Tags are tags end to end. Those of a parsed entry are part of its bytes.
// More than [MaxTags] do not fit an entry.
type Tags []byte

// MaxTags is the largest number of tags of an entry.
const MaxTags = math.MaxUint16

// Append appends a tag.
func (t Tags) Append(tag Tag) Tags { return append(t, tag[:]...) }

// Len returns the number of tags.
func (t Tags) Len() int { return len(t) / len(Tag{}) }

// All returns the tags in order.
func (t Tags) All() iter.Seq[Tag] {
	return func(yield func(Tag) bool) {
		for i := 0; i+len(Tag{}) <= len(t); i += len(Tag{}) {
			if !yield(Tag(t[i:])) {
				return
			}
		}
	}
}

const (
	magic0, magic1 = 0xF5, 'h'
	version        = 1
	headerLen      = 56
	checksumAt     = 8
	lengthAt       = 12
)

// castagnoli is CRC-32C, for which processors have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Overhead returns by how much an entry is longer than its body.
func Overhead(h *Header) int { return headerLen + len(h.Tags) }

// Append appends an entry to dst. The body must be below 4 GiB, and the tags
// at most [MaxTags]; [Packer.Pack] checks both. Cost: one pass over the body,
// no allocation but for a longer dst.
func Append(dst []byte, h *Header, body []byte) []byte {
	start := len(dst)
	dst = append(appendHeader(dst, h), body...)
	return finish(dst, start, len(body))
}

// appendHeader appends header and tags, with checksum and length 0.
func appendHeader(dst []byte, h *Header) []byte {
	dst = append(dst, magic0, magic1, version, h.Codec, byte(h.Flags), 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.Tags.Len()))
	dst = binary.BigEndian.AppendUint64(dst, 0)
	for _, n := range [...]int64{h.Created, h.Soft, h.Hard, max(h.Took, 0).Microseconds(), h.Generation} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, h.Tags...)
}

// finish writes length and checksum of the entry that begins at start.
func finish(dst []byte, start, body int) []byte {
	b := dst[start:]
	binary.BigEndian.PutUint32(b[lengthAt:], uint32(body))
	binary.BigEndian.PutUint32(b[checksumAt:], checksum(b))
	return dst
}

func checksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:checksumAt], castagnoli), castagnoli, b[lengthAt:])
}

// Parse takes an entry apart: tags and body are parts of b. Errors match
// [ErrTruncated], [ErrForeign], [ErrVersion] or [ErrChecksum]. Cost: one pass
// over b, no allocation.
func Parse(b []byte) (h Header, body []byte, err error) {
	switch {
	case len(b) == 0:
		return h, nil, ErrTruncated
	case b[0] != magic0 || len(b) > 1 && b[1] != magic1:
		return h, nil, ErrForeign
	case len(b) > 2 && b[2] != version:
		return h, nil, ErrVersion
	case len(b) < headerLen:
		return h, nil, ErrTruncated
	}
	tags := len(Tag{}) * int(binary.BigEndian.Uint16(b[6:]))
	want := headerLen + uint64(tags) + uint64(binary.BigEndian.Uint32(b[lengthAt:]))
	switch size := uint64(len(b)); {
	case size < want:
		return h, nil, ErrTruncated
	case size > want:
		return h, nil, ErrForeign
	}
	number := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	took := number(40)
	flags := Flags(b[4])
	switch {
	case checksum(b) != binary.BigEndian.Uint32(b[checksumAt:]):
		return h, nil, ErrChecksum
	case flags&^knownFlags != 0 || b[5] != 0 || took < 0 || took > math.MaxInt64/int64(time.Microsecond):
		return h, nil, ErrForeign // well made, but not by Append
	}
	h = Header{
		Codec: b[3], Flags: flags,
		Created: number(16), Soft: number(24), Hard: number(32),
		Took: time.Duration(took) * time.Microsecond, Generation: number(48),
		Tags: Tags(b[headerLen : headerLen+tags : headerLen+tags]),
	}
	return h, b[headerLen+tags:], nil
}
