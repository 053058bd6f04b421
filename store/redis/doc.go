// Package redis is the [cache.Store] in Redis 6 or newer, or Valkey: alone,
// behind Sentinel, or as a Cluster. Start with [Open].
//
// # URLs
//
//	redis://[user:password@]host[:6379][/db]             one server
//	rediss://…                                            the same over TLS
//	unix://[user:password@]/path/of/the/socket[?db=n]     one server on this machine
//	redis+sentinel://host[:26379],host…/master[/db]       what these Sentinels say the master is
//	redis+cluster://host[:6379],host…                     the Cluster that these belong to
//
// rediss+sentinel and rediss+cluster are over TLS. The user and password are
// Redis's; those of the Sentinels, if they have any, are the parameters
// sentinel_username and sentinel_password. The database may also be the
// parameter db.
//
// # When servers fail
//
// Opening a store needs no server, and begins to make all connections to the
// masters in the background. While there are none, calls fail at once; a call
// that was sent ends with its context. Only while a new connection greets a
// server that has frozen since it was found can a call wait longer, for half a
// second at most. Reads are sent twice if a connection breaks, writes never:
// whether one has happened is unknown then.
//
// Redis copies to replicas later than it answers. What the promoted replica
// had confirmed stands after a failover: values, leases, deletions and
// invalidations. The writes of the last moment, mostly some milliseconds, can
// be lost although they were acknowledged: leases, so that something is loaded
// twice; deletions and invalidations, so that an entry comes back until it
// expires. Generations rise all the same. Redis's min-replicas-to-write and
// min-replicas-max-lag bound that time; [cache.Cache.Clear] after a failover
// ends it for those who cannot bear it.
//
// # Keys in Redis
//
//   - K: the value of the key K, as given. Or a lease on K, which has no value:
//     "\x00lease\x00" and the holder's 16 bytes, expiring with the lease. A
//     value that begins like this is stored behind "\x00lease\x01".
//   - {K}:r: a lease to refresh K while it has a value: the holder's 16 bytes.
//   - {N}:g: a sorted set with the generations of namespace N's tags: ":tag"
//     for each of them, "now" for the present generation, "floor" for that of
//     the tags which are not in it. Generations are microseconds of the
//     server's clock, or one more than the last. If the set is lost, a new one
//     begins, and all that was loaded before is dead. It leaves when nobody
//     has asked for generations or invalidated for 30 days.
//
// Scripts use nothing but their KEYS and ARGV, one slot each, and the server's
// clock.
package redis
