package engine

import (
	"context"
	"sync/atomic"
	"time"

	"parley/codecs"
	"parley/composer"
	"parley/engine/stage"
)

// pictures composes a conference. It is owned by the composing goroutine:
// compose is called for every frame and by nobody else.
type pictures struct {
	conference *Conference
	layout     *composer.Layout // that holds now
	composer   *composer.Composer
	stage      *stage.Stage
	members    map[string]*member
	views      map[string]*view
	sequence   []*view // those in use, in order of the stage
	bands      *bandSet
	more       int // "+n"
	tick       uint64
	second     time.Time // of the last once-a-second work

	snapshotLegs *[]*Leg
	changed      uint64
	speaker      string
	own          ownMode
	common       *stage.Seats // of what those off stage see

	requests  chan snapshotRequest
	done      chan struct{} // closed when nothing answers requests any more
	published atomic.Pointer[published]

	late  atomic.Uint64
	ticks atomic.Uint64
}

// snapshotRequest asks for the next picture of a view.
type snapshotRequest struct {
	view  string
	reply chan *codecs.Picture
}

// published is what status reads of the composing goroutine's state.
type published struct {
	order   []string
	views   []*view // immutable fields only
	cells   [][]string
	viewOf  map[string]string
	own     OwnThumbnail
	spared  int // of those that are decoded, how many are asked for less
	rxFPS   map[string]float64
	txFPS   map[string]float64
	renders [][]*rendition
	bands   []*band
	parts   [][][]*band // of each rendition of each view
}

func newPictures(c *Conference) *pictures {
	p := &pictures{
		conference: c, layout: c.config.Layout, composer: composer.New(), stage: stage.New(),
		members: map[string]*member{}, views: map[string]*view{},
		requests: make(chan snapshotRequest, 16), done: make(chan struct{}),
		second: c.started,
	}
	p.common = p.newSeats()
	p.bands = newBandSet(p)
	p.own.start(c.config.OwnThumbnail)
	p.published.Store(&published{own: p.own.now})
	return p
}

// newSeats returns the seats of a view that nobody has seen yet.
func (p *pictures) newSeats() *stage.Seats { return stage.NewSeats(p.layout.Seats) }

// compose makes one picture of each view that is due.
func (p *pictures) compose(now time.Time) {
	start := time.Now()
	p.tick++
	p.ticks.Add(1)
	again := p.refresh()
	if speaker := *p.conference.sound.speaker.Load(); speaker != p.speaker {
		p.speaker = speaker
		p.stage.Speaker(speaker)
		again = true
	}
	if now.Sub(p.second) >= time.Second {
		again = p.everySecond(now) || again
	}
	for _, m := range p.members {
		if m.video != nil {
			if g := m.video.generation.Load(); g != m.generation {
				m.generation, again = g, true
			}
			m.update(now)
		}
	}
	if again {
		p.assign(now)
		p.publish()
	}
	p.composer.BeginTick()
	timestamp := videoTime(now.Sub(p.conference.started))
	if wanted, request := p.nextRequest(); wanted {
		var pic *codecs.Picture
		if v := p.views[request.view]; v != nil {
			pic = v.picture(p, timestamp)
		}
		request.reply <- pic
	}
	p.bands.turn(p.sequence, p.tick, now, timestamp)
	p.conference.engine.meter.add(workCompose, start)
}

// videoTime is a duration in units of the video clock, modulo 2^32. In
// microseconds it does not overflow for as long as anybody meets.
func videoTime(d time.Duration) uint32 {
	return uint32(d.Microseconds() * (codecs.VideoClock / 10_000) / 100)
}

// refresh follows joins, leaves and re-negotiations.
func (p *pictures) refresh() bool {
	legs, changed := p.conference.legs.Load(), p.conference.changed.Load()
	if legs == p.snapshotLegs && changed == p.changed {
		return false
	}
	p.snapshotLegs, p.changed = legs, changed
	if l := p.conference.layout.Load(); l != p.layout {
		p.relayout(l)
	}
	present := make(map[string]bool, len(*legs))
	for _, l := range *legs {
		present[l.id] = true
		if m := p.members[l.id]; m != nil {
			m.describe()
			p.stage.SetVideo(l.id, l.hasVideo())
			continue
		}
		p.members[l.id] = newMember(l)
		p.stage.Join(l.id, l.hasVideo())
	}
	for id, m := range p.members {
		if !present[id] {
			m.release()
			delete(p.members, id)
			p.stage.Leave(id)
		}
	}
	return true
}

// everySecond does what need not be done for every frame; it returns whether
// views must be assigned again.
func (p *pictures) everySecond(now time.Time) bool {
	elapsed := now.Sub(p.second).Seconds()
	p.second = now
	pub := *p.published.Load()
	pub.rxFPS, pub.txFPS = map[string]float64{}, map[string]float64{}
	for id, m := range p.members {
		m.check(now)
		if m.video != nil {
			frames, sent := m.video.source.frames.Load(), m.video.sent.Load()
			pub.rxFPS[id] = float64(frames-m.frames) / elapsed
			pub.txFPS[id] = float64(sent-m.sent) / elapsed
			m.frames, m.sent = frames, sent
		}
	}
	p.nourish(now)
	pub.spared = p.spared()
	p.published.Store(&pub)
	return p.own.follow(p.bands.step())
}

