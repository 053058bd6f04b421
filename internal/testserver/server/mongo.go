//go:build unix

package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Mongo starts a server of MongoDB's protocol, with its data in dir, and
// returns when it accepts connections, with its URL. The caller stops it.
func Mongo(ctx context.Context, dir string) (*Process, string, error) {
	n, err := StartMongoNode(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	return n.Process, n.URL(), nil
}

// A MongoNode is a FerretDB of a test's own, which can be started again at its
// port and then has its data.
type MongoNode struct {
	node

	program, dir string
}

// StartMongoNode starts a FerretDB on a port of its own, with its files in
// dir/mongo-<port>, and returns when it accepts connections. Where the program
// is not built yet, that takes a minute of computing. The caller stops it.
func StartMongoNode(ctx context.Context, dir string) (*MongoNode, error) {
	program, err := buildFerretDB(ctx)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	n := &MongoNode{node: node{Port: port}, program: program, dir: filepath.Join(dir, "mongo-"+port)}
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		return nil, err
	}
	return n, n.Start(ctx)
}

// URL returns the server's address as the driver reads it.
func (n *MongoNode) URL() string { return "mongodb://" + n.Address() }

// Start starts the server again after it was stopped or killed.
func (n *MongoNode) Start(ctx context.Context) error {
	return n.run(ctx, exec.Command(n.program, n.Address(), n.dir))
}

// buildFerretDB builds the module internal/testserver/ferretdb and returns the
// program. If it is up to date, that takes half a second.
func buildFerretDB(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/hone-go/hone").Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w", err)
	}
	dir := strings.TrimSpace(string(root))
	program := filepath.Join(dir, "bin", "ferretdb")
	// Without the other databases that FerretDB can stand before.
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "ferretdb_no_postgresql", "-o", program, ".")
	cmd.Dir = filepath.Join(dir, "internal", "testserver", "ferretdb")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build of ferretdb: %w\n%s", err, out)
	}
	return program, nil
}
