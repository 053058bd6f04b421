package respond_test

import (
	"mime"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hone-go/hone/respond"
)

func TestAttachment(t *testing.T) {
	tests := []struct{ clause, name, want string }{
		{"RFC 6266 §4.3", "sales 2026.csv", `attachment; filename="sales 2026.csv"`},
		{"RFC 8187 §3.2", "Straße.csv", `attachment; filename="Stra_e.csv"; filename*=UTF-8''Stra%C3%9Fe.csv`},
		{"RFC 8187 §3.2.1", "a'b*(c)é", `attachment; filename="a'b*(c)_"; filename*=UTF-8''a%27b%2A%28c%29%C3%A9`},
		{"RFC 6266 App. D quote", `a"b.csv`, `attachment; filename="a_b.csv"; filename*=UTF-8''a%22b.csv`},
		{"RFC 6266 App. D percent", "50%.csv", `attachment; filename="50_.csv"; filename*=UTF-8''50%25.csv`},
		{"RFC 9110 §5.5 injection", "a\r\nSet-Cookie: x=1", `attachment; filename="a__Set-Cookie: x=1"`},
		{"path", `../..\etc/passwd`, `attachment; filename="_.._etc_passwd"`},
		{"hidden", ".bashrc", `attachment; filename="bashrc"`},
		{"direction", "sales\u202Evsc.exe", `attachment; filename="sales_vsc.exe"`},
		{"broken UTF-8", "a\xffb", `attachment; filename="a_b"`},
		{"empty", "", `attachment; filename="download"`},
		{"dots", "...", `attachment; filename="download"`},
		{"long", strings.Repeat("x", 300) + ".csv", `attachment; filename="` + strings.Repeat("x", 196) + `.csv"`},
	}
	for _, tt := range tests {
		if got := respond.Attachment(tt.name); got != tt.want {
			t.Errorf("%s: Attachment(%.40q) = %s, want %s", tt.clause, tt.name, got, tt.want)
		}
	}
}

func FuzzAttachment(f *testing.F) {
	for _, seed := range []string{"a.csv", "\r\n", `"\`, "é", "a\u202eb", strings.Repeat("日", 99) + ".x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := respond.Attachment(name)
		for i := range len(header) {
			if header[i] < ' ' || header[i] > '~' {
				t.Fatalf("Attachment(%q) = %q, want printable ASCII", name, header)
			}
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" {
			t.Fatalf("Attachment(%q) = %q: %v", name, header, err)
		}
		got := params["filename"] // the extended one if there are both
		if got == "" || len(got) > 200 || !utf8.ValidString(got) || filepath.Base(got) != got || strings.ContainsAny(got, "\\\r\n\x00") {
			t.Errorf("Attachment(%q) names the file %q", name, got)
		}
	})
}

// A name cannot add fields to the header on the wire.
func TestAttachmentOnTheWire(t *testing.T) {
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", respond.Attachment("a\r\nX-Evil: 1\r\n\r\n<script>"))
	})
	resp, body, err := get(t, s)
	if err != nil || body != "" || resp.Header.Get("X-Evil") != "" {
		t.Errorf("answer = %v, %q, %v, want no field and no body of the name's", resp.Header, body, err)
	}
}
