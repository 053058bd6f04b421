package ratelimit

// ScanSteps returns how many bytes ParseAll looks at in a text, counted as
// often as it does.
func ScanSteps(text string) int {
	s := scanner{text: text}
	for {
		if _, err := s.limit(); err != nil || !s.separator() {
			return s.steps
		}
	}
}
