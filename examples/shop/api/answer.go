package api

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Write answers with v as JSON. An error means that v cannot be encoded, and
// that nothing was sent.
func Write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client is gone
	return nil
}
