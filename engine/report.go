package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/engine/rtp"
)

// publish copies what status tells of the composing goroutine's state.
func (p *pictures) publish() {
	old := p.published.Load()
	pub := &published{
		order: slices.Clone(p.stage.Order()), own: p.own.now, spared: p.spared(),
		viewOf: map[string]string{}, rxFPS: old.rxFPS, txFPS: old.txFPS,
	}
	for _, v := range p.views {
		pub.views = append(pub.views, v)
	}
	slices.SortFunc(pub.views, func(a, b *view) int { return strings.Compare(a.id, b.id) })
	for _, v := range pub.views {
		pub.cells = append(pub.cells, slices.Clone(v.cells))
		pub.renders = append(pub.renders, slices.Clone(v.list))
		parts := make([][]*band, len(v.list))
		for i, r := range v.list {
			parts[i] = slices.Clone(r.bands)
			for _, b := range r.bands {
				if !slices.Contains(pub.bands, b) {
					pub.bands = append(pub.bands, b)
				}
			}
		}
		pub.parts = append(pub.parts, parts)
	}
	for id, m := range p.members {
		if m.view != nil {
			pub.viewOf[id] = m.view.id
		}
	}
	p.published.Store(pub)
}

// status tells of the conference.
func (c *Conference) status() ConferenceStatus {
	pub := c.pictures.published.Load()
	s := ConferenceStatus{
		ID: c.id, Name: c.config.Name, Started: c.started, Layout: c.layout.Load().Name, Locked: c.locked.Load(),
		OwnThumbnail: string(pub.own), Speaker: *c.sound.speaker.Load(),
		Participants: []ParticipantStatus{}, Views: []ViewStatus{}, Bands: []BandStatus{},
		Counters: map[string]uint64{
			"ticks": c.pictures.ticks.Load(), "late_ticks": c.pictures.late.Load(),
			"mixes": c.sound.mixes.Load(), "late_mixes": c.sound.late.Load(),
		},
	}
	for _, l := range c.Legs() {
		s.Participants = append(s.Participants, l.status(pub))
	}
	for _, b := range pub.bands {
		bs := b.status()
		s.Bands = append(s.Bands, bs)
		s.Counters["band_frames"] += bs.Frames
		s.Counters["band_skipped_frames"] += bs.Skipped
	}
	for i, v := range pub.views {
		vs := ViewStatus{ID: v.id, Cells: pub.cells[i], Renditions: []RenditionStatus{}}
		for k, r := range pub.renders[i] {
			rs := r.status()
			for _, b := range pub.parts[i][k] {
				n := slices.Index(pub.bands, b)
				s.Bands[n].Renditions++
				rs.Bands = append(rs.Bands, n)
			}
			vs.Receivers += rs.Receivers
			vs.Renditions = append(vs.Renditions, rs)
			s.Counters["frames"] += rs.Frames
			s.Counters["skipped_frames"] += rs.Skipped
		}
		s.Views = append(s.Views, vs)
	}
	return s
}

func (b *band) status() BandStatus {
	return BandStatus{
		Name: b.key.name, Index: b.key.index, Width: b.rung.Width, Height: b.rect.H, FPS: b.rung.FPS,
		Bitrate: int(b.bitrate.Load()), Profile: b.key.profile.String(),
		Frames: b.frames.Load(), Intra: b.intras.Load(), Skipped: b.skipped.Load(),
	}
}

func (r *rendition) status() RenditionStatus {
	return RenditionStatus{
		Width: r.rung.Width, Height: r.rung.Height, FPS: r.rung.FPS, Bitrate: r.rung.Bitrate,
		Profile: r.key.profile.String(), Level: r.rung.Level, Receivers: len(*r.deliveries.Load()),
		Frames: r.frames.Load(), KeyFrames: r.keyFrames.Load(), Skipped: r.skipped.Load(),
	}
}

func (l *Leg) status(pub *published) ParticipantStatus {
	cfg := l.config.Load()
	s := ParticipantStatus{
		ID: l.id, DisplayName: cfg.DisplayName, RemoteAlias: cfg.RemoteAlias, Protocol: cfg.Protocol,
		Vendor: cfg.Vendor, CallID: cfg.CallID, RemoteAddress: cfg.RemoteAddress,
		Joined: l.joined, Stage: slices.Index(pub.order, l.id), View: pub.viewOf[l.id], OnHold: cfg.OnHold, Muted: l.muted.Load(),
	}
	if s.Stage >= len(l.conference.layout.Load().Cells) {
		s.Stage = -1
	}
	if a := l.audio.Load(); a != nil {
		s.Speaking = a.talking.Load()
		s.Audio = a.status()
		c := a.config.Load()
		if c.Send {
			s.Audio.TxCodec = c.Codec
		}
		if c.Receive {
			a.mu.Lock()
			s.Audio.RxCodec = a.codec
			a.mu.Unlock()
		}
	}
	if v := l.video.Load(); v != nil {
		s.Video = v.status()
		c := v.config.Load()
		if c.Receive {
			s.Video.RxCodec = c.Codec
			if size := v.source.size.Load(); size != 0 {
				s.Video.RxResolution = fmt.Sprintf("%dx%d", size>>32, size&0xffffffff)
			}
			s.Video.RxFPS = pub.rxFPS[l.id]
		}
		if r := v.rendition.Load(); r != nil {
			s.Video.TxCodec = c.Codec
			s.Video.TxResolution = fmt.Sprintf("%dx%d", r.rung.Width, r.rung.Height)
			s.Video.TxFPS = pub.txFPS[l.id]
		}
	}
	return s
}

// status tells of the stream, without its codecs.
func (a *audioLeg) status() StreamStatus {
	s := streamStatus(a.stream.Stats()).since(a.earlier)
	s.RxPassed = a.passed()
	return s
}

func (v *videoLeg) status() StreamStatus { return streamStatus(v.stream.Stats()).since(v.earlier) }

// since leaves out what had been counted before.
func (s StreamStatus) since(before StreamStatus) StreamStatus {
	s.RxPackets -= before.RxPackets
	s.TxPackets -= before.TxPackets
	s.RxLost -= min(before.RxLost, s.RxLost) // late packets make it fewer
	s.RxDiscarded -= before.RxDiscarded
	return s
}

func streamStatus(st rtp.Stats) StreamStatus {
	return StreamStatus{
		RxBitrate: int(st.ReceivedBitrate), TxBitrate: int(st.SentBitrate),
		RxPackets: st.ReceivedPackets, TxPackets: st.SentPackets,
		RxLost: st.Lost, RxLoss: st.Loss * 100, TxLoss: st.RemoteLoss * 100,
		RxJitter: float64(st.Jitter) / float64(time.Millisecond), RxDiscarded: st.Discarded.Total(),
	}
}
