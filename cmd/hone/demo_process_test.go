package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// A demoProcess is hone demo as a process of its own with a temporary folder of
// its own, so that several tests can run at a time.
type demoProcess struct {
	cmd   *exec.Cmd
	dir   string // its temporary folder
	out   demoOutput
	errs  bytes.Buffer
	ended chan struct{}
}

// startDemo starts this test binary as hone demo. It is killed at the end of
// the test if it still runs.
func startDemo(t *testing.T, args ...string) *demoProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &demoProcess{dir: t.TempDir(), ended: make(chan struct{})}
	p.cmd = exec.Command(self, append([]string{"demo"}, args...)...)
	p.cmd.Env = append(os.Environ(), "HONE_TEST_MAIN=1", "TMPDIR="+p.dir)
	p.cmd.SysProcAttr = ownGroup() // with the load it starts
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState says how
		close(p.ended)
	}()
	t.Cleanup(func() { p.kill() })
	return p
}

// finishedDemo runs a demo to its end.
func finishedDemo(t *testing.T, args ...string) (p *demoProcess, code int) {
	t.Helper()
	p = startDemo(t, args...)
	return p, p.wait()
}

// await waits until the demo has written the text.
func (p *demoProcess) await(t *testing.T, text string) {
	t.Helper()
	select {
	case <-p.out.has(text):
	case <-p.ended:
		t.Fatalf("the demo ended before it wrote %q: %s", text, p.errs.String())
	}
}

// wait waits for the demo's end.
func (p *demoProcess) wait() (code int) {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// interrupt does what Ctrl-C does, and waits for the demo's end.
func (p *demoProcess) interrupt(t *testing.T) (code int) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	return p.wait()
}

// lastError returns the last line of the errors, which must be of one line.
func (p *demoProcess) lastError() string {
	errs := p.errs.String()
	return errs[max(0, strings.LastIndex(errs, "hone:")):]
}

// A demoOutput is what a demo has written.
type demoOutput struct {
	mu struct {
		sync.Mutex
		bytes.Buffer
		text string        // that somebody waits for
		seen chan struct{} // closed when it is there
	}
}

func (o *demoOutput) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.mu.Buffer.Write(b)
	o.lookLocked()
	return n, err
}

func (o *demoOutput) lookLocked() {
	if o.mu.seen != nil && strings.Contains(o.mu.Buffer.String(), o.mu.text) {
		close(o.mu.seen)
		o.mu.seen = nil
	}
}

// has returns what is closed when the text has been written.
func (o *demoOutput) has(text string) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := make(chan struct{})
	o.mu.text, o.mu.seen = text, seen
	o.lookLocked()
	return seen
}

func (o *demoOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mu.Buffer.String()
}
