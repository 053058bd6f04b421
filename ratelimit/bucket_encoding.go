package ratelimit

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// bucketVersion begins every encoded bucket. It changes with the encoding and
// with the meaning of a Bucket's fields.
const bucketVersion = 1

var errBucket = errors.New("ratelimit: not an encoded bucket")

// AppendBinary appends the bucket in a compact form: some 10 bytes, and for
// each entry of the log some 5, or 22 for a lease. It never fails on a bucket
// that methods of Bucket made.
func (b *Bucket) AppendBinary(data []byte) ([]byte, error) {
	data = append(data, bucketVersion)
	data = binary.AppendUvarint(data, uint64(b.At))
	data = binary.AppendUvarint(data, uint64(b.Used))
	data = binary.AppendUvarint(data, uint64(b.Before))
	data = binary.AppendUvarint(data, uint64(len(b.Log)))
	var last int64
	for i := range b.Log {
		e := &b.Log[i]
		if e.At < last {
			return nil, fmt.Errorf("ratelimit: entry %d of a bucket's log is older than the one before", i)
		}
		data = binary.AppendUvarint(data, uint64(e.At-last))
		last = e.At
		// One bit of the cost says which form the ID has.
		if number := binary.BigEndian.Uint64(e.ID[8:]); e.ID == numberID(int64(number)) {
			data = binary.AppendUvarint(data, uint64(e.Cost)<<1)
			data = binary.AppendUvarint(data, number)
		} else {
			data = binary.AppendUvarint(data, uint64(e.Cost)<<1|1)
			data = append(data, e.ID[:]...)
		}
	}
	return data, nil
}

// UnmarshalBinary reads what AppendBinary wrote. It refuses everything else,
// with an error, and then leaves the bucket as it was. Its cost is linear in
// len(data).
func (b *Bucket) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: it is empty", errBucket)
	}
	if data[0] != bucketVersion {
		return fmt.Errorf("%w: version %d, want %d", errBucket, data[0], bucketVersion)
	}
	in := bucketReader{data: data[1:]}
	read := Bucket{At: in.number(), Used: in.number(), Before: in.number()}
	if n := in.number(); n > 0 {
		// No entry has fewer than 3 bytes: the length cannot ask for more
		// memory than some times the input's.
		if n > MaxLog || n > int64(len(in.data)/3) {
			return fmt.Errorf("%w: a log of %d entries in %d bytes", errBucket, n, len(in.data))
		}
		read.Log = make([]Entry, n)
		if in.log(read.Log) != read.Used {
			return fmt.Errorf("%w: the entries do not add up", errBucket)
		}
	}
	if in.bad || len(in.data) > 0 {
		return fmt.Errorf("%w: cut off, too long or out of range", errBucket)
	}
	*b = read
	return nil
}

// A bucketReader takes numbers from the front of data. After the first that is
// bad, all are 0.
type bucketReader struct {
	data []byte
	bad  bool
}

// maxNumber bounds what a bucket holds: no sum or difference of two overflows.
const maxNumber = 1 << 53

func (r *bucketReader) number() int64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v > maxNumber {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return int64(v)
}

// log reads the entries and returns the sum of their costs.
func (r *bucketReader) log(entries []Entry) (used int64) {
	var last int64
	for i := range entries {
		e := &entries[i]
		e.At = last + r.number()
		last = e.At
		cost := r.number()
		e.Cost = cost >> 1
		used += e.Cost
		switch {
		case cost&1 == 0:
			e.ID = numberID(r.number())
		case len(r.data) < len(e.ID):
			r.bad = true
		default:
			r.data = r.data[copy(e.ID[:], r.data):]
		}
		if e.Cost == 0 || e.Cost > MaxAmount || last > maxNumber {
			r.bad = true
		}
		if r.bad {
			return used
		}
	}
	return used
}
