package encode

import (
	"errors"
	"fmt"
	"slices"
)

// Config configures an [Encoder]. The zero value is ready to use.
type Config struct {
	// Codings are those on offer, best first; the order decides where a client
	// likes several equally. Default Zstd, Gzip, Brotli. Brotli is last since
	// it takes four times as long as gzip for bodies 2 % smaller: it pays where
	// a body is encoded once and sent often.
	Codings []Coding

	// MinSize is the size in bytes below which a body is sent as it is.
	// Default 1024; negative encodes every body. Not smaller: with its header
	// such a response fits one packet either way, and the coding's own frame
	// and the client's decoder cost more than the bytes saved. Not larger: a
	// list of ten small objects is about that long and halves. A client that
	// refuses identity gets a coding at any size. A body whose size is not
	// known when it is flushed counts as large.
	MinSize int

	// Types are the media types to encode: "type/subtype", "type/*",
	// "*/*+suffix" or "*/*". Default: text, JSON, XML, JavaScript, CSV, SVG,
	// WebAssembly and their like, and nothing that is compressed by its
	// nature. A list replaces the default. gRPC is encoded only if named in
	// full.
	Types []string

	// GzipLevel is 1 (fastest) to 9 (smallest). Default 5. Not smaller: 4 saves
	// a tenth of the time and its bodies are a tenth larger. Not larger: 6
	// takes a tenth longer for 2 % of the size.
	GzipLevel int

	// BrotliLevel is 1 (fastest) to 11 (smallest). Default 4. Not smaller: 3
	// saves a third of the time and its bodies are as large as gzip's. Not
	// larger: 5 takes 75 % longer for 6 % of the size.
	BrotliLevel int

	// ZstdLevel is 1 (fastest) to 4 (smallest), as klauspost/compress numbers
	// its speeds. Default 1. Not larger: 2 takes a fifth longer for 1 % of the
	// size, 3 takes 40 % longer for 4 %.
	ZstdLevel int

	// Guard says which responses are sent as they are because their size could
	// tell a secret. Default GuardCrossSite.
	Guard Guard

	// ProxyCompresses says that a proxy in front of the service encodes its
	// responses: the Handler then changes nothing, and only watches for signs
	// that it is not so; see [Encoder.Hint].
	ProxyCompresses bool
}

const defaultMinSize = 1024

// The default levels. BenchmarkLevel measures all of them.
const (
	defaultGzipLevel   = 5
	defaultBrotliLevel = 4
	defaultZstdLevel   = 1
)

// withDefaults returns a copy in which zero is replaced by the default.
func (c Config) withDefaults() Config {
	if len(c.Codings) == 0 {
		c.Codings = []Coding{Zstd, Gzip, Brotli}
	}
	c.Codings = slices.Clone(c.Codings)
	if len(c.Types) == 0 {
		c.Types = defaultTypes
	}
	setDefault(&c.MinSize, defaultMinSize)
	setDefault(&c.GzipLevel, defaultGzipLevel)
	setDefault(&c.BrotliLevel, defaultBrotliLevel)
	setDefault(&c.ZstdLevel, defaultZstdLevel)
	return c
}

func setDefault(field *int, value int) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) validate() error {
	var errs []error
	for i, coding := range c.Codings {
		if coding == Identity || coding >= codings {
			errs = append(errs, fmt.Errorf("encode: Config.Codings[%d] is %v, want Zstd, Brotli or Gzip", i, coding))
		} else if slices.Contains(c.Codings[:i], coding) {
			errs = append(errs, fmt.Errorf("encode: Config.Codings has %v twice", coding))
		}
	}
	for _, level := range []struct {
		field          string
		value, highest int
	}{
		{"GzipLevel", c.GzipLevel, 9},
		{"BrotliLevel", c.BrotliLevel, 11},
		{"ZstdLevel", c.ZstdLevel, 4},
	} {
		if level.value < 1 || level.value > level.highest {
			errs = append(errs, fmt.Errorf("encode: Config.%s is %d, want 1 to %d", level.field, level.value, level.highest))
		}
	}
	if c.Guard > GuardMarked {
		errs = append(errs, fmt.Errorf("encode: Config.Guard is %d, want one of the constants", c.Guard))
	}
	return errors.Join(errs...)
}
