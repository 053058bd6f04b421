package file

import (
	"bytes"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/hone-go/hone/cache"
)

// The file's buckets. Numbers are big-endian, so that keys are in their order.
var (
	bucketValues = []byte("values") // key: end, number of the write, value
	bucketEnds   = []byte("ends")   // end and key of what has an end
	bucketWrites = []byte("writes") // number of the write: key
	bucketSpaces = []byte("spaces") // namespace: a bucket of its generations
	bucketMeta   = []byte("meta")

	keyFormat = []byte("format")
	keyUsed   = []byte("used") // bytes that all entries take

	format = []byte("hone 1")
)

// A table is the entries in a transaction.
type table struct {
	tx                   *bolt.Tx
	values, ends, writes *bolt.Bucket
	used                 int64
	now                  int64 // milliseconds since 1970
	wrote                bool
	events               []event
}

// An entry is a stored value. Its bytes are the transaction's.
type entry struct {
	value []byte
	ends  int64 // milliseconds since 1970; 0 is never
	write uint64
}

const entryHeader = 16

func openTable(tx *bolt.Tx, now int64) *table {
	t := &table{tx: tx, values: tx.Bucket(bucketValues), ends: tx.Bucket(bucketEnds), writes: tx.Bucket(bucketWrites), now: now}
	t.used = int64(number(tx.Bucket(bucketMeta).Get(keyUsed)))
	return t
}

// createTable makes the buckets of a new file, or checks those of an old one.
func createTable(tx *bolt.Tx) error {
	if meta := tx.Bucket(bucketMeta); meta != nil {
		if f := meta.Get(keyFormat); !bytes.Equal(f, format) {
			return fmt.Errorf("its format is %q, want %q", f, format)
		}
	} else if first, _ := tx.Cursor().First(); first != nil {
		return fmt.Errorf("it has a bucket %q", first)
	}
	for _, name := range [][]byte{bucketValues, bucketEnds, bucketWrites, bucketSpaces, bucketMeta} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketMeta).Put(keyFormat, format)
}

// get returns the entry of a key, if it has not expired.
func (t *table) get(key string) (e entry, found bool) {
	e, found = t.stored(key)
	return e, found && (e.ends == 0 || e.ends > t.now)
}

func (t *table) stored(key string) (e entry, found bool) {
	b := t.values.Get([]byte(key))
	if len(b) < entryHeader {
		return e, false
	}
	return entry{value: b[entryHeader:], ends: int64(number(b)), write: number(b[8:])}, true
}

// put stores an entry, whatever was there.
func (t *table) put(key string, value []byte, ends int64) error {
	if err := t.remove(key); err != nil {
		return err
	}
	write, err := t.writes.NextSequence()
	if err != nil {
		return err
	}
	b := make([]byte, 0, entryHeader+len(value))
	b = binary.BigEndian.AppendUint64(b, uint64(ends))
	b = append(binary.BigEndian.AppendUint64(b, write), value...)
	if err := t.values.Put([]byte(key), b); err != nil {
		return err
	}
	if err := t.writes.Put(binary.BigEndian.AppendUint64(nil, write), []byte(key)); err != nil {
		return err
	}
	if ends != 0 {
		if err := t.ends.Put(endKey(ends, key), nil); err != nil {
			return err
		}
	}
	t.used += weight(key, value)
	return t.changed(key)
}

// remove removes an entry, if there is one.
func (t *table) remove(key string) error {
	e, found := t.stored(key)
	if !found {
		return nil
	}
	t.used -= weight(key, e.value)
	if err := t.writes.Delete(binary.BigEndian.AppendUint64(nil, e.write)); err != nil {
		return err
	}
	if e.ends != 0 {
		if err := t.ends.Delete(endKey(e.ends, key)); err != nil {
			return err
		}
	}
	if err := t.values.Delete([]byte(key)); err != nil {
		return err
	}
	return t.changed(key)
}

func (t *table) changed(key string) error {
	t.wrote = true
	t.events = append(t.events, event{key: key})
	return nil
}

// expire removes at most limit entries that have expired.
func (t *table) expire(limit int) error {
	for range limit {
		k, _ := t.ends.Cursor().First()
		if k == nil || int64(number(k)) > t.now {
			return nil
		}
		if err := t.remove(string(k[8:])); err != nil {
			return err
		}
	}
	return nil
}

// shrink makes entries fit into budget bytes: expired ones go first, then
// those that were written longest ago.
func (t *table) shrink(budget int64) error {
	for t.used > budget {
		if k, _ := t.ends.Cursor().First(); k != nil && int64(number(k)) <= t.now {
			if err := t.expire(1); err != nil {
				return err
			}
			continue
		}
		_, key := t.writes.Cursor().First()
		if key == nil {
			return nil
		}
		if err := t.remove(string(key)); err != nil {
			return err
		}
	}
	return nil
}

// finish writes what all entries take.
func (t *table) finish() error {
	return t.tx.Bucket(bucketMeta).Put(keyUsed, binary.BigEndian.AppendUint64(nil, uint64(t.used)))
}

// weight is what an entry takes in full pages: its key three times, and 16
// bytes for each element of a page, and its numbers. A value that does not fit
// a page has its own.
func weight(key string, value []byte) int64 {
	const overhead, page = 96, 4096
	n := int64(3*len(key) + len(value) + overhead)
	if n > page/2 {
		n = (n + page - 1) / page * page
	}
	return n
}

func endKey(ends int64, key string) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), uint64(ends)), key...)
}

// number returns the number at the beginning of b, or 0 if there is none.
func number(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// item returns a copy of an entry's value: the transaction's bytes end with it.
func (e entry) item() cache.Item {
	return cache.Item{State: cache.Found, Value: append([]byte{}, e.value...)}
}
