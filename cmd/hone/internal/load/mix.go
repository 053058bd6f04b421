package load

import (
	"math/rand/v2"
	"net/http"
	"sort"
	"sync"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// A mix draws the sequence of requests: which target, and with which numbers.
// The sequence depends on the recipes and the seed alone. It is safe for
// concurrent use.
type mix struct {
	recipes []recipe
	headers []http.Header // one for each recipe; read only
	upTo    []int         // upTo[i] is the sum of the weights of recipes 0 to i

	mu struct {
		sync.Mutex
		random *rand.Rand
	}
}

func newMix(recipes []recipe, common http.Header, seed uint64) *mix {
	m := &mix{recipes: recipes}
	sum := 0
	for i, r := range recipes {
		sum += r.weight
		m.upTo = append(m.upTo, sum)
		h := r.headerFor(common)
		tagRoute(h, i)
		m.headers = append(m.headers, h)
	}
	// The second word only fixes the stream; any constant would do.
	m.mu.random = rand.New(rand.NewPCG(seed, 1))
	return m
}

// next draws the next request of the sequence into t and returns the index of
// its recipe.
func (m *mix) next(t *vegeta.Target) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.mu.random.IntN(m.upTo[len(m.upTo)-1])
	i := sort.SearchInts(m.upTo, n+1)
	r := m.recipes[i]
	t.Method = r.method
	t.URL = r.url.expand(m.mu.random)
	t.Body = []byte(r.body.expand(m.mu.random))
	t.Header = m.headers[i]
	return i
}
