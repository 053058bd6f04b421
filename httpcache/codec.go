package httpcache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"
)

// codec is the binary form of a [Response]: numbers as varints, strings with
// their length before them, the body last.
type codec struct{}

// codecID is not one of cache's own.
const codecID = 16

// codecVersion is the first byte. A change of the form needs a new one.
const codecVersion = 3

const (
	flagMarker = 1 << iota
	flagNoCache
	flagStrict
	flagAuthorized
	flagImmutable
)

var errForm = errors.New("httpcache: not a stored response")

func (codec) ID() uint8 { return codecID }

func (codec) CheckType(t reflect.Type) error {
	if t != reflect.TypeFor[*Response]() {
		return fmt.Errorf("httpcache: cannot encode a %s", t)
	}
	return nil
}

func (codec) Append(dst []byte, v any) ([]byte, error) {
	p := *v.(**Response)
	dst = append(dst, codecVersion, p.flags())
	for _, n := range [...]int64{
		int64(p.Status), p.Received.UnixMicro(), int64(p.Age), int64(p.Lifetime), int64(p.Took),
		int64(p.rules.swr), int64(p.rules.sie), int64(p.place), int64(p.keep),
	} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = append(binary.BigEndian.AppendUint64(dst, p.id), p.body[:]...)
	dst = appendText(appendText(dst, p.variant), p.pattern)
	dst = appendTexts(dst, p.vary)
	dst = binary.AppendUvarint(dst, uint64(len(p.Header)))
	for name, lines := range p.Header {
		dst = appendTexts(appendText(dst, name), lines)
	}
	return append(dst, p.Body...), nil
}

func (p *Response) flags() byte {
	var flags byte
	for i, set := range [...]bool{p.marker, p.rules.noCache, p.rules.strict, p.rules.authorized, p.rules.immutable} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTexts(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

func (codec) Decode(b []byte, v any) error {
	if len(b) < 2 || b[0] != codecVersion {
		return errForm
	}
	p := new(Response)
	flags := b[1]
	p.marker = flags&flagMarker != 0
	p.rules = rules{
		noCache: flags&flagNoCache != 0, strict: flags&flagStrict != 0,
		authorized: flags&flagAuthorized != 0, immutable: flags&flagImmutable != 0,
	}
	d := decoder{b: b[2:]}
	p.Status = int(d.number())
	p.Received = time.UnixMicro(d.number())
	p.Age, p.Lifetime, p.Took = time.Duration(d.number()), time.Duration(d.number()), time.Duration(d.number())
	p.rules.swr, p.rules.sie = time.Duration(d.number()), time.Duration(d.number())
	p.place = uint32(d.number())
	p.keep = time.Duration(d.number())
	if id := d.take(8); id != nil {
		p.id = binary.BigEndian.Uint64(id)
	}
	copy(p.body[:], d.take(len(p.body)))
	p.variant, p.pattern = d.text(), d.text()
	p.vary = d.texts()
	n := d.count()
	p.Header = make(http.Header, n)
	for range n {
		name := d.text()
		p.Header[name] = d.texts()
	}
	if d.failed {
		return errForm
	}
	p.Body = bytes.Clone(d.b)
	*v.(**Response) = p
	return nil
}

// A decoder reads what codec has appended. After a failure it reads nothing.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) number() int64 {
	n, size := binary.Varint(d.b)
	return advance(d, n, size)
}

// count reads how many things follow, each of at least a byte.
func (d *decoder) count() int {
	n, size := binary.Uvarint(d.b)
	if n = advance(d, n, size); n > uint64(len(d.b)) {
		d.failed, d.b = true, nil
		return 0
	}
	return int(n)
}

func advance[N int64 | uint64](d *decoder, n N, size int) N {
	if size <= 0 {
		d.failed, d.b = true, nil
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) take(n int) []byte {
	if n > len(d.b) {
		d.failed, d.b = true, nil
		return nil
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) text() string { return string(d.take(d.count())) }

func (d *decoder) texts() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.text()
	}
	return list
}
