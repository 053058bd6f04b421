package redis

import (
	"context"
	"time"
)

// openingCalls is how many commands a server gets so that each connection to it
// is made. The client has four at most, and picks one at random for each
// command: not fewer, or one is forgotten more often than in 10^7 times.
const openingCalls = 64

// openConnections makes the connections that calls will need, when the servers
// are there: the client would make each with the first call that it picks it
// for, which may lose patience.
func (s *Store) openConnections(ctx context.Context) {
	retry := time.NewTicker(dialBackoffMax)
	defer retry.Stop()
	for !s.conn.openAll(ctx) {
		select {
		case <-retry.C:
		case <-ctx.Done():
			return
		}
	}
}

// openAll reports whether all connections to the masters stand.
func (c *conn) openAll(ctx context.Context) bool {
	client, err := c.get()
	if err != nil {
		return false
	}
	masters, err := c.masters(ctx)
	if err != nil {
		return false
	}
	nodes := client.Nodes()
	for _, address := range masters {
		node := nodes[address]
		if node == nil {
			continue // the client does not know it yet
		}
		for range openingCalls {
			// With a key, or the client would not pick; any node takes it.
			r := node.Do(ctx, node.B().Arbitrary("ECHO").Keys("hone").Build())
			if r.NonRedisError() != nil {
				return false
			}
		}
	}
	return true
}
