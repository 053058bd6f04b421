package data

import "context"

// Renew says once that a temporary shop is alive.
func (db *DB) Renew(ctx context.Context) error { return db.engine.(*postgresEngine).renew(ctx) }

// StartHeart and its end are what says so again and again.
var StartHeart = startHeart

// Stop ends the heart.
func (h *heart) Stop() { h.end() }

// Abandon stops saying that the shop is alive, as the end of its process does.
func (db *DB) Abandon() { db.engine.(*postgresEngine).letGo() }

// Alive reports whether the shop goes on saying so.
func (db *DB) Alive() bool {
	e := db.engine.(*postgresEngine)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.heart != nil
}

// LeaseRenewal is how often it does.
const LeaseRenewal = leaseRenewal
