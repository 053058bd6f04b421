package httpcache

import "github.com/hone-go/hone/cache"

// Codec is that of stored responses, BodyCodec that of coded bodies.
func Codec() cache.Codec     { return codec{} }
func BodyCodec() cache.Codec { return bodyCodec{} }

const CodecVersion = codecVersion

// DecodeBody decodes what is stored of a coded body, and encodes it again.
func DecodeBody(b []byte) (body, again []byte, err error) {
	var c *codedBody
	if err := (bodyCodec{}).Decode(b, &c); err != nil {
		return nil, nil, err
	}
	again, err = bodyCodec{}.Append(nil, &c)
	return c.bytes, again, err
}

// CodedSlot is where a response finds a coding of its body.
type CodedSlot struct{ slot codedSlot }

// Put puts a body of that text, which nothing else holds, in.
func (s *CodedSlot) Put(text string) { s.slot.put(newCodedBody([]byte(text))) }

func (s *CodedSlot) Take() (text string, ok bool) {
	b := s.slot.take()
	if b == nil {
		return "", false
	}
	return string(b.bytes), true
}
