package limitstest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/ratelimit"
)

// envChild holds the work of a child.
const envChild = "HONE_LIMITSTEST_CHILD"

// Work is what each process does: Goroutines times, all at the same time, it
// takes Charges with Apply.
type Work struct {
	URL        string
	Goroutines int
	Charges    []ratelimit.Charge
}

// Main is TestMain of a package that calls [Admitted]. A child opens the store.
func Main(m *testing.M, open func(url string) (ratelimit.Store, error)) {
	if os.Getenv(envChild) == "" {
		os.Exit(m.Run())
	}
	if err := child(open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child does the work when its standard input ends, and prints how often all
// charges were made.
func child(open func(url string) (ratelimit.Store, error)) error {
	var work Work
	if err := json.Unmarshal([]byte(os.Getenv(envChild)), &work); err != nil {
		return err
	}
	store, err := open(work.URL)
	if err != nil {
		return err
	}
	if err := store.Ping(context.Background()); err != nil { // and is connected
		return err
	}
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	var admitted, failed atomic.Int64
	var all sync.WaitGroup
	for range work.Goroutines {
		all.Go(func() {
			results := make([]ratelimit.Result, len(work.Charges))
			charges := append([]ratelimit.Charge(nil), work.Charges...)
			for i := range charges {
				charges[i].ID = newID()
			}
			switch err := store.Apply(context.Background(), ratelimit.Take, charges, results); {
			case err != nil:
				failed.Add(1)
			case results[0].Granted > 0:
				admitted.Add(1)
			}
		})
	}
	all.Wait()
	fmt.Println(admitted.Load(), failed.Load())
	return nil
}

// Admitted lets so many processes do the work, and returns how often all
// charges were made. An Apply that fails fails the test.
func Admitted(t *testing.T, processes int, work Work) (admitted int64) {
	t.Helper()
	encoded, err := json.Marshal(work)
	if err != nil {
		t.Fatal(err)
	}
	type process struct {
		cmd   *exec.Cmd
		stdin io.Closer
		out   *bufio.Reader
	}
	children := make([]process, processes)
	for i := range children {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), envChild+"="+string(encoded))
		cmd.Stderr = os.Stderr
		stdin, err1 := cmd.StdinPipe()
		stdout, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children[i] = process{cmd, stdin, bufio.NewReader(stdout)}
	}
	for _, c := range children {
		if line, err := c.out.ReadString('\n'); line != "ready\n" {
			t.Fatalf("a child printed %q, %v, want ready", line, err)
		}
	}
	for _, c := range children {
		_ = c.stdin.Close() // the child goes on
	}
	for _, c := range children {
		var n, failed int64
		if _, err := fmt.Fscan(c.out, &n, &failed); err != nil || failed > 0 {
			t.Errorf("a child: %d calls failed, %v", failed, err)
		}
		admitted += n
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("a child: %v", err)
		}
	}
	return admitted
}