// assign decides who sees what: it groups receivers into views and renditions
// and says which sources must be decoded.
func (p *pictures) assign(now time.Time) {
	n := len(p.layout.Cells) - 1
	order := p.stage.Order()
	p.more = stage.More(len(order), n)
	hidden := p.own.now == OwnHidden
	p.common.Update(stage.Thumbnails(order, "", hidden, n))
	for _, v := range p.views {
		v.used = false
	}
	p.sequence = p.sequence[:0]
	wanted, large := make(map[string]bool, n+2), make(map[string]bool, 2)
	for position, id := range order {
		m := p.members[id]
		if m == nil || !m.receives() {
			if m != nil {
				m.assign(nil, nil)
			}
			continue
		}
		index, solo := m.video.rung()
		if index >= len(ladder) {
			m.assign(nil, nil) // there is no picture as small as he asks for
			continue
		}
		v := p.viewFor(id, position, n, hidden)
		if !v.used {
			v.used = true
			p.sequence = append(p.sequence, v)
			if v.seats != p.common {
				v.seats.Update(stage.Thumbnails(order, id, hidden, n))
			}
			v.fill(stage.Main(order, id), id, n)
			large[v.main] = true
			for _, cell := range v.cells {
				wanted[cell] = true
			}
		}
		limits := m.video.config.Load().Limits
		key := renditionKey{
			rung: index, profile: limits.Profile, mode: limits.PacketizationMode, whole: p.bands.whole(v, index),
		}
		if solo {
			key.solo = id
		}
		m.assign(v, v.rendition(p.conference.engine, key))
	}
	for id, v := range p.views {
		if !v.used {
			v.prune()
			v.close()
			delete(p.views, id)
			continue
		}
		v.prune()
	}
	speaker := ""
	if len(order) > 0 {
		speaker = order[0]
	}
	p.nourish(now)
	p.bands.assign(p.sequence, speaker, min(len(order)-1, n))
	for id, m := range p.members {
		if m.video == nil {
			continue
		}
		m.video.source.want(wanted[id] && m.video.config.Load().Receive, large[id])
		switch {
		case !wanted[id] && m.unseen.IsZero():
			m.unseen = now
		case wanted[id] && !m.unseen.IsZero():
			m.unseen, m.shownAt = time.Time{}, now
		}
	}
}

// nourish asks senders for as much as is seen of them; called at every change,
// before key frames are asked for, and once a second.
func (p *pictures) nourish(now time.Time) {
	for position, id := range p.stage.Order() {
		if m := p.members[id]; m != nil && m.video != nil {
			m.appetite.follow(position < nearStage, now, m.video.ask)
		}
	}
}

// viewFor returns the view of the receiver at that position of the stage.
// Those off stage share the common one. With own thumbnails hidden everybody
// on stage has his own; shown, only the current speaker has: the common one
// with the previous speaker large and himself where that one sits.
func (p *pictures) viewFor(id string, position, n int, hidden bool) *view {
	name, seats := "common", p.common
	switch {
	case hidden && position <= n:
		name, seats = "own:"+id, nil
	case position == 0:
		name = "speaker"
	}
	v := p.views[name]
	if v == nil {
		if seats == nil { // his thumbnails stay where he saw them
			seats = p.common.Clone()
		}
		v = newView(name, seats)
		p.views[name] = v
	}
	return v
}

func (p *pictures) nextRequest() (bool, snapshotRequest) {
	select {
	case r := <-p.requests:
		return true, r
	default:
		return false, snapshotRequest{}
	}
}

func (p *pictures) snapshot(ctx context.Context, view string) *codecs.Picture {
	r := snapshotRequest{view: view, reply: make(chan *codecs.Picture, 1)}
	select {
	case p.requests <- r:
	case <-p.done:
		return nil
	case <-ctx.Done():
		return nil
	}
	select {
	case pic := <-r.reply:
		return pic
	case <-p.done:
		select {
		case pic := <-r.reply:
			return pic
		default:
			return nil
		}
	case <-ctx.Done():
		// The picture may still come; whoever has it must give it back.
		go func() {
			select {
			case pic := <-r.reply:
				pic.Release()
			case <-p.done:
				select {
				case pic := <-r.reply:
					pic.Release()
				default:
				}
			}
		}()
		return nil
	}
}

// close frees everything; the composing goroutine has ended.
func (p *pictures) close() {
	close(p.done)
	for _, m := range p.members {
		m.release()
	}
	for _, v := range p.views {
		v.close()
	}
	p.bands.close()
	p.composer.Close()
}
