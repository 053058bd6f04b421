package respond_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/hone-go/hone/respond"
)

func TestServeFields(t *testing.T) {
	nd := newNDJSON(t, respond.NDJSONConfig{})
	fields := newFields[sale](t, respond.FieldsConfig{})
	selection, err := fields.Parse(url.Values{"fields": {"price,id"}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	err = nd.ServeFields(w, httptest.NewRequest(http.MethodGet, "/", nil), selection, sales(2))
	if want := "{\"id\":0,\"price\":12.5}\n{\"id\":1,\"price\":12.5}\n"; err != nil || w.Body.String() != want {
		t.Errorf("ServeFields = %v, %q, want %q", err, w.Body, want)
	}
}
