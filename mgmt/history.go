package mgmt

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/config"
	"parley/mgmt/api"
	"parley/mgmt/resource"
	"parley/mgmt/store"
)

// pasts are the resources of the history.
func (m *Management) pasts() []api.Past {
	return []api.Past{
		past[store.HistoryConference](m.store, "conference", "Conferences that are over.", store.ConferenceTable, "", ""),
		past[store.HistoryParticipant](m.store, "participant", "Those who have left.", store.ParticipantTable, "", ""),
		past[store.HistoryMediaStream](m.store, "media_stream", "The media of those who have left.", store.StreamTable, "participant", "participant"),
		m.pastAlarms(),
		past[store.Audit](m.store, "audit", "Who changed what in the configuration.", store.AuditTable, "", ""),
	}
}

func past[T any](s *store.Store, name, doc, table, below, of string) api.Past {
	var sample T
	return api.Past{
		Kind: resource.NewKind(name, doc, sample, nil), Below: below, Of: of,
		Page: func(ctx context.Context, c []resource.Condition, o []resource.Order, limit, offset int) ([]any, int, error) {
			var rows []T
			total, err := s.Rows(ctx, store.Query{Table: table, Conditions: c, Order: o, Limit: limit, Offset: offset}, &rows)
			list := make([]any, len(rows))
			for i := range rows {
				list[i] = &rows[i]
			}
			return list, total, err
		},
	}
}

// serveRecords takes what nodes hand over.
func (m *Management) serveRecords(msg *nats.Msg) {
	a, err := m.takeRecords(msg)
	if err != nil {
		m.log.Error("history not taken", "subject", msg.Subject, "err", err)
		a.Error = "the history cannot be stored now"
	}
	if text, err := json.Marshal(a); err == nil {
		_ = msg.Respond(text) // the node asks again
	}
}

// takeRecords keeps the records that it does not have yet, each once, in order.
func (m *Management) takeRecords(msg *nats.Msg) (a bus.Acknowledged, err error) {
	var id int64
	if _, err := fmt.Sscanf(msg.Subject, "parley.ask.%d.", &id); err != nil {
		return a, err
	}
	var in bus.Records
	if err := json.Unmarshal(msg.Data, &in); err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandWithin)
	defer cancel()
	known, err := m.store.Position(ctx, id, in.Journal)
	if err != nil {
		return a, err
	}
	node, location := m.place(id)
	h := intake{store.History{Node: id, Journal: in.Journal, Number: known}}
	for _, r := range in.List {
		if r.Number <= known {
			continue
		}
		h.Number = max(h.Number, r.Number)
		if err := h.take(node, location, r); err != nil {
			m.log.Warn("a record of the history is not understood, and left out", "node", node, "number", r.Number, "err", err)
		}
	}
	a.Number = h.Number
	if h.Number == known {
		return a, nil
	}
	return a, m.store.AddHistory(ctx, h.History)
}

// intake is what is about to be kept.
type intake struct{ store.History }

// take adds a record.
func (h *intake) take(node, location string, r bus.Record) error {
	switch r.Kind {
	case bus.RecordConference:
		var c bus.EndedConference
		if err := json.Unmarshal(r.Body, &c); err != nil {
			return err
		}
		h.Conferences = append(h.Conferences, store.HistoryConference{
			ID: c.ID, Name: c.Name, ServiceType: serviceConference, Tag: c.Tag, StartTime: c.Started, EndTime: c.Ended,
			Duration: int(c.Ended.Sub(c.Started).Seconds()), ParticipantCount: c.Participants, Node: node,
		})
	case bus.RecordParticipant:
		var p bus.EndedParticipant
		if err := json.Unmarshal(r.Body, &p); err != nil {
			return err
		}
		h.participant(node, location, &p)
	default:
		return fmt.Errorf("kind %q", r.Kind)
	}
	return nil
}

