package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/hone-go/hone"
	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/encode"
	"github.com/hone-go/hone/examples/shop"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/httpcache"
	"github.com/hone-go/hone/sqltrace"
	"github.com/hone-go/hone/store"
)

// nearBytes bounds what is kept in this process before the store. Not smaller:
// a catalog of the default size is to fit. Not larger: nothing would use it.
const nearBytes = 16 << 20

// storeTimeout is how long the store may take to say that it is there. Not
// longer: somebody waits for the shop to open.
const storeTimeout = 2 * time.Second

// errStore is matched by the error of a -store that cannot be.
var errStore = errors.New("-store cannot be used")

// layers are what is asked for around and under the shop.
type layers struct {
	shop.Layers
	hone    *hone.Hone   // nil if nothing is measured
	cache   *cache.Cache // nil if nothing is kept
	limits  *shop.Limits // nil if nothing is limited
	clients *clientip.Resolver
	log     *slog.Logger

	unwatch func()         // stops the watch and waits for its end
	closers []func() error // in the order in which they were opened
}

// newLayers makes the layers that o names. Whoever calls it closes them.
func newLayers(ctx context.Context, o options, log *slog.Logger) (_ *layers, err error) {
	l := &layers{log: log, unwatch: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.clients, err = newClients(o); err != nil {
		return nil, err
	}
	if o.measure {
		if l.hone, err = hone.New(hone.Config{}); err != nil {
			return nil, err
		}
	}
	if o.encode {
		if l.Encoder, err = encode.New(encode.Config{}); err != nil {
			return nil, err
		}
		if l.Conditional, err = httpcache.NewConditional(httpcache.ConditionalConfig{}); err != nil {
			return nil, err
		}
	}
	if !o.keeps() {
		return l, nil
	}
	if err := l.keep(ctx, o); err != nil {
		return nil, err
	}
	if o.responses {
		l.Responses, err = httpcache.New(l.cache, httpcache.Config{Name: "responses", Encoder: l.Encoder})
	}
	return l, err
}

// keep opens the store, which need not be there yet, and the cache over it.
func (l *layers) keep(ctx context.Context, o options) error {
	s, err := store.Open(ctx, o.store)
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	l.closers = append(l.closers, s.Close)
	l.cache, err = cache.New(s, cache.Config{
		Namespace: "shop", Version: version(o.database), Near: cache.Near{MaxBytes: nearBytes},
	})
	if err != nil {
		return err
	}
	l.closers = append(l.closers, l.cache.Close)
	l.check(ctx, s.Ping, "everything is computed each time")
	return nil
}

// check warns of a store that is not there, and of what that means.
func (l *layers) check(ctx context.Context, ping func(context.Context) error, meaning string) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := ping(ctx); err != nil {
		l.log.WarnContext(ctx, "the store does not answer: until it does, "+meaning, "error", err)
	}
}

// version tells databases apart that share a store: what one has, the other
// must not serve. A temporary one is like no other.
func version(database string) string {
	if database == "" {
		return fmt.Sprintf("%x", time.Now().UnixNano())
	}
	sum := sha256.Sum256([]byte(database))
	return fmt.Sprintf("%x", sum[:8])
}

// trace returns what is to see the statements, or nil.
func (l *layers) trace() *sqltrace.Tracer {
	if l.hone == nil {
		return nil
	}
	return l.hone.SQL()
}

// watch has the cache told of changes that do not come through this shop,
// where the database can tell.
func (l *layers) watch(ctx context.Context, db *data.DB) error {
	if l.cache == nil {
		return nil
	}
	listener, err := shop.Watch(ctx, db, l.cache, l.log)
	if errors.Is(err, data.ErrNoTriggers) {
		return nil
	}
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // requests under way still change things
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = listener.Run(run) // ends with run; what fails before is logged
	}()
	l.unwatch = func() { cancel(); <-done }
	return nil
}

// close closes what was opened, the last first.
func (l *layers) close() error {
	var errs []error
	for _, c := range slices.Backward(l.closers) {
		errs = append(errs, c())
	}
	l.closers = nil
	return errors.Join(errs...)
}

// report prints what the routes have cost, and the mistakes seen.
func (l *layers) report(w io.Writer) error {
	if l.hone == nil {
		return nil
	}
	fmt.Fprintln(w)
	if err := l.hone.Measure().Snapshot().WriteText(w); err != nil {
		return err
	}
	return l.hone.SQL().WriteText(w)
}
