//go:build unix

// Command run starts the servers that hone's tests need, on free loopback
// ports with throw-away data, runs a command with their addresses in its
// environment, and stops them:
//
//	go run ./internal/testserver/run go test ./...
//
// A server whose address is already in the environment is not started. As
// root on a Debian machine, -install first installs the packages that are
// missing. The exit code is the command's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/hone-go/hone/internal/testserver"
	"github.com/hone-go/hone/internal/testserver/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	install := flags.Bool("install", false, "install missing Debian packages first (needs root)")
	if err := flags.Parse(args); err != nil || flags.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: run [-install] command [argument ...]")
		return 2
	}
	if *install {
		if err := installMissing(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "run:", err)
			return 1
		}
	}

	dir, err := os.MkdirTemp("", "hone-test-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		return 1
	}
	defer os.RemoveAll(dir)

	started, stop, err := startServers(ctx, dir)
	defer stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		return 1
	}

	cmd := exec.CommandContext(ctx, flags.Arg(0), flags.Args()[1:]...)
	cmd.Env = slices.Concat(os.Environ(), started, []string{testserver.EnvRequire + "=1"})
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err = cmd.Run()
	if gone := silent(started); len(gone) > 0 && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "run: ended before the command did: the server of %s\n", strings.Join(gone, ", "))
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	default:
		fmt.Fprintln(os.Stderr, "run:", err)
		return 1
	}
}

// installMissing asks apt for the packages of those servers and tools that
// are needed and not there. Optional ones come along where that is possible.
func installMissing(ctx context.Context) error {
	var packages []string
	for _, s := range servers {
		if os.Getenv(s.env) == "" && server.Find(s.program) == "" {
			packages = append(packages, s.debian)
		}
	}
	if server.Find("nginx") == "" { // tests start their own
		packages = append(packages, "nginx-light")
	}
	if _, err := exec.LookPath("gcc"); err != nil { // the race detector links with it
		packages = append(packages, "gcc", "libc6-dev")
	}
	slices.Sort(packages)
	list := strings.Join(packages, " ")
	_, noApt := exec.LookPath("apt-get")
	switch {
	case os.Geteuid() != 0 && list != "":
		return fmt.Errorf("missing %s: install the packages, or run as root", list)
	case noApt != nil && list != "":
		return fmt.Errorf("missing %s, and there is no apt-get: install them by hand", list)
	case os.Geteuid() != 0 || noApt != nil:
		return nil
	}
	if list != "" {
		if err := apt(ctx, "update", "-qq"); err != nil {
			return err
		}
	}
	if os.Getenv(testserver.EnvPostgres) == "" {
		packages = append(packages, missingHypoPG(ctx)...)
	}
	if len(packages) == 0 {
		return nil
	}
	return apt(ctx, append([]string{"install", "-qq", "-y", "--no-install-recommends"}, packages...)...)
}

func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}
