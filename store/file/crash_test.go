package file_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/store/file"
)

// envCrash has the path of the file that a child process writes until it is
// killed.
const envCrash = "HONE_FILE_TEST_CRASH"

func TestMain(m *testing.M) {
	if path := os.Getenv(envCrash); path != "" {
		if err := writeForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashValue is the value of a numbered key: a torn one is not all of one
// letter.
func crashValue(n int) []byte { return bytes.Repeat([]byte{byte('a' + n%26)}, 1+n*37%9000) }

func crashKey(n int) string { return fmt.Sprintf("crash:%d", n%500) }

// writeForever writes entries and says which were acknowledged.
func writeForever(path string) error {
	s, err := file.Open(path, file.Config{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	for n := 0; ; n++ {
		if err := s.Set(ctx, []cache.Entry{{Key: crashKey(n), Value: crashValue(n), Life: cache.NoExpiry}}); err != nil {
			return err
		}
		if n%10 == 0 {
			if _, err := s.Invalidate(ctx, "crash", []string{"tag"}); err != nil {
				return err
			}
		}
		fmt.Println(n)
	}
}

// TestCrash kills a process that writes, three times, and finds in the file
// every entry that was acknowledged, or the one that was being written.
func TestCrash(t *testing.T) {
	path := newPath(t)
	generation := int64(0)
	for _, writes := range []int{5, 400, 900} {
		last := crash(t, path, writes)
		s := open(t, path, file.Config{})
		latest := make(map[string]int)
		for n := range last + 1 {
			latest[crashKey(n)] = n
		}
		next := last + 1 // may have been written, and not acknowledged
		for key, n := range latest {
			item, err := s.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			// An earlier round may have gone on to write the same key.
			ok := bytes.Equal(item.Value, crashValue(n)) || key == crashKey(next) && bytes.Equal(item.Value, crashValue(next))
			if item.State != cache.Found || !ok {
				t.Errorf("after %d writes, %s has %d bytes (%s), want the %d of write %d", last+1, key, len(item.Value), trim(item.Value), len(crashValue(n)), n)
			}
		}
		of, now, err := s.Generations(t.Context(), "crash", []string{"tag"})
		if err != nil || of[0] <= generation || now < of[0] {
			t.Errorf("Generations = %d, %d, %v, want above %d", of, now, err, generation)
		}
		generation = of[0]
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func trim(b []byte) string { return string(b[:min(len(b), 20)]) }

// crash lets a child write so often, and kills it. It returns the number of
// the last acknowledged write.
func crash(t *testing.T, path string, writes int) (last int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envCrash+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last = -1
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		if _, err := fmt.Sscan(strings.TrimSpace(line), &last); err != nil {
			t.Fatalf("the child said %q", line)
		}
		if last == writes {
			_ = cmd.Process.Kill() // what it has said since is still read
		}
	}
	_ = cmd.Wait() // it was killed
	if last < writes {
		t.Fatalf("the child ended after %d writes, want %d", last+1, writes)
	}
	return last
}
