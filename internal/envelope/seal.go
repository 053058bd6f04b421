package envelope

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// A Sealer encrypts and authenticates bodies with AES-GCM. It is safe for
// concurrent use.
//
// Nonces are random, of 96 bits: replace a key before it has sealed 2^32
// entries (https://csrc.nist.gov/pubs/sp/800/38/d/final, section 8.3).
type Sealer struct {
	keys []sealKey // the first seals
}

type sealKey struct {
	id   [keyIDLen]byte
	aead cipher.AEAD
}

const (
	keyIDLen     = 4
	sealOverhead = keyIDLen + 12 + 16 // key, nonce, tag
)

// NewSealer returns a sealer. The first key seals, all of them open: to replace
// a key, put the new one last on every process, then first, and drop the old
// one once its entries have expired. A key has 16, 24 or 32 bytes.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("envelope: no key to seal with")
	}
	s := &Sealer{}
	var errs []error
	for i, key := range keys {
		k, err := newSealKey(key)
		if err != nil {
			errs = append(errs, fmt.Errorf("envelope: key %d has %d bytes, want 16, 24 or 32", i, len(key)))
			continue
		}
		if _, twice := s.find(k.id[:]); twice {
			errs = append(errs, fmt.Errorf("envelope: key %d has the identifier of an earlier one: drop it", i))
		}
		s.keys = append(s.keys, k)
	}
	return s, errors.Join(errs...)
}

func newSealKey(key []byte) (k sealKey, err error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return k, err
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return k, err
	}
	sum := sha256.Sum256(append([]byte("hone envelope key\x00"), key...))
	copy(k.id[:], sum[:])
	return k, nil
}

func (s *Sealer) find(id []byte) (cipher.AEAD, bool) {
	for _, k := range s.keys {
		if bytes.Equal(k.id[:], id) {
			return k.aead, true
		}
	}
	return nil, false
}

// seal appends the sealed body to dst.
func (s *Sealer) seal(dst, body, additional []byte) []byte {
	k := s.keys[0]
	return k.aead.Seal(append(dst, k.id[:]...), nil, body, additional)
}

func (s *Sealer) open(body, additional []byte) ([]byte, error) {
	if len(body) < sealOverhead {
		return nil, ErrSealed
	}
	aead, ok := s.find(body[:keyIDLen])
	if !ok {
		return nil, fmt.Errorf("%w: it is of a key that is not here", ErrSealed)
	}
	plain, err := aead.Open(nil, nil, body[keyIDLen:], additional)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// additionalData binds an entry to its place in the store and to its header.
func additionalData(key string, h *Header) []byte {
	b := make([]byte, 0, 4+len(key)+Overhead(h))
	b = binary.BigEndian.AppendUint32(b, uint32(len(key)))
	return appendHeader(append(b, key...), h)
}
