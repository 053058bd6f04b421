package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/clientip"
)

const clientipExplainHelp = `Show step by step how a service with package clientip finds the client's address
of a request. Give what the service is configured with: --trust for the networks
of its proxies, --hops for their number, or both.

--trust takes networks and addresses, and the names private, cloudflare,
cloudfront and fastly for the lists that hone has. --hops takes a number, or one
for each header, as in for=2,proto=1,host=1,port=1,prefix=1.`

const clientipExplainExample = `  hone clientip explain --peer 10.0.0.1 --trust 10.0.0.0/8 \
    --header 'X-Forwarded-For: 192.0.2.66, 203.0.113.9'`

func clientipCommand(io *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clientip",
		Short: "Find out whose address a service takes a client to have",
		Args:  noArgs("use hone clientip explain"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(clientipExplainCommand(io))
	return cmd
}

// clientipFlags are the command line of hone clientip explain.
type clientipFlags struct {
	peer, host, header, hops string
	headers, trust           []string
	trustUnix                bool
}

func clientipExplainCommand(io *streams) *cobra.Command {
	var f clientipFlags
	cmd := &cobra.Command{
		Use:     "explain --peer … [flags]",
		Short:   "Show how the address of a request's client is found",
		Long:    clientipExplainHelp,
		Example: clientipExplainExample,
		Args:    noArgs("put quotes around each header, --header 'X-Forwarded-For: 203.0.113.9'"),
		RunE: func(*cobra.Command, []string) error {
			config, err := f.config()
			if err != nil {
				return err
			}
			resolver, err := clientip.New(config)
			if err != nil {
				return usagef("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
			}
			r, err := f.request()
			if err != nil {
				return err
			}
			text := strings.TrimRight(resolver.Explain(r).String(), "\n")
			_, err = fmt.Fprintln(io.out, text)
			return err
		},
		DisableFlagsInUseLine: true,
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.peer, "peer", "", "`address` that it comes from, or unix")
	fs.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` of the request; repeat for more")
	fs.StringVar(&f.host, "host", "example.com", "what it asks for")
	fs.StringArrayVar(&f.trust, "trust", nil, "`networks` of the proxies; repeat for more")
	fs.BoolVar(&f.trustUnix, "trust-unix", false, "trust a peer on a Unix socket")
	fs.StringVar(&f.hops, "hops", "", "`number` of proxies")
	fs.StringVar(&f.header, "field", "", "`name` to go by (default X-Forwarded-For)")
	return cmd
}

// config is what the service is configured with.
func (f *clientipFlags) config() (c clientip.Config, err error) {
	c = clientip.Config{Header: f.header, TrustUnixSocket: f.trustUnix}
	for _, text := range f.trust {
		networks, err := networksOf(text)
		if err != nil {
			return c, usagef("--trust: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		c.Trusted = append(c.Trusted, networks...)
	}
	c.Hops, err = parseHops(f.hops)
	return c, err
}

// networksOf reads networks, or the name of a list of them.
func networksOf(text string) ([]netip.Prefix, error) {
	switch strings.ToLower(text) {
	case "private":
		return clientip.Private().Networks, nil
	case "cloudflare":
		return clientip.Cloudflare().Networks, nil
	case "cloudfront":
		return clientip.CloudFront().Networks, nil
	case "fastly":
		return clientip.Fastly().Networks, nil
	}
	return clientip.ParseNetworks(text)
}

// parseHops reads a number, or one for each header.
func parseHops(text string) (h clientip.Hops, err error) {
	if text == "" {
		return h, nil
	}
	counts := map[string]*int{"for": &h.For, "proto": &h.Proto, "host": &h.Host, "port": &h.Port, "prefix": &h.Prefix}
	for _, part := range strings.Split(text, ",") {
		name, number, ok := strings.Cut(part, "=")
		if !ok {
			name, number = "for", part
		}
		count := counts[strings.TrimSpace(name)]
		if count != nil {
			*count, err = strconv.Atoi(strings.TrimSpace(number))
		}
		if count == nil || err != nil {
			return h, usagef("--hops %q: give a number, or such as for=2,proto=1,host=1,port=1,prefix=1", text)
		}
	}
	return h, nil
}

// request is the one to explain, as a server would have it.
func (f *clientipFlags) request() (*http.Request, error) {
	header, err := parseHeaders(f.headers)
	if err != nil {
		return nil, err
	}
	if f.peer == "" {
		return nil, usagef("no --peer: give the address at the other end of the connection, or unix")
	}
	peer := "@" // as of a Unix socket
	if f.peer != "unix" {
		if peer, err = peerAddress(f.peer); err != nil {
			return nil, err
		}
	}
	return &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: f.host, Header: header, RemoteAddr: peer, Body: http.NoBody,
	}, nil
}
