package found

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/hone-go/hone/examples/shop/data"
)

//go:embed *.html
var pages embed.FS

// site is the part of the shop that people look at.
type site struct {
	db    *data.DB
	pages *template.Template
}

func newSite(db *data.DB) site {
	helpers := template.FuncMap{"euros": euros, "count": count}
	return site{
		db:    db,
		pages: template.Must(template.New("").Funcs(helpers).ParseFS(pages, "*.html")),
	}
}

// write answers with a page, or not at all if it does not render.
func (s site) write(w http.ResponseWriter, page string, values any) error {
	var body bytes.Buffer
	if err := s.pages.ExecuteTemplate(&body, page, values); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // fails only if the client is gone
	return nil
}

// euros writes cents as €12,345.60.
func euros(cents int64) string { return fmt.Sprintf("€%s.%02d", count(cents/100), cents%100) }

// count writes a number that is not negative with its thousands apart: 12,345.
func count(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
