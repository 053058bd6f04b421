package encode

import "github.com/hone-go/hone/internal/httpfield"

// A Negotiation is what a client's Accept-Encoding comes to.
type Negotiation struct {
	// Coding is the best coding for both sides: the highest weight, and among
	// equals the first in [Config.Codings].
	Coding Coding

	accepted uint8 // a bit for each coding
}

// Accepts reports whether the client can take c. If it refuses even the
// Coding of its negotiation, then nothing this service has suits it.
func (n Negotiation) Accepts(c Coding) bool { return n.accepted&(1<<c) != 0 }

// Negotiate reads the lines of Accept-Encoding (RFC 9110 §12.5.3) in time
// linear in their length, without allocating.
//
// No field at all means that anything is acceptable, and gets Identity: a
// client that does not speak of codings seldom knows any. An empty field asks
// for Identity. A coding that is not named is acceptable with the weight of
// "*" if that is there, and else not; Identity is acceptable unless refused by
// name or by "*;q=0", and preferred only if it is named with a higher weight
// than any coding. An element that does not follow the grammar counts as not
// sent; of a coding that is named twice the lower weight counts, since wrong
// bytes harm a client and more bytes do not.
//
// If neither Identity nor any coding of this service is acceptable, the
// Coding is Identity, which Accepts then denies. [Encoder.Handler] sends it
// all the same, as RFC 9110 §12.4.1 allows: the handler has done its work by
// then, and 406 with a body for nobody would be of less use.
func (e *Encoder) Negotiate(acceptEncoding []string) Negotiation {
	if len(acceptEncoding) == 0 {
		return Negotiation{Coding: Identity, accepted: 1<<codings - 1}
	}
	const unnamed = -1
	weights := [codings]int{unnamed, unnamed, unnamed, unnamed}
	others := unnamed
	for token, weight := range httpfield.Weighted(acceptEncoding) {
		named := &others
		if token != "*" {
			c, ok := ParseCoding(token)
			if !ok {
				continue
			}
			named = &weights[c]
		}
		if *named == unnamed || weight < *named {
			*named = weight
		}
	}
	n := Negotiation{Coding: Identity}
	if weights[Identity] > 0 || weights[Identity] == unnamed && others != 0 {
		n.accepted |= 1 << Identity
	}
	best := max(weights[Identity]-1, 0) // a coding of equal weight is better
	for _, c := range e.config.Codings {
		weight := weights[c]
		if weight == unnamed {
			weight = others
		}
		if weight <= 0 {
			continue
		}
		n.accepted |= 1 << c
		if weight > best {
			n.Coding, best = c, weight
		}
	}
	return n
}
