package tuned

import (
	"context"
	"net/http"

	"github.com/hone-go/hone/cache"
	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/examples/shop/found"
)

// summaries are package found's, computed once.
type summaries struct {
	kept *cache.Func[int64, api.ProductSummary]
}

func newSummaries(db *data.DB, c *cache.Cache) (summaries, error) {
	load := func(ctx context.Context, product int64) (api.ProductSummary, error) {
		return found.Summary(ctx, db, product)
	}
	kept, err := cache.Memoize(c, "summary", load, cache.FuncConfig[int64, api.ProductSummary]{Tags: summaryTags})
	return summaries{kept}, err
}

// answer answers GET /api/products/{id}/summary with what the product has
// sold, over all, by month and to whom. Cost: no statement if the summary is in
// the cache, otherwise four.
func (s summaries) answer(w http.ResponseWriter, r *http.Request) error {
	id, err := api.PathID(r)
	if err != nil {
		return err
	}
	summary, found, err := s.kept.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if !found {
		return api.NotFound("product %d does not exist", id)
	}
	return api.Write(w, r, http.StatusOK, summary)
}
