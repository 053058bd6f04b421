package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/ratelimit/policy"
)

// limitsTimeout bounds a question to the service or its store. Not shorter: the
// service may be busy, which is when one asks. Not longer: somebody waits.
const limitsTimeout = 10 * time.Second

// maxLimitsAnswer bounds the answer in bytes: a thousand policies fit.
const maxLimitsAnswer = 16 << 20

// A limitsService is a running service that tells of its limits.
type limitsService struct{ url, tokenFile string }

func (s *limitsService) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.url, "url", "", "`URL` where the service tells of its limits")
	cmd.Flags().StringVar(&s.tokenFile, "token-file", "", "`file` with the credential")
}

// describe returns the service's table.
func (s *limitsService) describe(ctx context.Context) (d policy.Description, err error) {
	return d, s.ask(ctx, http.MethodGet, nil, &d)
}

// explain returns what the service would do with a request.
func (s *limitsService) explain(ctx context.Context, q policy.Question) (e policy.Explanation, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return e, err
	}
	return e, s.ask(ctx, http.MethodPost, body, &e)
}

// ask sends a request and reads the answer into v. An error shows neither
// credential.
func (s *limitsService) ask(ctx context.Context, method string, body []byte, v any) error {
	u, err := url.Parse(s.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef("--url: give the URL where the service tells of its limits, such as http://127.0.0.1:9090/")
	}
	if u.User != nil {
		return usagef("--url: leave user and password out: the credential comes from %s or --token-file", envLimitsToken)
	}
	token, err := s.token()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return usagef("--url: give the URL where the service tells of its limits, such as http://127.0.0.1:9090/")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, // no proxy: it would see the credential
		// A redirect could lead the credential elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("cannot ask %s: %s: check that the service runs and tells of its limits there", u.Host, cause(err))
	}
	defer resp.Body.Close()
	return readAnswer(resp, u.Host, v)
}

func readAnswer(resp *http.Response, host string, v any) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxLimitsAnswer))
	if err != nil {
		return fmt.Errorf("cannot read the answer of %s: %s", host, cause(err))
	}
	switch resp.StatusCode {
	case http.StatusOK:
		if json.Unmarshal(text, v) == nil {
			return nil
		}
	case http.StatusUnauthorized:
		return fmt.Errorf("%s does not take the credential: check %s or --token-file", host, envLimitsToken)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		var problem struct{ Detail string }
		if json.Unmarshal(text, &problem) == nil && problem.Detail != "" {
			return fmt.Errorf("%s: %q", host, problem.Detail)
		}
	}
	return fmt.Errorf("%s answers %d and not with limits: check that policy.Table.AdminHandler is at --url", host, resp.StatusCode)
}

// token returns the credential.
func (s *limitsService) token() (string, error) {
	token := os.Getenv(envLimitsToken)
	if s.tokenFile != "" {
		text, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return "", usagef("--token-file: %w", err)
		}
		token = string(text)
	}
	token = strings.TrimSpace(token)
	if token == "" {
		return "", usagef("no credential: set %s, or give --token-file", envLimitsToken)
	}
	return token, nil
}

// cause says in a few words why a network call failed.
func cause(err error) string {
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &network):
		return network.Err.Error()
	}
	return "the connection failed"
}
