package httpcache

import "github.com/hone-go/hone/cache"

// Codec is that of stored responses.
func Codec() cache.Codec { return codec{} }
