package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/ratelimit/policy"
)

// The environment variables in which hone limits finds what a command line
// would show to everybody on the machine.
const (
	envLimitsToken = "HONE_LIMITS_TOKEN"
	envLimitsStore = "HONE_LIMITS_STORE"
)

const limitsHelp = `Look at the rate limits of a running service.

list and explain ask the service itself, at the URL where it serves
policy.Table.AdminHandler. The credential comes from ` + envLimitsToken + `, or from
a file. peek and reset ask the store that the service counts in, whose URL may
come from ` + envLimitsStore + `.`

func limitsCommand(io *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "Look at the rate limits of a service, and reset them",
		Long:  limitsHelp,
		Args:  noArgs("use list, explain, peek or reset"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(limitsListCommand(io), limitsExplainCommand(io), limitsPeekCommand(io), limitsResetCommand(io))
	return cmd
}

func limitsListCommand(io *streams) *cobra.Command {
	var s limitsService
	var json bool
	cmd := &cobra.Command{
		Use:     "list --url http://… [flags]",
		Short:   "Show the policies, their limits and where they apply",
		Example: `  HONE_LIMITS_TOKEN=… hone limits list --url http://127.0.0.1:9090/`,
		Args:    noArgs("see hone limits list --help for its flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := s.describe(cmd.Context())
			if err != nil {
				return err
			}
			if json {
				return io.writeJSON(d)
			}
			_, err = fmt.Fprint(io.out, d)
			return err
		},
		DisableFlagsInUseLine: true,
	}
	cmd.Flags().SortFlags = false
	s.flags(cmd)
	cmd.Flags().BoolVar(&json, "json", false, "print one JSON object")
	return cmd
}

const limitsExplainHelp = `Say what the service would do with a request, and why. Nothing is charged.

The request passes through what the service puts around its limits, such as
what finds the client behind proxies. Secrets in the header belong in a file.`

func limitsExplainCommand(io *streams) *cobra.Command {
	var s limitsService
	var q policy.Question
	var headers []string
	var headerFile string
	var json bool
	cmd := &cobra.Command{
		Use:   "explain --url http://… --path /… [flags]",
		Short: "Say what would become of a request, and why",
		Long:  limitsExplainHelp,
		Example: `  hone limits explain --url http://127.0.0.1:9090/ --method POST --path /login \
    --peer 10.0.0.1 --header 'X-Forwarded-For: 203.0.113.9'`,
		Args: noArgs("see hone limits explain --help for its flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readQuestion(&q, headers, headerFile); err != nil {
				return err
			}
			e, err := s.explain(cmd.Context(), q)
			if err != nil {
				return err
			}
			if json {
				return io.writeJSON(e)
			}
			_, err = fmt.Fprint(io.out, e)
			return err
		},
		DisableFlagsInUseLine: true,
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	s.flags(cmd)
	fs.StringVar(&q.Method, "method", "GET", "`method` of the request")
	fs.StringVar(&q.Path, "path", "", "`path` of the request, and its query")
	fs.StringVar(&q.Host, "host", "", "`host` that it asks for")
	fs.StringVar(&q.Peer, "peer", "", "`address` that it comes from")
	fs.StringArrayVar(&headers, "header", nil, "`'Name: value'` of the request; repeat for more")
	fs.StringVar(&headerFile, "header-file", "", "`file` with more of them, one a line")
	fs.StringVar(&q.Body, "body", "", "`text` of the request")
	fs.BoolVar(&json, "json", false, "print one JSON object")
	return cmd
}

// readQuestion completes the request to ask about.
func readQuestion(q *policy.Question, headers []string, headerFile string) (err error) {
	if !strings.HasPrefix(q.Path, "/") {
		return usagef("--path %q: give the path of a request, such as /login", q.Path)
	}
	if q.Peer, err = peerAddress(q.Peer); err != nil {
		return err
	}
	if headerFile != "" {
		text, err := os.ReadFile(headerFile)
		if err != nil {
			return usagef("--header-file: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				headers = append(headers, line)
			}
		}
	}
	q.Header, err = parseHeaders(headers)
	return err
}

// peerAddress returns an address as [http.Request].RemoteAddr has it.
func peerAddress(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.String(), nil
	}
	if _, err := netip.ParseAddrPort(text); err != nil {
		return "", usagef("--peer %q: give an address such as 10.0.0.1", text)
	}
	return text, nil
}
