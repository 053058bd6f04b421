//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// A RedisSentinel is a master with a replica, and three Sentinels that make
// the replica the master within a second or two of the master's end.
type RedisSentinel struct {
	Master, Replica *RedisNode
	Sentinels       []*Process
	Addresses       []string // of the Sentinels
}

// SentinelMaster is what the Sentinels call the master.
const SentinelMaster = "hone"

// StartRedisSentinel starts all of them with their files in dir, and returns
// when they accept connections. The caller stops it.
func StartRedisSentinel(ctx context.Context, dir string) (_ *RedisSentinel, err error) {
	s := new(RedisSentinel)
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if s.Master, err = StartRedisNode(ctx, dir); err != nil {
		return nil, err
	}
	if s.Replica, err = StartRedisNode(ctx, dir, "--replicaof", "127.0.0.1", s.Master.Port); err != nil {
		return nil, err
	}
	for range 3 {
		if err := s.startSentinel(ctx, dir); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *RedisSentinel) startSentinel(ctx context.Context, dir string) error {
	program := Find("redis-server")
	if program == "" {
		return errors.New("redis-server not found: install redis-server")
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	home := filepath.Join(dir, "sentinel-"+port)
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	conf := filepath.Join(home, "sentinel.conf") // which the Sentinel writes to
	if err := os.WriteFile(conf, []byte(strings.Join([]string{
		"port " + port,
		"bind 127.0.0.1",
		"dir " + home,
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %s 2", SentinelMaster, s.Master.Port),
		"sentinel down-after-milliseconds " + SentinelMaster + " 500",
		"sentinel failover-timeout " + SentinelMaster + " 3000",
		"sentinel parallel-syncs " + SentinelMaster + " 1",
	}, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(program, conf, "--sentinel")
	cmd.SysProcAttr = attributes(syscall.SIGTERM)
	p, err := startProcess(ctx, cmd, port, syscall.SIGTERM)
	if err != nil {
		return err
	}
	s.Sentinels = append(s.Sentinels, p)
	s.Addresses = append(s.Addresses, "127.0.0.1:"+port)
	return nil
}

// URL returns the URL of the master through its Sentinels.
func (s *RedisSentinel) URL() string {
	return "redis+sentinel://" + strings.Join(s.Addresses, ",") + "/" + SentinelMaster
}

// Stop ends them all.
func (s *RedisSentinel) Stop() {
	for _, p := range s.Sentinels {
		p.Kill() // it has nothing to save
	}
	for _, n := range []*RedisNode{s.Replica, s.Master} {
		if n != nil && n.Process != nil {
			n.Kill()
		}
	}
}
