package sdp

import "slices"

// Offer returns our offer, new or renewed: every kind that Local has, on the
// line that carries it or carried it once, else on a new one. It is open until
// Accept or Rollback. Errors: ErrState while one is open, ErrLocal.
func (n *Negotiation) Offer() ([]byte, error) {
	if n.open != nil {
		return nil, ErrState
	}
	w, err := n.writer()
	if err != nil {
		return nil, err
	}
	o := &openOffer{local: n.local.clone(), lines: slices.Clone(n.lines), roles: roles{-1, -1}}
	offered := false
	for kind := range kinds {
		if l := n.local.of(kinds[kind]); l != nil && len(offerFormats(l, nil)) > 0 {
			o.roles[kind] = n.place(o, kind)
			ln := &o.lines[o.roles[kind]]
			ln.content = ""
			o.formats[kind] = offerFormats(l, ln.bound)
			ln.set(o.formats[kind])
			offered = true
		}
	}
	if !offered && len(o.lines) == 0 {
		return nil, ErrLocal
	}
	w.session(&n.local, "0 0")
	for i := range o.lines {
		ln := &o.lines[i]
		kind := o.roles.kindOf(i)
		if kind < 0 {
			w.refused(ln)
			continue
		}
		l := n.local.of(ln.kind)
		w.media(ln, l, &stream{
			formats: o.formats[kind], direction: l.Direction,
			mux: l.RTCPMux, feedback: l.feedback(ln.kind), level: ln.offeredLevel(l),
		})
	}
	n.open = o
	return n.describe(w), nil
}

// place returns the line for a kind in our offer: the one that carries it, a
// refused one of its kind (RFC 3264 section 8.1), a new one, or the last.
func (n *Negotiation) place(o *openOffer, kind int) int {
	if i := n.roles[kind]; i >= 0 {
		return i
	}
	for i := range o.lines {
		ln := &o.lines[i]
		if ln.kind == kinds[kind] && ln.content == "" && plainProto(ln.proto) {
			return i
		}
	}
	fresh := line{kind: kinds[kind], proto: "RTP/AVP"}
	if len(o.lines) < maxSections {
		o.lines = append(o.lines, fresh)
		return len(o.lines) - 1
	}
	for i := range o.lines {
		if n.roles.kindOf(i) < 0 && o.roles.kindOf(i) < 0 {
			o.lines[i] = fresh
			return i
		}
	}
	return -1 // not reached: there are more lines than kinds
}

// Accept takes the far end's answer to our open offer, after which the outcome
// is in force. We send what the answer lists first. The offer is closed
// whatever the outcome; after an error everything is as before the offer.
// Errors: *ParseError, ErrAddress, ErrMismatch, ErrNoCommonCodec when all that we
// offered was refused, ErrState without an open offer.
func (n *Negotiation) Accept(answer []byte) error {
	o := n.open
	if o == nil {
		return ErrState
	}
	n.open = nil
	d, err := parse(answer)
	if err != nil {
		return err
	}
	// Some answer only the lines that they take; the rest counts as refused.
	if len(d.sections) > len(o.lines) {
		return ErrMismatch
	}
	var media Media
	taken := roles{-1, -1}
	offered := false
	for kind, i := range o.roles {
		if i < 0 {
			continue
		}
		offered = true
		if i >= len(d.sections) || d.sections[i].port == 0 {
			continue
		}
		s := d.sections[i]
		if plain, _ := s.plain(); s.kind != kinds[kind] || !plain {
			return ErrMismatch
		}
		if st := conclude(s, d.bandwidth, o.local.of(s.kind), o.formats[kind]); st != nil {
			ln := &o.lines[i]
			if s.level.id != ln.offeredLevel(o.local.of(s.kind)).id {
				st.setLevel(extension{}) // not what we offered: an answer keeps the numbers
			}
			ln.agree(st)
			*media.stream(kind) = st
			taken[kind] = i
		}
	}
	if offered && media.Audio == nil && media.Video == nil {
		return ErrNoCommonCodec
	}
	media.share(d.bandwidth)
	n.lines, n.roles, n.media = o.lines, taken, media
	return nil
}

// conclude returns the stream that an answered section makes of our offered
// formats, nil when they have nothing in common.
func conclude(s *section, total bandwidth, l *LocalMedia, offered []format) *Stream {
	var send *format
	var events []format
	receive := map[uint8]Format{}
	var foreign []format // the answer's own payload types, where they differ from ours
	for _, p := range s.payloads {
		f, ok := understand(p, l)
		if !ok {
			continue
		}
		own := counterpart(&f, offered)
		if own == nil {
			continue
		}
		if f.event() {
			events = append(events, f)
		} else if send == nil {
			send = &f
		}
		r := own.received()
		r.ParameterSets = f.h264.parameterSets
		receive[own.number] = r
		if f.number != own.number {
			foreign = append(foreign, f)
		}
	}
	if send == nil {
		return nil
	}
	// An answer may say other numbers than the offer (RFC 3264 section 6.1). The
	// far end shall send ours, yet some send their own.
	for i := range foreign {
		f := &foreign[i]
		if _, used := receive[f.number]; !used {
			receive[f.number] = f.received()
		}
	}
	st := establish(s, total, l, send, bestEvent(events, send.clock), receive)
	st.setRTCP(s, s.mux && l.RTCPMux)
	return st
}

// counterpart returns the offered format that an answered one belongs to, nil
// when there is none. What it means decides, not its number: a changed number is
// allowed, and a changed profile on a number of ours is taken for what it says.
func counterpart(f *format, offered []format) *format {
	for i := range offered {
		if offered[i].key() == f.key() {
			return &offered[i]
		}
	}
	return nil
}
