// Package measure tells where a service's time goes: per route, method and
// status class it keeps the count, the rate, true percentiles, bytes, and what
// each request asked of the database and of other services.
//
// Wrap the whole service with [Recorder.Handler], or account for work without
// HTTP with [Recorder.Begin] and [Recorder.Do]; read the result with
// [Recorder.Snapshot]. Calls to others are timed with [Span]. Start with
// [New].
//
// A request costs one allocation, one atomic addition for its duration and
// one each for what else it has to count. Nothing is sampled. The number of
// series is bounded by [Config.MaxSeries] whatever clients send, and the raw
// path or query of a request is never a label nor logged. The package starts
// no goroutine and cannot fail once built; if a series can no longer be made,
// its requests are counted under the route "other".
//
// Package measureprom exports a Recorder to Prometheus, measureotel to
// OpenTelemetry, both without loss.
package measure
