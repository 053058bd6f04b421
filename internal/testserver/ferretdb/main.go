// Command ferretdb is a server of MongoDB's protocol for tests: FerretDB with
// its data in a directory, behind a front that passes one request on at a
// time. MongoDB changes a document in one step; this FerretDB finds it, and
// then writes it, and would let two changes in between each other.
//
//	ferretdb 127.0.0.1:27017 /path/to/directory
//
// It is in a module of its own: whoever requires hone does not require
// FerretDB.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: ferretdb host:port directory")
	}
	address, dir := args[0], args[1]
	socket := filepath.Join(dir, "ferretdb.sock")
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) { // one that was killed leaves it
		return err
	}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: socket},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/?_pragma=synchronous(off)", // what it keeps need not outlive the machine
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = listener.Close() // ends serve
	}()
	front := &front{socket: socket}
	go front.serve(listener)
	return db.Run(ctx)
}

// A front passes requests on to the server at socket.
type front struct {
	socket string
	one    sync.Mutex // is held from a request to its reply
}

func (f *front) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go f.pass(client)
	}
}

// pass serves one connection until either side ends it.
func (f *front) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", f.socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := read(client)
		if err != nil {
			return
		}
		reply, err := f.exchange(server, request)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

func (f *front) exchange(server net.Conn, request []byte) ([]byte, error) {
	f.one.Lock()
	defer f.one.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return read(server)
}

// maxMessage is MongoDB's bound of a message, in bytes.
const maxMessage = 48_000_000

// read returns a message, which begins with its length:
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#standard-message-header
func read(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n < 16 || n > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	message := make([]byte, n)
	copy(message, length[:])
	_, err := io.ReadFull(from, message[4:])
	return message, err
}
