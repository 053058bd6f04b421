package compat_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/hone-go/hone/clientip"
	"github.com/hone-go/hone/ratelimit"
	"github.com/hone-go/hone/ratelimit/policy"
	"github.com/hone-go/hone/store/memory"
)

// A router serves, in the manner of its framework,
//
//	GET /who     whom it takes for the client: by clientip, by RemoteAddr, by itself
//	POST /login  204 for the password "right", a panic for "panic", and 401
//	GET /stream  a line, and another when more is closed
type router struct {
	name string
	new  func(more <-chan struct{}) http.Handler
}

var routers = []router{{"gin", newGin}, {"echo", newEcho}}

func newGin(more <-chan struct{}) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(gin.RecoveryWithWriter(io.Discard))
	_ = e.SetTrustedProxies(nil) // so that ClientIP is RemoteAddr
	e.GET("/who", func(c *gin.Context) {
		c.String(http.StatusOK, "%s %s %s", addressOf(c.Request), c.Request.RemoteAddr, c.ClientIP())
	})
	e.POST("/login", func(c *gin.Context) {
		switch c.PostForm("password") {
		case "right":
			c.Status(http.StatusNoContent)
		case "panic":
			panic("a fault of the handler")
		default:
			c.AbortWithStatus(http.StatusUnauthorized)
		}
	})
	e.GET("/stream", func(c *gin.Context) {
		lines := []string{"first\n", "second\n"}
		c.Stream(func(w io.Writer) bool {
			if lines[0] == "second\n" {
				await(c.Request, more)
			}
			_, _ = io.WriteString(w, lines[0])
			lines = lines[1:]
			return len(lines) > 0
		})
	})
	return e
}

func newEcho(more <-chan struct{}) http.Handler {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.Recover())
	e.IPExtractor = echo.ExtractIPDirect() // so that RealIP is RemoteAddr
	e.GET("/who", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(addressOf(c.Request()), " ", c.Request().RemoteAddr, " ", c.RealIP()))
	})
	e.POST("/login", func(c echo.Context) error {
		switch c.FormValue("password") {
		case "right":
			return c.NoContent(http.StatusNoContent)
		case "panic":
			panic("a fault of the handler")
		default:
			return echo.ErrUnauthorized
		}
	})
	e.GET("/stream", func(c echo.Context) error {
		if err := c.String(http.StatusOK, "first\n"); err != nil {
			return err
		}
		c.Response().Flush()
		await(c.Request(), more)
		_, err := io.WriteString(c.Response(), "second\n")
		return err
	})
	return e
}

// addressOf returns the client that clientip has found.
func addressOf(r *http.Request) netip.Addr {
	client, _ := clientip.From(r.Context())
	return client.Addr
}

// await returns when more is closed or the client has gone.
func await(r *http.Request, more <-chan struct{}) {
	select {
	case <-more:
	case <-r.Context().Done():
	}
}

// A limitedRouter is a server of a router inside limits, behind a proxy.
type limitedRouter struct {
	*httptest.Server
	more chan struct{}
}

