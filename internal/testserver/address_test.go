package testserver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/testserver"
)

// verdict is a test that notes how it was ended.
type verdict struct {
	testing.TB
	how string
}

func (v *verdict) Helper() {}

func (v *verdict) Fatalf(format string, args ...any) {
	v.how = "failed: " + fmt.Sprintf(format, args...)
	panic(v)
}

func (v *verdict) Skipf(format string, args ...any) {
	v.how = "skipped: " + fmt.Sprintf(format, args...)
	panic(v)
}

func TestMissingServerSkipsOnlyWhereItMay(t *testing.T) {
	tests := []struct{ require, want string }{
		{"", "skipped: HONE_TEST_REDIS is not set: `make test` starts"},
		{"1", "failed: testserver: HONE_TEST_REDIS is not set and HONE_TEST_REQUIRE=1"},
	}
	for _, tt := range tests {
		t.Setenv(testserver.EnvRedis, "")
		t.Setenv(testserver.EnvRequire, tt.require)
		v := &verdict{TB: t}
		func() {
			defer func() { _ = recover() }() // of the panics above
			testserver.Redis(v)
		}()
		if !strings.HasPrefix(v.how, tt.want) {
			t.Errorf("with %s=%q the test was %q, want %q", testserver.EnvRequire, tt.require, v.how, tt.want)
		}
	}
}
