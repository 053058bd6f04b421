// Package measureotel exports a [measure.Recorder] to OpenTelemetry.
//
// Durations are exponential histograms of scale 5 with the recorder's own
// buckets, so nothing is lost on the way. Names follow the semantic
// conventions for HTTP servers where these have one. Hand the [Producer] to a
// reader of the OpenTelemetry SDK. Start with [New].
package measureotel
