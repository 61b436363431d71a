package node

import (
	"net/netip"
	"runtime"
	"time"

	"github.com/klauspost/cpuid/v2"

	"parley/bus"
	"parley/disk"
	"parley/engine"
	"parley/engine/load"
)

// Report tells the state of the node to the Management Node.
func (n *Node) Report() bus.NodeStatus {
	s := n.engine.Status()
	r := bus.NodeStatus{
		At: time.Now().UTC(), Boot: n.boot, Version: n.version, Configuration: n.configured.Load(),
		CPU: cpuid.CPU.BrandName, Cores: runtime.GOMAXPROCS(0), Features: instructions(), Memory: load.Memory(),
		Load: s.Capacity.Usage, Limit: float64(n.host.config.Capacity.Limit) / 100, Ports: s.Capacity.Ports, Quality: s.Capacity.Step,
		Maintenance: n.host.maintenance.Load(), FailingSinks: n.host.chronicle.sinks.Failing(time.Now()), Conferences: make([]bus.Conference, 0, len(s.Conferences)),
	}
	if free, total, err := disk.Space(n.dataDir); err == nil {
		r.DiskFree, r.DiskTotal = free, total
	}
	if until := n.sip.CertificateExpires(); !until.IsZero() {
		r.Certificates = append(r.Certificates, bus.Expiry{Name: "SIP", Until: until})
	}
	for i := range s.Conferences {
		r.Conferences = append(r.Conferences, n.host.report(&s.Conferences[i]))
	}
	return r
}

// report tells of a conference.
func (h *host) report(c *engine.ConferenceStatus) bus.Conference {
	out := bus.Conference{
		ID: c.ID, Name: c.Name, Started: c.Started.UTC(), Locked: c.Locked, GuestsMuted: h.guestsMuted(c.ID), Layout: c.Layout,
		Participants: make([]bus.Participant, 0, len(c.Participants)),
	}
	if room, ok := h.directory.Load().Named(c.Name); ok {
		out.Tag = room.Tag
	}
	for i := range c.Participants {
		p := &c.Participants[i]
		out.Participants = append(out.Participants, h.reportParticipant(h.staysAs(p.ID), p))
	}
	return out
}

// reportParticipant tells of a participant; l may be nil.
func (h *host) reportParticipant(l *leg, p *engine.ParticipantStatus) bus.Participant {
	out := bus.Participant{
		ID: p.ID, CallID: p.CallID, DisplayName: p.DisplayName, SourceAlias: p.RemoteAlias, Protocol: p.Protocol, Vendor: p.Vendor,
		Role: roleHost, Connected: p.Joined.UTC(), Muted: p.Muted, OnHold: p.OnHold, Quality: qualityUnknown,
	}
	if at, err := netip.ParseAddrPort(p.RemoteAddress); err == nil {
		out.RemoteAddress, out.RemotePort = at.Addr().Unmap().String(), int(at.Port())
	}
	out.CallUUID = p.ID
	if l != nil {
		out.CallUUID = l.participant.ID
		out.Role, out.DestinationAlias = *l.role.Load(), l.stay.Load().alias
		l.mu.Lock()
		out.Quality = l.quality.recently()
		l.mu.Unlock()
	}
	for _, one := range []struct {
		kind string
		s    *engine.StreamStatus
	}{{"audio", &p.Audio}, {"video", &p.Video}} {
		if one.s.RxCodec == "" && one.s.TxCodec == "" {
			continue
		}
		out.HasMedia = true
		out.Streams = append(out.Streams, bus.Stream{
			Type: one.kind, Started: p.Joined.UTC(), RxCodec: one.s.RxCodec, TxCodec: one.s.TxCodec, RxBitrate: one.s.RxBitrate, TxBitrate: one.s.TxBitrate,
			RxResolution: one.s.RxResolution, TxResolution: one.s.TxResolution, RxFPS: one.s.RxFPS, TxFPS: one.s.TxFPS,
			RxPackets: one.s.RxPackets, TxPackets: one.s.TxPackets, RxLost: one.s.RxLost, RxLoss: one.s.RxLoss, TxLoss: one.s.TxLoss, RxJitter: one.s.RxJitter,
		})
	}
	return out
}

// instructions names the highest instruction set of the processor.
func instructions() string {
	for _, one := range []struct {
		id   cpuid.FeatureID
		name string
	}{{cpuid.AVX512BW, "AVX512"}, {cpuid.AVX2, "AVX2"}, {cpuid.AVX, "AVX"}, {cpuid.SSE42, "SSE4.2"}, {cpuid.SSE4, "SSE4.1"}} {
		if cpuid.CPU.Supports(one.id) {
			return one.name
		}
	}
	return ""
}
