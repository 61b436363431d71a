package mgmt

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
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
	conference := past[store.HistoryConference](m.store, "conference", "Conferences that are over.", store.ConferenceTable, "", "")
	conference.Fill = m.fillConferences
	participant := past[store.HistoryParticipant](m.store, "participant", "Those who have left.", store.ParticipantTable, "", "")
	participant.Refs = map[string]string{"conference": "conference"}
	participant.Through = map[string]string{"conference__name": "conference_name", "conference__tag": "service_tag", "conference__id": "conference"}
	participant.Fill = m.fillParticipants
	stream := past[store.HistoryMediaStream](m.store, "media_stream", "The media of those who have left.", store.StreamTable, "participant", "participant")
	stream.Refs = map[string]string{"participant": "participant"}
	return []api.Past{
		conference, participant, stream,
		m.pastAlarms(),
		past[store.Audit](m.store, "audit", "Who changed what in the configuration.", store.AuditTable, "", ""),
	}
}

// fillConferences adds who was in them.
func (m *Management) fillConferences(ctx context.Context, objects []map[string]any) error {
	of := map[string][]string{}
	members, err := m.store.Members(ctx, idsOf(objects))
	if err != nil {
		return err
	}
	for _, p := range members {
		of[p.Conference] = append(of[p.Conference], api.PastURI("participant", p.ID))
	}
	for _, o := range objects {
		o["participants"] = append([]string{}, of[o["id"].(string)]...)
		o["instant_message_count"], o["direct_media_available"] = 0, false
	}
	return nil
}

// fillParticipants adds their media, and what the model has and is always the same here.
func (m *Management) fillParticipants(ctx context.Context, objects []map[string]any) error {
	streams, err := m.store.StreamsOf(ctx, idsOf(objects))
	if err != nil {
		return err
	}
	of := map[string][]any{}
	for i := range streams {
		of[streams[i].Participant] = append(of[streams[i].Participant], m.api.PastObject("media_stream", &streams[i]))
	}
	for _, o := range objects {
		o["media_streams"] = append([]any{}, of[o["id"].(string)]...)
		o["bandwidth"] = max(o["rx_bandwidth"].(int64), o["tx_bandwidth"].(int64))
		for name, value := range sameForAll {
			o[name] = value
		}
	}
	return nil
}

// sameForAll are fields of past participants in the model.
var sameForAll = map[string]any{
	"call_tag": "", "license_count": 0, "license_type": "nolicense", "parent_id": "", "av_id": "", "presentation_id": "", "proxy_node": "",
	"is_streaming": false, "is_direct": false, "transcoding_enabled": true, "is_idp_authenticated": false, "idp_uuid": "",
}

func idsOf(objects []map[string]any) []string {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = o["id"].(string)
	}
	return ids
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
	journal := cut(in.Journal, journalMost)
	if a.Number, err = m.store.Position(ctx, id, journal); err != nil {
		return a, err
	}
	at := m.place(id)
	all, each := intake{store.History{Node: id, Journal: journal, Number: a.Number}}, []store.History(nil)
	there, left := map[string]bool{}, []error(nil)
	for _, r := range in.List {
		if r.Number <= all.Number {
			continue
		}
		one := intake{store.History{Node: id, Journal: journal, Number: r.Number}}
		if err := one.take(at, r, time.Now()); err != nil {
			left = append(left, fmt.Errorf("number %d: %w", r.Number, err))
		}
		all.add(one.History, there)
		each = append(each, one.History)
	}
	if len(each) == 0 {
		return a, nil
	}
	if err = m.store.AddHistory(ctx, all.History); err == nil {
		a.Number = all.Number
	} else if store.Unfit(err) {
		a.Number, left, err = m.takeEach(ctx, each, left)
	}
	if len(left) > 0 {
		m.log.Warn("records of the history left out", "node", at.name, "records", len(left), "first", cut(left[0].Error(), textMost))
	}
	return a, err
}

// takeEach keeps records one by one, since one of them cannot be kept; it returns
// how far it came, and what it left out.
func (m *Management) takeEach(ctx context.Context, each []store.History, left []error) (number int64, _ []error, err error) {
	for _, one := range each {
		err := m.store.AddHistory(ctx, one)
		if store.Unfit(err) {
			left = append(left, fmt.Errorf("number %d: %w", one.Number, err))
			// This fails too if it is not for the record.
			err = m.store.AddHistory(ctx, store.History{Node: one.Node, Journal: one.Journal, Number: one.Number})
		}
		if err != nil {
			return number, left, err
		}
		number = one.Number
	}
	return number, left, nil
}

// intake is what is about to be kept.
type intake struct{ store.History }

