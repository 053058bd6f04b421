package ratelimittest_test

import "flag"

var seed = flag.Uint64("seed", 0, "seed of the random calls; 0 takes one")
