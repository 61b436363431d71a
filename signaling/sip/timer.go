package sip

import (
	"strconv"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// sessionTimer is the state of RFC 4028 for one dialog. The dialog's mu guards
// it.
type sessionTimer struct {
	interval time.Duration // 0 = no session timer
	ours     bool          // we refresh
	refresh  *time.Timer
	expiry   *time.Timer
	until    time.Time // when expiry fires
}

func (t *sessionTimer) stop() {
	if t.refresh != nil {
		t.refresh.Stop()
	}
	if t.expiry != nil {
		t.expiry.Stop()
	}
	t.refresh, t.expiry = nil, nil
}

// expires is a parsed Session-Expires.
type expires struct {
	interval  time.Duration
	refresher string // "uac", "uas" or ""
}

func parseExpires(s string) (expires, bool) {
	number, tail, _ := strings.Cut(s, ";")
	n, ok := parseUint(strings.TrimSpace(number), 1<<31)
	if !ok {
		return expires{}, false
	}
	e := expires{interval: time.Duration(n) * time.Second}
	if ps, err := parseParams(tail); err == nil {
		e.refresher, _ = ps.get("refresher")
		e.refresher = strings.ToLower(e.refresher)
	}
	return e, true
}

func (e expires) String() string {
	s := strconv.Itoa(int(e.interval / time.Second))
	if e.refresher != "" {
		s += ";refresher=" + e.refresher
	}
	return s
}

// negotiate answers a request's session timer (section 9). current says who
// refreshes so far, seen from this request: "uac", "uas" or "". It returns the
// fields of the 2xx, or ok = false with those of a 422.
func (s *Server) negotiate(in *inbound, current string) (e expires, fields []gosip.Header, ok bool) {
	supported := false
	for _, tag := range append(tokens(in, "Supported"), tokens(in, "Require")...) {
		supported = supported || tag == "timer"
	}
	asked, has := parseExpires(value(in, "Session-Expires"))
	if has && supported && asked.interval < s.cfg.MinSE {
		return e, []gosip.Header{header("Min-SE", strconv.Itoa(int(s.cfg.MinSE/time.Second)))}, false
	}
	least := s.cfg.MinSE
	if m, ok := parseExpires(value(in, "Min-SE")); ok {
		least = max(least, m.interval)
	}
	e.interval = max(s.cfg.SessionExpires, least)
	if has {
		e.interval = max(min(asked.interval, e.interval), least)
	}
	switch {
	case !supported: // only we can refresh
		e.refresher = "uas"
	case has && (asked.refresher == "uac" || asked.refresher == "uas"):
		e.refresher = asked.refresher
	case current != "":
		e.refresher = current
	case has:
		e.refresher = "uac"
	default:
		e.refresher = "uas"
	}
	fields = append(fields, header("Session-Expires", e.String()))
	if e.refresher == "uac" {
		fields = append(fields, header("Require", "timer"))
	}
	return e, fields, true
}

// arm starts the session timer anew (section 10). An interval of 0 stops it.
func (d *Dialog) arm(interval time.Duration, ours bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timer.stop()
	if d.ended {
		return
	}
	d.timer.interval, d.timer.ours = interval, ours
	if interval <= 0 {
		return
	}
	d.expire()
	if ours {
		d.timer.refresh = time.AfterFunc(interval/2, func() { d.refreshLater() })
	}
}

// expire sets the end of the session anew. The caller holds mu.
func (d *Dialog) expire() {
	if d.timer.expiry != nil {
		d.timer.expiry.Stop()
	}
	wait := d.timer.interval - min(32*time.Second, d.timer.interval/3)
	d.timer.until = time.Now().Add(wait)
	d.timer.expiry = time.AfterFunc(wait, func() {
		d.finishLater(goodbye{cause: "session expired", code: 408, text: "session timer expired", bye: true})
	})
}

// offerTimer puts our wish into a request (section 7.1). refresher is "uac"
// when we go on refreshing, "uas" when he does, "" when he may choose.
func (d *Dialog) offerTimer(req *gosip.Request) {
	d.mu.Lock()
	e := expires{interval: d.timer.interval}
	if e.interval <= 0 {
		e.interval = d.server.cfg.SessionExpires
	} else if d.timer.ours {
		e.refresher = "uac"
	} else {
		e.refresher = "uas"
	}
	d.mu.Unlock()
	req.AppendHeader(header("Session-Expires", e.String()))
	req.AppendHeader(header("Min-SE", strconv.Itoa(int(d.server.cfg.MinSE/time.Second))))
}

// agreed takes the timer from a 2xx to a request of ours (section 7.2).
func (d *Dialog) agreed(res *gosip.Response) {
	e, ok := parseExpires(value(res, "Session-Expires"))
	if !ok {
		d.mu.Lock()
		interval, ours := d.timer.interval, d.timer.ours
		d.mu.Unlock()
		d.arm(interval, ours) // he knows no timers, we go on as before
		return
	}
	d.arm(max(e.interval, 1*time.Second), e.refresher != "uas")
}
