package pginvalidate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A session is one connection's time of listening.
type session struct {
	*Listener
	conn *pgx.Conn
	// own is the channel of this session's heartbeats: other sessions need not
	// hear them. What was committed before one comes before it.
	own   string
	ahead time.Duration // of the server's clock, before ours

	beats    int       // how many were sent
	sent     time.Time // the last one
	awaiting bool      // it is not back
}

// session listens on a new connection until that fails.
func (l *Listener) session(ctx context.Context) error {
	s := &session{Listener: l, own: l.channel + "_" + token()}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.close()
	if err := s.listen(ctx); err != nil {
		return err
	}
	l.count.connects.Add(1)
	l.connected.Store(true)
	defer l.connected.Store(false)
	for {
		if err := s.receive(ctx); err != nil {
			return fmt.Errorf("pginvalidate: the connection is lost: %w", err)
		}
	}
}

func (s *session) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	if s.conn, err = pgx.ConnectConfig(ctx, s.Listener.conn); err != nil {
		return fmt.Errorf("pginvalidate: %w", err)
	}
	return nil
}

// close says good-bye, but not for long to a server that is gone.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // there is nothing to be done about it
}

// listen begins to listen, and has all that was missed before invalidated.
func (s *session) listen(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	before := time.Now()
	if _, err := s.exec(ctx, s.conn.PgConn(), "LISTEN "+s.channel); err != nil {
		return err
	}
	// In this order: what is committed from now on will be told, and what was
	// before is seen by the loads that come after the invalidation.
	s.pending.add(batch{everything: true, proven: before})
	return s.beat(ctx)
}

// check makes sure that notifications reach the connection. One that is served
// by the process that it was announced to goes to PostgreSQL itself. Behind a
// pooler, another client notifies while this one is idle, as the triggers'
// clients will: in transaction mode the server is then not this one's.
func (s *session) check(ctx context.Context) error {
	if _, err := s.exec(ctx, s.conn.PgConn(), "LISTEN "+s.own); err != nil {
		return err
	}
	pid, err := s.exec(ctx, s.conn.PgConn(), "SELECT pg_catalog.pg_backend_pid()")
	if err != nil {
		return err
	}
	if pid == strconv.FormatUint(uint64(s.conn.PgConn().PID()), 10) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	other, err := pgconn.ConnectConfig(ctx, s.Listener.conn.Config.Copy())
	if err != nil {
		return fmt.Errorf("pginvalidate: %w", err)
	}
	_, err = s.exec(ctx, other, "NOTIFY "+s.own)
	if cerr := other.Close(ctx); err == nil && cerr != nil {
		err = fmt.Errorf("pginvalidate: %w", cerr)
	}
	if err != nil {
		return err
	}
	_, err = s.conn.WaitForNotification(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && !s.conn.IsClosed() {
		return ErrPooler
	}
	return err
}

// receive handles the next notification, or sends a heartbeat when it is time.
func (s *session) receive(ctx context.Context) error {
	due := s.sent.Add(s.cfg.Heartbeat)
	if s.awaiting {
		due = s.sent.Add(s.cfg.Timeout)
	}
	wctx, cancel := context.WithDeadline(ctx, due)
	n, err := s.conn.WaitForNotification(wctx)
	cancel()
	switch {
	case err == nil:
		s.take(ctx, n)
		return nil
	case ctx.Err() != nil || wctx.Err() == nil || s.conn.IsClosed():
		return err
	case s.awaiting:
		return fmt.Errorf("a heartbeat has not come back within %v", s.cfg.Timeout)
	}
	return s.beat(ctx)
}

// beat sends a heartbeat, and learns what the server's clock says.
func (s *session) beat(ctx context.Context) error {
	s.beats++
	s.sent, s.awaiting = time.Now(), true
	clock, err := s.exec(ctx, s.conn.PgConn(), fmt.Sprintf(
		"SELECT (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 FROM pg_catalog.pg_notify('%s', '%d')", s.own, s.beats))
	if err != nil {
		return err
	}
	t, err := strconv.ParseInt(clock, 10, 64)
	if err != nil {
		return fmt.Errorf("pginvalidate: the server's clock: %w", err)
	}
	// Read between the question and the answer: wrong by half of that time at
	// most.
	s.ahead = time.UnixMicro(t).Sub(s.sent.Add(time.Since(s.sent) / 2))
	return nil
}

// take handles a notification.
func (s *session) take(ctx context.Context, n *pgconn.Notification) {
	if n.Channel == s.own {
		if n.Payload == strconv.Itoa(s.beats) {
			s.awaiting = false
			s.pending.add(batch{proven: s.sent})
		}
		return
	}
	s.count.notifications.Add(1)
	p, err := parsePayload(n.Payload)
	if err != nil { // something has changed, and it is not known what
		s.report(ctx, err)
		s.pending.add(batch{everything: true})
		return
	}
	b := batch{everything: p.Clear, tags: make(map[string]struct{}, len(p.Tags)), stamps: []time.Time{p.at(s.ahead)}}
	for _, t := range p.Tags {
		b.tags[t] = struct{}{}
	}
	s.pending.add(b)
}

// exec runs a statement in one round trip, without preparing it, and returns
// the first value of its first row, if any.
func (s *session) exec(ctx context.Context, conn *pgconn.PgConn, sql string) (value string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", fmt.Errorf("pginvalidate: %w", err)
	}
	for _, r := range results {
		if len(r.Rows) > 0 {
			return string(r.Rows[0][0]), nil
		}
	}
	return "", nil
}

func token() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
