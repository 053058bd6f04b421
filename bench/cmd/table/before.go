package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A build is a binary of benchmarks, whose implementations get a suffix.
type build struct {
	binary, suffix string
}

// A before is an earlier commit of this repository that a benchmark is also run
// on, in the same rounds. It uses only what there was then.
type before struct {
	benchmark string
	file      string // of package bench
	commit    string
}

var befores = []before{
	// The last commit in which sqltrace told one kind of loop only.
	{"BenchmarkClassification", "classification_test.go", "f4db80c"},
}

// compileBefore builds what the pattern selects of befores. A copy of the
// source without its history has none: they are left out, and progress says so.
func compileBefore(dir, binary, pattern string, progress io.Writer) ([]build, error) {
	list, err := exec.Command(binary, "-test.list="+strings.SplitN(pattern, "/", 2)[0]).Output()
	if err != nil {
		return nil, fmt.Errorf("%s -test.list: %w", binary, err)
	}
	var builds []build
	for _, b := range befores {
		if !strings.Contains(string(list), b.benchmark+"\n") {
			continue
		}
		if exec.Command("git", "cat-file", "-e", b.commit+"^{commit}").Run() != nil {
			fmt.Fprintf(progress, "%s before %s is left out: git knows no such commit here\n", b.benchmark, b.commit)
			continue
		}
		tree := filepath.Join(dir, b.commit)
		if err := extract(b.commit, tree); err != nil {
			return nil, err
		}
		source, err := os.ReadFile(b.file)
		if err != nil {
			return nil, err
		}
		const folder = "before"
		if err := os.Mkdir(filepath.Join(tree, folder), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(tree, folder, b.file), source, 0o644); err != nil {
			return nil, err
		}
		earlier := build{binary: filepath.Join(dir, b.commit+".test"), suffix: "-before"}
		if err := compile(tree, earlier.binary, "./"+folder); err != nil {
			return nil, err
		}
		builds = append(builds, earlier)
	}
	return builds, nil
}

// extract writes the tree of a commit of this repository into a new folder.
func extract(commit, folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	archive := folder + ".tar"
	for _, command := range [][]string{
		{"git", "-C", "..", "archive", "-o", archive, commit},
		{"tar", "-x", "-f", archive, "-C", folder},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
		}
	}
	return nil
}

// compile builds the benchmarks of a package, as seen from a folder.
func compile(folder, binary, pkg string) error {
	cmd := exec.Command("go", "test", "-c", "-o", binary, pkg)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c in %s: %w\n%s", folder, err, out)
	}
	return nil
}