func (h *intake) participant(node, location string, p *bus.EndedParticipant) {
	row := store.HistoryParticipant{
		ID: p.ID, Conference: p.ConferenceID, ConferenceName: p.ConferenceName, DisplayName: p.DisplayName, RemoteAlias: p.SourceAlias,
		LocalAlias: p.DestinationAlias, CallUUID: cmp.Or(p.CallUUID, p.ID), ConversationID: p.CallID, Protocol: strings.ToUpper(p.Protocol), Vendor: p.Vendor,
		Role: p.Role, ServiceType: serviceConference, ServiceTag: p.Tag, CallDirection: "in", Encryption: "Off",
		CallQuality: cmp.Or(qualities[p.Quality], qualities["unknown"]), Buckets: buckets(p.Windows), Reason: p.Reason, RemoteAddress: p.RemoteAddress, RemotePort: p.RemotePort,
		MediaNode: node, SignallingNode: node, SystemLocation: location, HasMedia: p.HasMedia,
		StartTime: p.Connected, EndTime: p.Ended, Duration: int(p.Ended.Sub(p.Connected).Seconds()),
	}
	for _, s := range p.Streams {
		row.RxBandwidth += s.RxBitrate / 1000
		row.TxBandwidth += s.TxBitrate / 1000
		loss := 0.0
		if all := s.RxPackets + s.RxLost; all > 0 {
			loss = 100 * float64(s.RxLost) / float64(all)
		}
		h.Streams = append(h.Streams, store.HistoryMediaStream{
			Participant: p.ID, Type: s.Type, Node: node, StartTime: s.Started, EndTime: p.Ended, RxCodec: s.RxCodec, RxBitrate: s.RxBitrate / 1000,
			RxResolution: s.RxResolution, RxFPS: s.RxFPS, RxPackets: int64(s.RxPackets), RxPacketsLost: int64(s.RxLost), RxPacketLoss: loss,
			RxJitter: s.RxJitter, TxCodec: s.TxCodec, TxBitrate: s.TxBitrate / 1000, TxResolution: s.TxResolution, TxFPS: s.TxFPS,
			TxPackets: int64(s.TxPackets), TxPacketLoss: s.TxLoss,
		})
	}
	h.Participants = append(h.Participants, row)
}

// qualities are what the history calls them.
var qualities = map[string]string{"unknown": "0_unknown", "good": "1_good", "ok": "2_ok", "bad": "3_bad", "terrible": "4_terrible"}

// buckets counts windows by quality.
func buckets(windows []string) string {
	n := [5]int{}
	for _, w := range windows {
		if name := qualities[w]; name != "" {
			n[name[0]-'0']++
		}
	}
	text, _ := json.Marshal(n) // numbers can be
	return string(text)
}

// load returns how many participants there were, and are, step by step.
func (m *Management) load(ctx context.Context, from time.Time, step time.Duration, steps int) ([]api.LoadPoint, error) {
	over, err := m.store.Busy(ctx, from, step, steps)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var list []api.LoadPoint
	for _, p := range over {
		if p.Time.Add(-step).After(now) {
			break // nothing has happened there yet
		}
		list = append(list, api.LoadPoint(p))
	}
	m.each(func(_, _ string, c *bus.Conference) {
		for _, p := range c.Participants {
			for i := range list {
				if at := list[i].Time; p.Connected.Before(at) {
					list[i].Participants++
					if !p.Connected.Before(at.Add(-step)) {
						list[i].Joined++
					}
				}
			}
		}
	})
	return list, nil
}

// forgetEvery is how often is looked whether something is too old.
const forgetEvery = time.Hour

// forget deletes what is older than the settings say.
func (m *Management) forget(ctx context.Context, now time.Time) {
	object, _ := m.tree.Get("global", 1)
	days := object.(*config.Global).HistoryDays
	n, err := m.store.Forget(ctx, now.AddDate(0, 0, -days))
	switch {
	case err != nil:
		m.log.Error("old history not deleted", "err", err)
	case n > 0:
		m.log.Info("old history deleted", "rows", n, "days", days)
	}
}
