// Command hone makes HTTP services over SQL fast: it measures a service, says
// what to do next with evidence, and proves the gain afterwards.
//
// The exit status is 0 when the job is done, 1 when it failed or found
// something, and 2 when the command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the work in good order. From then on signals have
	// their default effect again, so that a second one kills.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run carries out one command line and returns the exit status. Results go to
// stdout; progress and errors go to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand(&streams{in: stdin, out: stdout, err: stderr})
	root.SetArgs(append([]string{}, args...)) // cobra reads os.Args in place of nil
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(stderr, "hone:", err)
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func rootCommand(io *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "hone",
		Short: "Make HTTP services over SQL fast",
		Long: `hone measures an HTTP service over SQL, names its worst mistake, and proves
what the fix gains.`,
		Example: `  hone demo --once
  hone load --rate 200 --for 10s --target 'GET http://127.0.0.1:8080/api/orders'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usagef("unknown command %q: did you mean %q?", args[0], near[0])
			}
			return usagef("unknown command %q: see hone --help", args[0])
		},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true, // run prints them, in one line
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetHelpCommand(&cobra.Command{Hidden: true}) // --help says the same
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		text, _, _ := strings.Cut(err.Error(), ": strconv.") // parser's own words
		return usagef("%s: see %s --help", text, cmd.CommandPath())
	})
	root.AddCommand(
		budgetCommand(io),
		clientipCommand(io),
		demoCommand(io),
		limitsCommand(io),
		loadCommand(io),
		versionCommand(io),
	)
	return root
}
