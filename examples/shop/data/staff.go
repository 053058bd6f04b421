package data

// staff may log in. The hashes are written down rather than computed: at
// 600,000 rounds each would add a tenth of a second to every seeding. The
// passwords, which this example keeps no secret, are sawdust-and-rain,
// forty-foot-larch and plumb-line-seven.
var staff = [...]struct{ login, name, passwordHash string }{
	{
		"tilda", "Tilda Lindqvist",
		"pbkdf2-sha256$600000$+VD5YtahUiKBJXwB/4TK5A$2imexJG3Xomx1Kbq5Bc6Io9DCHO6qivJepNwAF+GIqY",
	},
	{
		"owen", "Owen Thackeray",
		"pbkdf2-sha256$600000$Bov6CsZp11y+9wBE0H6cFw$m4AeEAhjek9aVG/zYZAJMwKnxS9djAuOSHm6FWzZPvU",
	},
	{
		"margit", "Margit Nygaard",
		"pbkdf2-sha256$600000$ZQs5ZvGKpzKPD9psdKHDNg$NvkzhFHTdyowNv/QscVnYOJFzZOST8ymkWvktrVHo8I",
	},
}

func staffRows(yield func([]any) bool) {
	for _, s := range staff {
		if !yield([]any{s.login, s.name, s.passwordHash}) {
			return
		}
	}
}
