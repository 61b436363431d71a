package engine

import (
	"time"

	"parley/codecs"
	"parley/composer"
)

// member is a participant as the composing goroutine sees him: what is shown
// of him, and what he is shown.
type member struct {
	leg      *Leg
	video    *videoLeg // nil = none
	content  composer.Content
	shownAt  time.Time // when content.Picture came
	unseen   time.Time // since when no view shows him; zero = he is seen
	appetite appetite

	// What he is sent.
	view       *view
	generation uint64

	// For the rates that status tells.
	frames, sent uint64
}

// frozenAfter is how long the last good picture of a silent source is held
// before his avatar takes its place.
const frozenAfter = 4 * time.Second

func newMember(l *Leg) *member {
	m := &member{leg: l, content: composer.Content{Source: l.id, Version: 1}}
	m.describe()
	return m
}

// describe takes over what a new offer may have changed.
func (m *member) describe() {
	cfg := m.leg.config.Load()
	c := &m.content
	c.Name, c.OnHold = cfg.DisplayName, cfg.OnHold
	c.AudioOnly = cfg.Video == nil
	c.Version++
	if m.video = m.leg.video.Load(); cfg.Video == nil || !cfg.Video.Receive && !cfg.OnHold {
		m.show(nil)
	}
}

// update takes the newest picture, if there is a new one.
func (m *member) update(now time.Time) {
	if m.video == nil {
		return
	}
	p := m.video.source.newest.Take()
	if p == nil {
		return
	}
	if !m.video.config.Load().Receive {
		p.Release() // one that was still on its way when he went on hold
		return
	}
	m.shownAt = now
	m.show(p)
}

// check replaces the picture of a source that has gone silent; called once a second.
func (m *member) check(now time.Time) {
	if m.video == nil {
		return
	}
	if !m.unseen.IsZero() && now.Sub(m.unseen) > frozenAfter {
		m.video.source.rest()
		m.show(nil)
		return
	}
	if m.unseen.IsZero() && !m.content.OnHold && now.Sub(m.shownAt) > frozenAfter {
		m.show(nil)
	}
}

// show makes p, whose reference it takes, the picture of the member.
func (m *member) show(p *codecs.Picture) {
	if p == nil && m.content.Picture == nil {
		return
	}
	m.content.Picture.Release()
	m.content.Picture = p
	m.content.Version++
}

// receives reports whether he is to be sent a picture.
func (m *member) receives() bool {
	return m.video != nil && m.video.config.Load().Send
}

// release gives up what is held for him.
func (m *member) release() {
	m.assign(nil, nil)
	m.content.Picture.Release()
	m.content.Picture = nil
}

// assign moves him to a view and a rendition of it; nil = he is sent nothing.
func (m *member) assign(v *view, r *rendition) {
	m.view = v
	if m.video == nil {
		return
	}
	m.video.sending.Lock() // the old rendition sends nothing after this
	old := m.video.rendition.Swap(r)
	m.video.sending.Unlock()
	if old == r {
		return
	}
	if old != nil {
		old.remove(m.video)
	}
	if r != nil {
		r.add(m.video)
	}
}
