package memcached

// SetNow makes the limits take a time, in microseconds, for this machine's.
func (l *Limits) SetNow(now int64) { l.limits.SetNow(now) }

// BucketName returns the name of a bucket's item.
var BucketName = bucketName
