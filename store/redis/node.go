package redis

import (
	"context"
	"errors"

	"github.com/redis/rueidis"
)

// trackingCache is the size of the client's own cache of replies, which is not
// used: it comes along with tracking.
const trackingCache = 1 << 10

// A node is a watch's connection to one server. Everything comes over that one
// connection, so that an answer is behind what was pushed before it.
type node struct {
	client rueidis.Client
	dialer *dialer
	known  uint64 // the connection whose beginning was told as Lost
	asked  uint64 // the connection that has answered last
}

// newNode returns a connection that is made when it is asked.
func newNode(w *watch, address string) (*node, error) {
	c := w.store.conn
	n := &node{dialer: newDialer(c.target.network, c.config.DialTimeout)}
	o := c.options()
	o.InitAddress = []string{address}
	o.ForceSingleClient = true
	o.Sentinel = rueidis.SentinelOption{}
	o.ClusterOption = rueidis.ClusterOption{}
	o.DialCtxFn = n.dialer.dial
	o.PipelineMultiplex = -1 // one connection
	o.RingScaleEachConn = 8  // for one question at a time
	o.DisableRetry = true
	o.DisableCache = false // else there is no tracking
	o.CacheSizeEachConn = trackingCache
	o.ClientTrackingOptions = []string{"BCAST", "PREFIX", w.prefix, "PREFIX", "{" + w.namespace + "}:"}
	o.OnInvalidations = w.pushed
	client, err := rueidis.NewClient(o)
	if client == nil {
		n.dialer.close()
		return nil, err
	}
	n.client = client // an error means that there is no connection yet
	return n, nil
}

var errReconnected = errors.New("another connection was made meanwhile")

// ask returns nil when the server has answered, and so pushed all that was
// acknowledged before.
func (n *node) ask(ctx context.Context) error {
	for range 3 {
		before := n.dialer.made.Load()
		err := n.client.Do(ctx, n.client.B().Ping().Build()).Error()
		if err != nil {
			return err
		}
		if n.dialer.made.Load() == before { // so it is that one which has answered
			n.asked = before
			return nil
		}
	}
	return errReconnected
}

func (n *node) close() {
	n.dialer.close()
	n.client.Close()
}
