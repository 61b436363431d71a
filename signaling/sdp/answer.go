package sdp

// Answer takes the far end's offer and returns our answer, after which the
// outcome is in force. Of audio it accepts one codec, the first of ours that
// is offered, with its telephone-event; of video every H264 format that we
// take, the best profile first and in it packetization-mode 1 first: that is
// what we send. Payload types are the offer's. Errors: *ParseError,
// ErrAddress, ErrNoCommonCodec or ErrTransport when streams are offered and none
// fits, ErrState while our own offer is open, ErrLocal; they leave everything as
// it was.
func (n *Negotiation) Answer(offer []byte) ([]byte, error) {
	if n.open != nil {
		return nil, ErrState
	}
	w, err := n.writer()
	if err != nil {
		return nil, err
	}
	d, err := parse(offer)
	if err != nil {
		return nil, err
	}
	chosen := n.choose(d)
	var media Media
	lines := make([]line, len(d.sections))
	w.session(&n.local, d.timing)
	active := false
	for i, s := range d.sections {
		ln := &lines[i]
		if i < len(n.lines) && n.lines[i].kind == s.kind {
			*ln = n.lines[i]
		}
		ln.kind, ln.proto, ln.formats, ln.content = s.kind, s.proto, s.formats, s.content
		active = active || s.port != 0
		kind := chosen.kindOf(i)
		if kind < 0 {
			w.refused(ln)
			continue
		}
		l := n.local.of(s.kind)
		st, described := accept(s, d.bandwidth, l)
		*media.stream(kind) = st
		ln.set(described.formats)
		ln.agree(st)
		w.media(ln, l, &described)
	}
	if active && media.Audio == nil && media.Video == nil {
		if d.foreignProfiles() {
			return nil, ErrTransport
		}
		return nil, ErrNoCommonCodec
	}
	media.share(d.bandwidth)
	n.lines, n.roles, n.media = lines, chosen, media
	return n.describe(w), nil
}

// choose finds the line for each kind: the one that had it before, else the
// first that fits.
func (n *Negotiation) choose(d *description) roles {
	chosen := roles{-1, -1}
	for kind := range kinds {
		if i := n.roles[kind]; i >= 0 && i < len(d.sections) && n.fits(d.sections[i], kind) {
			chosen[kind] = i
			continue
		}
		for i, s := range d.sections {
			if n.fits(s, kind) {
				chosen[kind] = i
				break
			}
		}
	}
	return chosen
}

// fits reports whether an offered section can be accepted as a kind.
func (n *Negotiation) fits(s *section, kind int) bool {
	l := n.local.of(kinds[kind])
	if plain, _ := s.plain(); !plain || l == nil || s.kind != kinds[kind] || s.port == 0 || s.slides() {
		return false
	}
	codec, _ := common(s, l)
	return len(codec) > 0
}

// kindOf returns which kind a line carries, -1 = none.
func (r roles) kindOf(line int) int {
	for kind, i := range r {
		if i == line {
			return kind
		}
	}
	return -1
}

// accept accepts an offered section that fits.
func accept(s *section, total bandwidth, l *LocalMedia) (*Stream, stream) {
	formats, events := common(s, l)
	if s.kind == kindAudio {
		formats = formats[:1] // no peer is surprised by a change of codec then
	}
	send := formats[0]
	event := bestEvent(events, send.clock)
	if event != nil {
		formats = append(formats, *event)
	}
	receive := map[uint8]Format{}
	for i := range formats {
		receive[formats[i].number] = formats[i].received()
	}
	st := establish(s, total, l, &send, event, receive)
	st.setRTCP(s, s.mux)
	theirs := s.theirDirection()
	return st, stream{
		formats:   formats,
		direction: direction(l.Direction.Sends() && theirs.Receives(), l.Direction.Receives() && theirs.Sends()),
		mux:       st.Mux,
		feedback:  st.Feedback,
		level:     s.audioLevel(l),
	}
}
