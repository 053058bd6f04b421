package found

import (
	"context"
	"net/http"
	"time"

	"github.com/hone-go/hone/examples/shop/api"
	"github.com/hone-go/hone/examples/shop/data"
	"github.com/hone-go/hone/respond"
)

type health struct{ db *data.DB }

// healthTimeout is how long the database may take to say that it is there. A
// load balancer that asks has usually given up after five seconds; one second
// would call a busy database a dead one.
const healthTimeout = 2 * time.Second

// check answers GET /health: 200 if the database answers, 503 if not.
func (h health) check(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if err := h.db.PingContext(ctx); err != nil {
		return respond.Problemf(http.StatusServiceUnavailable, "the database does not answer")
	}
	return api.Write(w, r, http.StatusOK, map[string]string{"status": "ok", "database": string(h.db.Kind())})
}
