package clientip

import (
	"net/http"
	"strings"
)

// protoOf returns what the request itself came by.
func protoOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// parseProto reads a scheme, in whatever case, of those that a browser can
// speak to this service.
func parseProto(s string) (string, bool) {
	for _, proto := range [...]string{"https", "http", "wss", "ws"} {
		if strings.EqualFold(s, proto) {
			return proto, true
		}
	}
	return "", false
}

func usualPort(proto string) uint16 {
	if proto == "https" || proto == "wss" {
		return 443
	}
	return 80
}

// parseHost reads a host and perhaps a port, which is 0 otherwise. What is not
// a name or an address is refused: links are made of it.
func parseHost(s string) (host string, port uint16, ok bool) {
	name, digits, bracketed, ok := splitNode(s)
	if !ok || name == "" || len(name) > 255 {
		return "", 0, false
	}
	if digits != "" {
		if port, ok = parsePort(digits); !ok {
			return "", 0, false
		}
	}
	if bracketed {
		if strings.Contains(name, "%") || !parseAddr(name, true).IsValid() {
			return "", 0, false
		}
		return s[:len(name)+len("[]")], port, true
	}
	for i := range len(name) {
		if !isNameByte(name[i]) {
			return "", 0, false
		}
	}
	return name, port, true
}

// parsePrefix reads a path that begins with one slash, and drops those at its
// end. Two at the beginning would make a link to another host, and segments
// of dots one to another path.
func parsePrefix(s string) (string, bool) {
	if s == "" || s[0] != '/' {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?\\^`{|}", c) >= 0 {
			return "", false
		}
	}
	s = strings.TrimRight(s, "/")
	for rest := s; rest != ""; {
		segment, after, _ := strings.Cut(rest[1:], "/")
		if segment == "" || segment == "." || segment == ".." {
			return "", false
		}
		if after == "" {
			break
		}
		rest = rest[1+len(segment):]
	}
	return s, true
}
