//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// A RedisCluster is a Redis Cluster of three masters, and as many replicas of
// each as were asked for.
type RedisCluster struct{ Nodes []*RedisNode }

// StartRedisCluster starts one with its files in dir, and returns when its
// slots are assigned; the nodes agree on that a moment later. The caller stops
// it.
func StartRedisCluster(ctx context.Context, dir string, replicas int) (_ *RedisCluster, err error) {
	cli := Find("redis-cli")
	if cli == "" {
		return nil, errors.New("redis-cli not found: install redis-tools")
	}
	c := new(RedisCluster)
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	create := []string{"--cluster", "create"}
	for range 3 * (1 + replicas) {
		bus, err := freePort() // the usual one, 10,000 higher, may be beyond the last
		if err != nil {
			return nil, err
		}
		n, err := StartRedisNode(ctx, dir, "--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-node-timeout", "1000")
		if err != nil {
			return nil, err
		}
		c.Nodes = append(c.Nodes, n)
		create = append(create, n.Address())
	}
	create = append(create, "--cluster-replicas", fmt.Sprint(replicas), "--cluster-yes")
	if out, err := exec.CommandContext(ctx, cli, create...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("redis-cli --cluster create: %w\n%s", err, out)
	}
	return c, nil
}

// URL returns the URL of the Cluster.
func (c *RedisCluster) URL() string {
	var addresses []string
	for _, n := range c.Nodes {
		addresses = append(addresses, n.Address())
	}
	return "redis+cluster://" + strings.Join(addresses, ",")
}

// Stop ends its nodes.
func (c *RedisCluster) Stop() {
	for _, n := range c.Nodes {
		n.Kill() // it has nothing to save
	}
}