// add adds a record, unless it is of a participant who is there already.
func (h *intake) add(one store.History, there map[string]bool) {
	h.Number = one.Number
	for _, p := range one.Participants {
		if there[p.ID] {
			return
		}
		there[p.ID] = true
	}
	h.Conferences = append(h.Conferences, one.Conferences...)
	h.Participants = append(h.Participants, one.Participants...)
	h.Streams = append(h.Streams, one.Streams...)
}

// take adds a record.
func (h *intake) take(at place, r bus.Record, now time.Time) error {
	switch r.Kind {
	case bus.RecordConference:
		var c bus.EndedConference
		if err := json.Unmarshal(r.Body, &c); err != nil {
			return err
		}
		bound(reflect.ValueOf(&c).Elem(), now)
		c.Ended = later(c.Ended, c.Started)
		h.Conferences = append(h.Conferences, store.HistoryConference{
			ID: c.ID, Name: c.Name, ServiceType: serviceConference, Tag: c.Tag, StartTime: c.Started, EndTime: c.Ended,
			Duration: int(c.Ended.Sub(c.Started).Seconds()), ParticipantCount: c.Participants, Node: at.name,
		})
	case bus.RecordParticipant:
		var p bus.EndedParticipant
		if err := json.Unmarshal(r.Body, &p); err != nil {
			return err
		}
		p.Streams = p.Streams[:min(len(p.Streams), streamsMost)]
		bound(reflect.ValueOf(&p).Elem(), now)
		p.Ended = later(p.Ended, p.Connected)
		h.participant(at, &p)
	default:
		return fmt.Errorf("kind %q", cut(r.Kind, textMost))
	}
	return nil
}

func (h *intake) participant(at place, p *bus.EndedParticipant) {
	row := store.HistoryParticipant{
		ID: p.ID, Conference: p.ConferenceID, ConferenceName: p.ConferenceName, DisplayName: p.DisplayName, RemoteAlias: p.SourceAlias,
		LocalAlias: p.DestinationAlias, CallUUID: cmp.Or(p.CallUUID, p.ID), ConversationID: p.CallID, Protocol: strings.ToUpper(p.Protocol), Vendor: p.Vendor,
		Role: p.Role, ServiceType: serviceConference, ServiceTag: p.Tag, CallDirection: "in", Encryption: "Off",
		CallQuality: bus.QualityName(p.Quality), Buckets: buckets(p.Windows), Windows: ranks(p.Windows), Reason: p.Reason, RemoteAddress: p.RemoteAddress, RemotePort: p.RemotePort,
		MediaNode: at.node, SignallingNode: at.node, SystemLocation: at.location, HasMedia: p.HasMedia,
		StartTime: p.Connected, EndTime: p.Ended, Duration: int(p.Ended.Sub(p.Connected).Seconds()),
	}
	for n, s := range p.Streams {
		row.RxBandwidth += s.RxBitrate / 1000
		row.TxBandwidth += s.TxBitrate / 1000
		loss := 0.0
		if all := s.RxPackets + s.RxLost; all > 0 {
			loss = 100 * float64(s.RxLost) / float64(all)
		}
		h.Streams = append(h.Streams, store.HistoryMediaStream{
			Participant: p.ID, StreamType: s.Type, StreamID: strconv.Itoa(n), Node: at.node, StartTime: earlier(s.Started, p.Ended), EndTime: p.Ended, RxCodec: s.RxCodec, RxBitrate: s.RxBitrate / 1000,
			RxResolution: s.RxResolution, RxFPS: s.RxFPS, RxPackets: int64(s.RxPackets), RxPacketsLost: int64(s.RxLost), RxPacketLoss: loss,
			RxJitter: s.RxJitter, TxCodec: s.TxCodec, TxBitrate: s.TxBitrate / 1000, TxResolution: s.TxResolution, TxFPS: s.TxFPS,
			TxPackets: int64(s.TxPackets), TxPacketsLost: int64(s.TxLost), TxPacketLoss: s.TxLoss,
		})
	}
	h.Participants = append(h.Participants, row)
}

// buckets counts windows by quality, as JSON.
func buckets(windows []string) string {
	n := [5]int{}
	for _, w := range windows {
		n[bus.QualityName(w)[0]-'0']++
	}
	text, _ := json.Marshal(n) // numbers can be
	return string(text)
}

// ranks are the qualities of windows, 0 to 4, as JSON.
func ranks(windows []string) string {
	list := make([]int, len(windows))
	for i, w := range windows {
		list[i] = int(bus.QualityName(w)[0] - '0')
	}
	text, _ := json.Marshal(list) // numbers can be
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
	m.each(func(_ place, c *bus.Conference) {
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
