package clientip_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/clientip"
)

func ExampleResolver_Explain() {
	v, err := clientip.New(clientip.Config{
		Trusted: clientip.Private().Networks,
		Hops:    clientip.Hops{Proto: 1},
	})
	if err != nil {
		panic(err)
	}
	r := request("10.0.0.3:40000",
		"X-Forwarded-For", "192.0.2.66, 2001:db8::7, 10.0.0.2",
		"X-Forwarded-Proto", "https",
		"X-Forwarded-Host", "shop.example")
	r.Host = "shop.example"
	fmt.Print(v.Explain(r))
	// Output:
	// peer 10.0.0.3: a trusted proxy
	// X-Forwarded-For, 1 from the end, "10.0.0.2": a trusted proxy
	// X-Forwarded-For, 2 from the end, "2001:db8::7": the client
	// what comes before it anyone can have written
	// X-Forwarded-Proto "https": 1 from the end
	// X-Forwarded-Host "shop.example" is ignored: Config does not say that a proxy writes it
	// client 2001:db8::7
	// asked for https://shop.example
	// limited as "2001:db8::/64"
}

func TestExplain(t *testing.T) {
	trusted := clientip.Config{Trusted: networks("10.0.0.0/8")}
	tests := []struct {
		name   string
		config clientip.Config
		from   string
		fields []string
		want   string // the steps and the first line of the result
	}{
		{"nothing", clientip.Config{}, peers, nil, "peer 10.0.0.1: Config trusts no proxy; client 10.0.0.1"},
		{
			"Forwarded without trust",
			clientip.Config{},
			peers,
			[]string{"Forwarded", "for=1.1.1.1"},
			`peer 10.0.0.1: Config trusts no proxy; Forwarded "for=1.1.1.1" is ignored: Config does not say that a proxy writes it; client 10.0.0.1`,
		},
		{"not trusted, nothing", trusted, "192.0.2.1:1", nil, "peer 192.0.2.1: not a trusted proxy; client 192.0.2.1"},
		{
			"one element",
			clientip.Config{Header: clientip.Forwarded, TrustUnixSocket: true},
			"@",
			[]string{"Forwarded", "for=1.1.1.1;host=a;proto=x", "X-Forwarded-Host", "b"},
			`peer on a Unix socket: a trusted proxy; Forwarded, 1 from the end, "for=1.1.1.1;host=a;proto=x": the client; ` +
				`one part of Forwarded "for=1.1.1.1;host=a;proto=x" is ignored: it is malformed; client 1.1.1.1`,
		},
		{
			"count",
			clientip.Config{Hops: clientip.Hops{For: 2}},
			peers,
			[]string{"X-Forwarded-For", "1.1.1.1", "X-Forwarded-For", "x"},
			`peer 10.0.0.1: believed, since Config trusts every peer; X-Forwarded-For, 1 from the end, "x": a proxy, by the count; ` +
				`X-Forwarded-For, 2 from the end, "1.1.1.1": the client; client 1.1.1.1`,
		},
		{
			"not trusted", trusted, "192.0.2.1:1",
			[]string{"X-Forwarded-For", "1.1.1.1"},
			`peer 192.0.2.1: not a trusted proxy; X-Forwarded-For "1.1.1.1" is ignored: the peer is not a trusted proxy; client 192.0.2.1`,
		},
		{
			"all trusted", trusted, peers,
			[]string{"X-Forwarded-For", "10.0.0.9"},
			`peer 10.0.0.1: a trusted proxy; X-Forwarded-For, 1 from the end, "10.0.0.9": the client, since no address is before it; client 10.0.0.9`,
		},
		{
			"socket",
			clientip.Config{Header: "Fly-Client-IP", TrustUnixSocket: true},
			"@",
			[]string{"Fly-Client-IP", "1.1.1.1"},
			`peer on a Unix socket: a trusted proxy; Fly-Client-Ip "1.1.1.1": the client; client 1.1.1.1`,
		},
		{
			"socket, nothing",
			clientip.Config{TrustUnixSocket: true},
			"@", nil,
			`peer on a Unix socket: a trusted proxy; X-Forwarded-For: the proxy did not send it; client unknown: a peer on a Unix socket`,
		},
		{
			"long",
			clientip.Config{Hops: clientip.Hops{For: 1}},
			peers,
			[]string{"X-Forwarded-For", strings.Repeat("y", 300) + strings.Repeat("x", 200)},
			`peer 10.0.0.1: believed, since Config trusts every peer; X-Forwarded-For …"` + strings.Repeat("x", 200) + `" is ignored: it is malformed; client 10.0.0.1`,
		},
	}
	for _, tt := range tests {
		e := resolver(t, tt.config).Explain(request(tt.from, tt.fields...))
		text, _, _ := strings.Cut(e.String(), "\nasked for ")
		if got := strings.ReplaceAll(text, "\n", "; "); got != tt.want {
			t.Errorf("%s: Explain =\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestReasonsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for r := clientip.NotIgnored; r <= clientip.Malformed; r++ {
		if s := r.String(); seen[s] || (s == "") != (r == clientip.NotIgnored) || strings.HasPrefix(s, "Reason(") {
			t.Errorf("Reason %d = %q, want words of its own", r, s)
		} else {
			seen[s] = true
		}
	}
	if got, want := (clientip.Malformed + 1).String(), "Reason(10)"; got != want {
		t.Errorf("unknown reason = %q, want %q", got, want)
	}
	if got := (clientip.Client{}).Ignored(clientip.PartPrefix + 1); got != clientip.NotIgnored {
		t.Errorf("Ignored(unknown part) = %q, want nothing", got)
	}
}
