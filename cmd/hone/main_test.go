package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain lets the test binary stand in for hone: with HONE_TEST_MAIN=1 it
// runs main and no test.
func TestMain(m *testing.M) {
	if os.Getenv("HONE_TEST_MAIN") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// hone runs one command line.
func hone(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// golden compares got with a file in testdata, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test with -update", err)
	}
	if got != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

func TestHelp(t *testing.T) {
	for _, tt := range []struct {
		golden string
		args   []string
	}{
		{"help", nil},
		{"help", []string{"--help"}},
		{"help_load", []string{"load", "--help"}},
		{"help_budget", []string{"budget", "--help"}},
		{"help_limits", []string{"limits"}},
		{"help_limits_list", []string{"limits", "list", "--help"}},
		{"help_limits_explain", []string{"limits", "explain", "--help"}},
		{"help_limits_peek", []string{"limits", "peek", "--help"}},
		{"help_limits_reset", []string{"limits", "reset", "--help"}},
		{"help_clientip_explain", []string{"clientip", "explain", "--help"}},
	} {
		code, out, errs := hone(t.Context(), tt.args...)
		if code != 0 || errs != "" {
			t.Errorf("hone %q = %d, stderr %q, want 0 and none", tt.args, code, errs)
		}
		golden(t, tt.golden, out)
		for line := range strings.Lines(out) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
				t.Errorf("hone %q prints a line of %d columns, want at most 80: %s", tt.args, n, line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	code, out, errs := hone(t.Context(), "version")
	if code != 0 || !strings.HasPrefix(out, "hone ") || strings.Count(out, "\n") != 1 || errs != "" {
		t.Errorf("hone version = %d, %q, %q, want 0 and one line", code, out, errs)
	}
}

func TestUsageErrors(t *testing.T) {
	const target = "--target=GET http://127.0.0.1:1/"
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"lod"}, `unknown command "lod": did you mean "load"?`},
		{[]string{"frobnicate"}, `unknown command "frobnicate": see hone --help`},
		{[]string{"--frobnicate"}, `unknown flag: --frobnicate: see hone --help`},
		{[]string{"version", "x"}, `hone version takes no arguments: see hone version --help`},
		{[]string{"load", "--frobnicate"}, `unknown flag: --frobnicate: see hone load --help`},
		{[]string{"load"}, `nothing to load: add --target 'GET http://127.0.0.1:8080/'`},
		{[]string{"load", "--target", "GET", "http://ann:hush@shop/"}, `hone load takes no arguments: put quotes around each target, --target 'GET http://127.0.0.1:8080/'`},
		{[]string{"load", target, "--rate", "x"}, `invalid argument "x" for "--rate" flag: see hone load --help`},
		{[]string{"load", target, "--rate", "0"}, `--rate 0: give requests per second, above 0 and at most 1000000`},
		{[]string{"load", target, "--rate", "-1"}, `--rate -1: give requests per second, above 0 and at most 1000000`},
		{[]string{"load", target, "--rate", "NaN"}, `--rate NaN: give requests per second, above 0 and at most 1000000`},
		{[]string{"load", target, "--rate", "Inf"}, `--rate +Inf: give requests per second, above 0 and at most 1000000`},
		{[]string{"load", target, "--rate", "1e9"}, `--rate 1e+09: give requests per second, above 0 and at most 1000000`},
		{[]string{"load", target, "--for", "0"}, `--for 0s: give a time above zero, such as 10s`},
		{[]string{"load", target, "--for", "10"}, `invalid argument "10" for "--for" flag: time: missing unit in duration "10": see hone load --help`},
		{[]string{"load", target, "--warmup", "-1s"}, `--warmup -1s: give zero or a time such as 2s`},
		{[]string{"load", target, "--timeout", "0"}, `--timeout 0s: give a time above zero, such as 30s`},
		{[]string{"load", target, "--connections", "-1"}, `--connections -1: give 0 for no bound, or a number above it`},
		{[]string{"load", target, "--max-workers", "0"}, `--max-workers 0: give a number above 0`},
		{[]string{"load", target, "--header", "Authorization hush"}, `header 1: write it as --header 'Name: value'`},
		{[]string{"load", target, "--header", "A: b", "--header", "A B: hush"}, `header 2: write it as --header 'Name: value'`},
		{[]string{"load", target, "--body", "@none"}, `--body: cannot read it: open none: no such file or directory`},
		{[]string{"load", target, "--target", "GET /api"}, `target 2: the URL must be absolute: begin it with http:// or https://`},
		{[]string{"load", "--target", "GET ftp://shop/"}, `target 1: the scheme ftp is not supported: use http or https`},
		{[]string{"load", "--target", "POST http://shop/ @none"}, `target 1: cannot read the body: open none: no such file or directory`},
		{[]string{"load", target, "--slo", "p95=1s"}, `--slo and --max-errors belong to a search: add --find-max`},
		{[]string{"load", target, "--find-max", "--slo", "p90=1s"}, `--slo: "p90" is not a percentile: use p50, p95 or p99`},
		{[]string{"load", target, "--find-max", "--max-errors", "101%"}, `--max-errors "101%": give a share such as 0.1%`},
		{[]string{"load", target, "--find-max", "--max-errors", "NaN"}, `--max-errors "NaN": give a share such as 0.1%`},
	}
	for _, tt := range tests {
		code, out, errs := hone(t.Context(), tt.args...)
		if code != exitUsage || out != "" || errs != "hone: "+tt.want+"\n" {
			t.Errorf("hone %q = %d, stdout %q, stderr %q, want 2, none, %q", tt.args, code, out, errs, "hone: "+tt.want+"\n")
		}
	}
}
