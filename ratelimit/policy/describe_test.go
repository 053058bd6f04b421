package policy_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/hone-go/hone/ratelimit/policy"
)

func TestDescribe(t *testing.T) {
	table := explained(t, newStore(t), func(c *policy.Config) {
		planned := limit("planned", "")
		planned.Plan = func(context.Context, *http.Request) (string, error) { return "1/day", nil }
		c.Policies = append(c.Policies, planned)
		c.Groups = append(c.Groups, policy.Group{Patterns: []string{"/b"}, Policies: []string{"planned"}, PerRoute: true, WithDefault: true})
	})
	const want = `namespace test

all: 100/minute fixed by address
default: 10/minute fixed by address
login: 5/minute fixed; 20/day fixed by address, POST only, each method apart, breaches 3/hour fixed
export: 1/day fixed by header X-Api-Key
tried: 1/hour fixed by address, dry run
planned: by plan by address

/api/
  all in application
  tried in application
  export in group /api/
  for other methods: default in route

/api/x
  all in application
  tried in application

/b
  all in application
  tried in application
  planned in route
  default in route

/health
  exempt

/login
  all in application
  tried in application
  login in group /login
  for other methods: default in route

in no group
  all in application
  tried in application
  default in route
`
	d := table.Describe()
	if got := d.String(); got != want {
		t.Errorf("Describe() =\n%swant\n%s", got, want)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back policy.Description
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, d) {
		t.Errorf("Unmarshal = %+v, %v, want %+v", back, err, d)
	}
}
