package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A namespace's bucket. A tag that is not there is of the floor's generation.
var (
	keyNow     = []byte("now")   // the present generation
	keyFloor   = []byte("floor") // no tag is of an earlier one
	keyCount   = []byte("count") // of tags
	bucketTags = []byte("tags")  // digest of a tag: its generation
	bucketAges = []byte("ages")  // generation and digest: nothing
)

// spaceName is never empty, which bbolt would refuse, and never too long.
func spaceName(namespace string) []byte { return digest(namespace) }

func digest(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:16]
}

// Generations implements [cache.Store].
func (s *Store) Generations(ctx context.Context, namespace string, tags []string) (of []int64, now int64, err error) {
	known := false
	read := func(t *table) error {
		space := t.tx.Bucket(bucketSpaces).Bucket(spaceName(namespace))
		if known = space != nil; !known {
			return nil
		}
		now = int64(number(space.Get(keyNow)))
		floor := int64(number(space.Get(keyFloor)))
		known := space.Bucket(bucketTags)
		of = make([]int64, len(tags))
		for i, tag := range tags {
			of[i] = max(floor, int64(number(known.Get(digest(tag)))))
		}
		return nil
	}
	if err := s.view(ctx, read); err != nil || known {
		return of, now, err
	}
	err = s.write(ctx, func(t *table) error {
		_, err := t.space(namespace)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	err = s.view(ctx, read)
	return of, now, err
}

// Invalidate implements [cache.Store].
func (s *Store) Invalidate(ctx context.Context, namespace string, tags []string) (int64, error) {
	now := new(int64) // the job may run on after ctx has ended
	err := s.write(ctx, func(t *table) error {
		space, err := t.space(namespace)
		if err != nil {
			return err
		}
		*now = max(int64(number(space.Get(keyNow)))+1, time.Now().UnixMicro())
		t.wrote = true
		if err := putNumber(space, keyNow, *now); err != nil {
			return err
		}
		if len(tags) == 0 {
			t.events = append(t.events, event{namespace: namespace, isTag: true, generation: *now})
			return raiseFloor(space, *now)
		}
		for _, tag := range tags {
			t.events = append(t.events, event{namespace: namespace, isTag: true, tag: tag, generation: *now})
			if err := putTag(space, digest(tag), *now); err != nil {
				return err
			}
		}
		return forget(space, s.cfg.MaxTags)
	})
	if err != nil {
		return 0, err
	}
	return *now, nil
}

// space returns the bucket of a namespace. A new one has all tags invalidated
// now.
func (t *table) space(namespace string) (*bolt.Bucket, error) {
	spaces := t.tx.Bucket(bucketSpaces)
	if space := spaces.Bucket(spaceName(namespace)); space != nil {
		return space, nil
	}
	space, err := spaces.CreateBucket(spaceName(namespace))
	if err != nil {
		return nil, err
	}
	t.wrote = true
	now := time.Now().UnixMicro()
	if err := putNumber(space, keyNow, now); err != nil {
		return nil, err
	}
	return space, raiseFloor(space, now)
}

// raiseFloor puts all tags into a generation, and forgets what they had.
func raiseFloor(space *bolt.Bucket, floor int64) error {
	for _, name := range [][]byte{bucketTags, bucketAges} {
		if space.Bucket(name) != nil {
			if err := space.DeleteBucket(name); err != nil {
				return err
			}
		}
		if _, err := space.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := putNumber(space, keyCount, 0); err != nil {
		return err
	}
	return putNumber(space, keyFloor, floor)
}

// putTag puts a tag into a generation.
func putTag(space *bolt.Bucket, tag []byte, generation int64) error {
	tags, ages := space.Bucket(bucketTags), space.Bucket(bucketAges)
	if old := tags.Get(tag); old != nil {
		if err := ages.Delete(append(bytes.Clone(old), tag...)); err != nil {
			return err
		}
	} else if err := putNumber(space, keyCount, int64(number(space.Get(keyCount)))+1); err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(generation))
	if err := tags.Put(tag, b); err != nil {
		return err
	}
	return ages.Put(append(b, tag...), nil)
}

// forget drops the oldest tags beyond a number. The floor rises to what they
// had.
func forget(space *bolt.Bucket, keep int) error {
	count := int64(number(space.Get(keyCount)))
	for ; count > int64(keep); count-- {
		oldest, _ := space.Bucket(bucketAges).Cursor().First()
		oldest = bytes.Clone(oldest) // the bucket's bytes move with its changes
		if err := space.Bucket(bucketTags).Delete(oldest[8:]); err != nil {
			return err
		}
		if err := space.Bucket(bucketAges).Delete(oldest); err != nil {
			return err
		}
		if err := putNumber(space, keyFloor, int64(number(oldest))); err != nil {
			return err
		}
	}
	return putNumber(space, keyCount, count)
}

func putNumber(b *bolt.Bucket, key []byte, n int64) error {
	return b.Put(key, binary.BigEndian.AppendUint64(nil, uint64(n)))
}
