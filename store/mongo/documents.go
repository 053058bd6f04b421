package mongo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/optimistic"
)

// documents keeps the records of limits as documents.
type documents struct {
	c       *mongo.Collection
	timeout time.Duration
	indexed atomic.Bool // the index is there, or the server has none
	closed  atomic.Bool
}

// A document is a record. Its version is random, so that no two of a name are
// ever the same, also of those that were deleted in between.
type document struct {
	ID      string    `bson:"_id"`
	Version int64     `bson:"v"`
	Bucket  []byte    `bson:"b"`
	End     time.Time `bson:"e"`
}

// exchange talks to the server for as long as ctx and the timeout allow.
func (d *documents) exchange(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := f(ctx); err != nil {
		return fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, err)
	}
	return nil
}

func (d *documents) Read(ctx context.Context, names []string) ([]optimistic.Record, error) {
	records := make([]optimistic.Record, len(names))
	err := d.exchange(ctx, func(ctx context.Context) error {
		filter := bson.D{{Key: "_id", Value: names[0]}}
		if len(names) > 1 {
			filter = among(names)
		}
		found, err := d.c.Find(ctx, filter)
		if err != nil {
			return err
		}
		var docs []document
		if err := found.All(ctx, &docs); err != nil {
			return err
		}
		for i, name := range names {
			for _, doc := range docs {
				if doc.ID == name {
					records[i] = optimistic.Record{Data: doc.Bucket, Version: uint64(doc.Version)}
				}
			}
		}
		return nil
	})
	return records, err
}

func (d *documents) Swap(ctx context.Context, name string, version uint64, data []byte, life time.Duration) (swapped bool, err error) {
	if err := d.index(ctx); err != nil {
		return false, err
	}
	next := document{ID: name, Version: 1 + rand.Int64N(1<<62), Bucket: data, End: time.Now().Add(life)}
	err = d.exchange(ctx, func(ctx context.Context) error {
		if version == 0 {
			_, err := d.c.InsertOne(ctx, next)
			if swapped = err == nil; mongo.IsDuplicateKeyError(err) {
				return nil
			}
			return err
		}
		r, err := d.c.ReplaceOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "v", Value: int64(version)}}, next)
		swapped = err == nil && r.MatchedCount == 1
		return err
	})
	return swapped, err
}

func (d *documents) Delete(ctx context.Context, names []string) error {
	return d.exchange(ctx, func(ctx context.Context) error {
		_, err := d.c.DeleteMany(ctx, among(names))
		return err
	})
}

func among(names []string) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: names}}}}
}

// notImplemented is the code of a server that knows no index that deletes.
const notImplemented = 238

// index makes the index by which the server deletes what has lapsed. Made
// again, it stays as it is.
func (d *documents) index(ctx context.Context) error {
	if d.indexed.Load() {
		return nil
	}
	err := d.exchange(ctx, func(ctx context.Context) error {
		_, err := d.c.Indexes().CreateOne(ctx, mongo.IndexModel{
			Keys:    bson.D{{Key: "e", Value: 1}},
			Options: options.Index().SetExpireAfterSeconds(0),
		})
		return err
	})
	var answer mongo.ServerError
	if err == nil || errors.As(err, &answer) && answer.HasErrorCode(notImplemented) {
		d.indexed.Store(true)
		return nil
	}
	return err
}
