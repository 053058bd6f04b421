//go:build unix

package mongo_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/store/internal/limitstest"
	"github.com/hone-go/hone/store/mongo"
)

// start starts a server of the test's own, if there may be one.
func start(t *testing.T) *server.MongoNode {
	t.Helper()
	_ = testserver.Mongo(t) // skips without one
	n, err := server.StartMongoNode(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Process.Kill() })
	return n
}

// unavailable checks that a call fails by its deadline.
func unavailable(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := call(ctx); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("%s = %v, want ErrUnavailable", what, err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("%s with a deadline of 100ms took %s", what, d)
	}
}

// awaitServer waits until a server that has come back is found.
func awaitServer(t *testing.T, l ratelimit.Store) {
	t.Helper()
	testserver.Eventually(t, "the server answers", func() bool { return l.Ping(t.Context()) == nil })
}

// TestLimitsWithoutServer: killed, and started again with what it had.
func TestLimitsWithoutServer(t *testing.T) {
	n := start(t)
	l := open(t, n.URL(), mongo.Config{})
	awaitServer(t, l)
	limitstest.MustTake(t, l, limitstest.Three("a"))
	n.Kill()
	unavailable(t, "Take without a server", func(ctx context.Context) error {
		_, err := limitstest.Take(ctx, l, limitstest.Three("a"))
		return err
	})
	unavailable(t, "Ping without a server", l.Ping)
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitServer(t, l)
	if r := limitstest.MustTake(t, l, limitstest.Three("a")); r.Allowed || r.Remaining != 2 {
		t.Errorf("Take after the restart = %+v, want a refusal, Remaining 2", r)
	}
}

func TestLimitsOnFrozenServer(t *testing.T) {
	n := start(t)
	l := open(t, n.URL(), mongo.Config{})
	awaitServer(t, l)
	limitstest.MustTake(t, l, limitstest.Three("a"))
	if err := n.Freeze(); err != nil {
		t.Fatal(err)
	}
	limitstest.WaitFrozen(t, l, limitstest.Three("a"))
	unavailable(t, "Take of a frozen server", func(ctx context.Context) error {
		_, err := limitstest.Take(ctx, l, limitstest.Three("a"))
		return err
	})
	// Without a deadline, the timeout of the Config holds.
	if _, err := limitstest.Take(context.Background(), l, limitstest.Three("a")); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Take without a deadline = %v, want ErrUnavailable", err)
	}
	if err := n.Thaw(); err != nil {
		t.Fatal(err)
	}
	awaitServer(t, l)
	if r := limitstest.MustTake(t, l, limitstest.Three("a")); r.Allowed || r.Remaining != 2 {
		t.Errorf("Take after it = %+v, want a refusal, Remaining 2", r)
	}
}

// TestIndexAndEnd: the server is asked once for an index by which it deletes
// documents at their end, which is ten seconds after the bucket's.
func TestIndexAndEnd(t *testing.T) {
	url := database(t)
	var indexes atomic.Int64
	client, err := driver.Connect(options.Client().ApplyURI(url).SetMonitor(&event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if e.CommandName == "createIndexes" {
				indexes.Add(1)
				if text := e.Command.String(); !strings.Contains(text, "expireAfterSeconds") || !strings.Contains(text, `{"e":`) {
					t.Errorf("createIndexes = %s, want one on e with expireAfterSeconds", text)
				}
			}
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	db := client.Database("hone_test_" + limitstest.NewScope())
	defer func() { _ = db.Drop(context.Background()) }()
	l, err := mongo.New(db, mongo.Config{Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	c := limitstest.Three("a")
	c.Limit = ratelimit.Limit{Strategy: ratelimit.FixedWindow, Amount: 5, Period: time.Hour}
	limitstest.MustTake(t, l, c)
	c.Cost = 1
	limitstest.MustTake(t, l, c)
	if n := indexes.Load(); n != 1 {
		t.Errorf("createIndexes was called %d times, want 1", n)
	}
	var docs []struct {
		ID  string    `bson:"_id"`
		End time.Time `bson:"e"`
	}
	found, err := db.Collection("limits").Find(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	if err := found.All(t.Context(), &docs); err != nil || len(docs) != 1 {
		t.Fatalf("documents = %v, %v, want one", docs, err)
	}
	if left := time.Until(docs[0].End); left > time.Hour+10*time.Second || left < time.Hour-time.Minute || len(docs[0].ID) != 22 {
		t.Errorf("document = %+v with %s left, want an hour and 10s, and a digest", docs[0], left)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := client.Ping(t.Context(), nil); err != nil {
		t.Errorf("the caller's client after Close: %v, want it to work", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	if l, err := mongo.Open("mongodb://h", mongo.Config{Timeout: -1}); err == nil || l != nil {
		t.Errorf("Open with a bad Config = %v, %v, want an error", l, err)
	}
	for _, url := range []string{"", "h:1", "redis://h", "mongodb://", "mongodb://u:pa/ss@h", "mongodb://u:pa%zzss@h"} {
		l, err := mongo.Open(url, mongo.Config{})
		if err == nil || l != nil || strings.Contains(err.Error(), "u:pa") || strings.Contains(err.Error(), "ss@") {
			t.Errorf("Open(%q) = %v, %v, want an error without the password", url, l, err)
		}
	}
}

func TestClosedTwice(t *testing.T) {
	l, err := mongo.Open("mongodb://127.0.0.1:1", mongo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := limitstest.Take(t.Context(), l, limitstest.Three("a")); !errors.Is(err, ratelimit.ErrUnavailable) {
		t.Errorf("Take after Close = %v, want ErrUnavailable", err)
	}
}
