package policy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// shop returns the handler of a service, with its limits around it, and the
// table of these.
func shop() (http.Handler, *policy.Table, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "products") })
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "wrong password", http.StatusUnauthorized)
	})
	store, err := memory.NewLimits(memory.LimitsConfig{}) // with several processes: redis
	if err != nil {
		return nil, nil, err
	}
	limiter, err := ratelimit.New(store, ratelimit.Config{Namespace: "shop"})
	if err != nil {
		return nil, nil, err
	}
	table, err := policy.New(limiter, policy.Config{
		Policies: []policy.Policy{
			{
				Name: "default", Limits: "100/minute", Key: policy.ByAddress(0),
				OnEmptyKey: policy.ShareEmpty, OnStoreError: ratelimit.FailOpen,
			},
			{
				Name: "login", Limits: "2/minute fixed", Key: policy.ByAddress(0),
				OnEmptyKey: policy.RefuseEmpty, OnStoreError: ratelimit.FailClosed,
				CountWhen: func(status int, _ http.Header) bool { return status == http.StatusUnauthorized },
			},
		},
		Default: []string{"default"},
		Groups:  []policy.Group{{Patterns: []string{"POST /login"}, Policies: []string{"login"}}},
		Route:   policy.MuxRoute(mux),
	})
	if err != nil {
		return nil, nil, err
	}
	return table.Handler(mux), table, nil
}

func ExampleNew() {
	handler, _, err := shop()
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/login", nil))
		fmt.Printf("%d %s %q\n", w.Code, w.Header().Get("RateLimit-Policy"), w.Header().Get("Retry-After"))
	}
	// Output:
	// 401 "login";q=2;w=60 ""
	// 401 "login";q=2;w=60 ""
	// 429 "login";q=2;w=60 "60"
}

func ExampleTable_Explain() {
	_, table, err := shop()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(table.Explain(httptest.NewRequest(http.MethodPost, "/login", nil)))
	// Output:
	// POST "/login"
	// route   POST /login
	// group   POST /login
	// answer  admitted
	// + login applies: group POST /login; by address (37fcff24); cost 1
	//     login: 2/minute fixed; 2 left, admits
	// - default does not apply: the group has policies of its own
}