// limit wraps the whole router: each client has five requests an hour, and three
// that fail to log in.
func (r router) limit(t *testing.T) *limitedRouter {
	t.Helper()
	store, err := memory.NewLimits(memory.LimitsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(store, ratelimit.Config{Namespace: "compat"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limiter.Close)
	all := policy.Policy{
		Name: "all", Limits: "5/hour fixed", Key: policy.ByAddress(0),
		OnEmptyKey: policy.RefuseEmpty, OnStoreError: ratelimit.FailClosed,
	}
	failures := all
	failures.Name, failures.Limits = "failures", "3/hour fixed"
	failures.CountWhen = func(status int, _ http.Header) bool { return status >= http.StatusBadRequest }
	table, err := policy.New(limiter, policy.Config{
		Policies: []policy.Policy{all, failures},
		Groups: []policy.Group{
			{Patterns: []string{"/who"}, Policies: []string{"all"}},
			{Patterns: []string{"/login", "/stream"}, Policies: []string{"failures"}},
		},
		OnError: func(_ context.Context, err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := clientip.New(clientip.Config{
		Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, SetRemoteAddr: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	more := make(chan struct{})
	server := httptest.NewServer(clients.Handler(table.Handler(r.new(more))))
	t.Cleanup(server.Close)
	server.Client().Timeout = 10 * time.Second // for a flush that does not come
	return &limitedRouter{server, more}
}

// send sends a request of a client, who pretends to be another, by way of the
// proxy.
func (s *limitedRouter) send(t *testing.T, client, method, path, form string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "192.0.2.66, "+client)
	r.Header.Set("X-Real-Ip", "192.0.2.66")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// logIn returns the status of a login.
func (s *limitedRouter) logIn(t *testing.T, client, password string) int {
	t.Helper()
	return s.send(t, client, http.MethodPost, "/login", "password="+password).StatusCode
}

// Routers that are handlers need no adapter: what a handler of theirs sees is
// the client behind the proxy, and so is who is limited and told of it.
func TestRoutersSeeTheClient(t *testing.T) {
	for _, router := range routers {
		t.Run(router.name, func(t *testing.T) {
			s := router.limit(t)
			for _, client := range []string{"203.0.113.9", "203.0.113.10"} {
				for left := 4; left >= 0; left-- {
					resp := s.send(t, client, http.MethodGet, "/who", "")
					body, err := io.ReadAll(resp.Body)
					if err != nil {
						t.Fatal(err)
					}
					if want := client + " " + client + ":0 " + client; resp.StatusCode != http.StatusOK || string(body) != want {
						t.Errorf("GET /who = %d %q, want 200 %q", resp.StatusCode, body, want)
					}
					if got, want := resp.Header.Get("RateLimit"), fmt.Sprintf(`"all";r=%d;t=`, left); !strings.HasPrefix(got, want) {
						t.Errorf("RateLimit = %q, want %q and a time", got, want)
					}
				}
				s.wantRefused(t, client)
			}
		})
	}
}

// wantRefused checks that GET /who of a client is answered by the limits.
func (s *limitedRouter) wantRefused(t *testing.T, client string) {
	t.Helper()
	resp := s.send(t, client, http.MethodGet, "/who", "")
	var problem struct{ Status int }
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusTooManyRequests || problem.Status != http.StatusTooManyRequests {
		t.Errorf("the sixth GET /who = %d with a problem of %d, want 429", resp.StatusCode, problem.Status)
	}
	h := resp.Header
	if h.Get("Retry-After") == "" || h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the refusal has %v, want Retry-After and a problem", h)
	}
	if !strings.HasPrefix(h.Get("RateLimit"), `"all";r=0;t=`) || h.Get("RateLimit-Policy") != `"all";q=5;w=3600` {
		t.Errorf("the refusal has RateLimit %q of %q, want none left of five an hour", h.Get("RateLimit"), h.Get("RateLimit-Policy"))
	}
}

// What counts is the status that the framework writes, in whichever way: for a
// handler, after a panic that it recovers, for a method that has no handler.
func TestRoutersCountFailures(t *testing.T) {
	for _, router := range routers {
		t.Run(router.name, func(t *testing.T) {
			s := router.limit(t)
			const client = "203.0.113.9"
			for range 5 {
				if got := s.logIn(t, client, "right"); got != http.StatusNoContent {
					t.Errorf("a login = %d, want 204, and not to be counted", got)
				}
			}
			if got := s.logIn(t, client, "wrong"); got != http.StatusUnauthorized {
				t.Errorf("a wrong password = %d, want 401", got)
			}
			if got := s.logIn(t, client, "panic"); got != http.StatusInternalServerError {
				t.Errorf("a panic = %d, want 500", got)
			}
			if got := s.send(t, client, http.MethodGet, "/login", "").StatusCode; got != http.StatusNotFound && got != http.StatusMethodNotAllowed {
				t.Errorf("GET /login = %d, want 404 or 405", got)
			}
			if got := s.logIn(t, client, "right"); got != http.StatusTooManyRequests {
				t.Errorf("a login after three failures = %d, want 429", got)
			}
			if got := s.logIn(t, "203.0.113.10", "right"); got != http.StatusNoContent {
				t.Errorf("a login from elsewhere = %d, want 204", got)
			}
		})
	}
}

// A flush reaches the client while the handler runs, though its status is
// waited for.
func TestRoutersStream(t *testing.T) {
	for _, router := range routers {
		t.Run(router.name, func(t *testing.T) {
			s := router.limit(t)
			body := bufio.NewReader(s.send(t, "203.0.113.9", http.MethodGet, "/stream", "").Body)
			if got, err := body.ReadString('\n'); got != "first\n" || err != nil {
				t.Errorf("the first line = %q, %v", got, err)
			}
			close(s.more)
			if got, err := body.ReadString('\n'); got != "second\n" || err != nil {
				t.Errorf("the second line = %q, %v", got, err)
			}
		})
	}
}
