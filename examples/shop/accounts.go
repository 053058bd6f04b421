package shop

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// apiKey is the field with the key of an account.
const apiKey = "X-Api-Key"

// minKeyBytes keeps a key from being guessed.
const minKeyBytes = 16

// Accounts are the customers who have API keys. They hold digests of the keys
// only. The zero value has none. They are safe for concurrent use.
type Accounts struct{ byKey map[[sha256.Size]byte]account }

// An account is one customer's.
type account struct{ name, plan string }

// ReadAccounts reads an account from each line: an API key of at least 16
// bytes, the customer's name and the plan, with white space between. A customer
// may have several keys, which count together. What follows a # is a comment.
// An error names every line that is wrong, and shows none.
func ReadAccounts(r io.Reader) (Accounts, error) {
	a := Accounts{byKey: make(map[[sha256.Size]byte]account)}
	plans := make(map[string]string) // by name
	var errs []error
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 || len(fields[0]) < minKeyBytes {
			errs = append(errs, fmt.Errorf("line %d: want a key of at least %d bytes, a name and a plan", n, minKeyBytes))
			continue
		}
		sum, own := sha256.Sum256([]byte(fields[0])), account{fields[1], fields[2]}
		if _, there := a.byKey[sum]; there {
			errs = append(errs, fmt.Errorf("line %d: the key is there already", n))
		}
		if plan, there := plans[own.name]; there && plan != own.plan {
			errs = append(errs, fmt.Errorf("line %d: the customer has another plan already", n))
		}
		a.byKey[sum], plans[own.name] = own, own.plan
	}
	errs = append(errs, lines.Err())
	if err := errors.Join(errs...); err != nil {
		return Accounts{}, fmt.Errorf("shop: accounts: %w", err)
	}
	return a, nil
}

// check reports accounts whose plan is none of plans.
func (a Accounts) check(plans map[string]string) error {
	for _, own := range a.byKey {
		if _, ok := plans[own.plan]; !ok {
			return fmt.Errorf("shop: %s has the plan %q, which there is not", own.name, own.plan)
		}
	}
	return nil
}

// of returns the account of a request, or the zero account. A request with
// several keys has none: nobody can say which is meant.
func (a Accounts) of(r *http.Request) account {
	keys := r.Header[apiKey]
	if len(keys) != 1 {
		return account{}
	}
	return a.byKey[sha256.Sum256([]byte(keys[0]))]
}

func (a Accounts) name(r *http.Request) (string, error) { return a.of(r).name, nil }
func (a Accounts) known(r *http.Request) (bool, error)  { return a.of(r).name != "", nil }
