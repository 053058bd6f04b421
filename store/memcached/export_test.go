package memcached

// TagName returns the name of a tag's record.
var TagName = tagName
