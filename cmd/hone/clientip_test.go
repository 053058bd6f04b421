package main

import "testing"

func TestClientIPExplain(t *testing.T) {
	const list = "X-Forwarded-For: 198.51.100.66, 203.0.113.9"
	for _, tt := range []struct {
		golden string
		args   []string
	}{
		{"clientip_nobody", []string{"--peer", "10.0.0.1", "--header", list}},
		{"clientip_trusted", []string{"--peer", "10.0.0.1", "--header", list, "--trust", "10.0.0.0/8"}},
		{"clientip_two_trusted", []string{"--peer", "10.0.0.1", "--header", list + ", 10.0.0.2", "--trust", "10.0.0.1", "--trust", "10.0.0.2"}},
		{"clientip_too_few", []string{"--peer", "10.0.0.1", "--header", list + ", 10.0.0.2", "--hops", "1"}},
		{"clientip_two", []string{"--peer", "10.0.0.1", "--header", list + ", 10.0.0.2", "--hops", "2"}},
		{"clientip_too_many", []string{"--peer", "10.0.0.1", "--header", list + ", 10.0.0.2", "--hops", "3"}},
		{"clientip_unix", []string{"--peer", "unix", "--trust-unix", "--header", list, "--header", "X-Forwarded-Proto: https", "--hops", "for=1,proto=1"}},
		{"clientip_forwarded", []string{
			"--peer", "fd00::1", "--trust", "private", "--field", "Forwarded",
			"--header", `Forwarded: for="[2001:db8::7]:4711";proto=https`,
		}},
	} {
		code, out, errs := hone(t.Context(), append([]string{"clientip", "explain"}, tt.args...)...)
		if code != exitDone || errs != "" {
			t.Errorf("hone clientip explain %q = %d, %q, want 0", tt.args, code, errs)
		}
		golden(t, tt.golden, out)
	}
}

func TestClientIPUsage(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, `no --peer: give the address at the other end of the connection, or unix`},
		{[]string{"--peer", "proxy"}, `--peer "proxy": give an address such as 10.0.0.1`},
		{[]string{"--peer", "10.0.0.1", "hush"}, `hone clientip explain takes no arguments: put quotes around each header, --header 'X-Forwarded-For: 203.0.113.9'`},
		{[]string{"--peer", "10.0.0.1", "--header", "hush"}, `header 1: write it as --header 'Name: value'`},
		{[]string{"--peer", "10.0.0.1", "--hops", "two"}, `--hops "two": give a number, or such as for=2,proto=1,host=1,port=1,prefix=1`},
		{[]string{"--peer", "10.0.0.1", "--hops", "via=2"}, `--hops "via=2": give a number, or such as for=2,proto=1,host=1,port=1,prefix=1`},
		{[]string{"--peer", "10.0.0.1", "--hops", "33"}, ``},
		{[]string{"--peer", "10.0.0.1", "--trust", "10.0.0.0/33"}, ``},
		{[]string{"--peer", "10.0.0.1", "--trust", "0.0.0.0/0"}, ``},
	} {
		code, out, errs := hone(t.Context(), append([]string{"clientip", "explain"}, tt.args...)...)
		if code != exitUsage || out != "" || tt.want != "" && errs != "hone: "+tt.want+"\n" || len(errs) < 20 {
			t.Errorf("hone clientip explain %q = %d, stdout %q, stderr %q, want 2, none, %q", tt.args, code, out, errs, "hone: "+tt.want)
		}
	}
}
