package node

import (
	"strings"
	"time"

	"parley/bus"
	"parley/config"
	"parley/node/sinks"
)

// The structs of this file are the data of events, with the names and units of
// the model: times are seconds since 1970, rates kbit/s.

type conferenceEvent struct {
	Name        string   `json:"name"`
	ServiceType string   `json:"service_type"`
	Tag         string   `json:"tag"`
	StartTime   float64  `json:"start_time"`
	EndTime     *float64 `json:"end_time,omitempty"` // conference_ended only
	IsLocked    bool     `json:"is_locked"`
	IsStarted   bool     `json:"is_started"`
	GuestsMuted bool     `json:"guests_muted"`
}

type participantEvent struct {
	UUID             string   `json:"uuid"`
	CallID           string   `json:"call_id"`
	CallDirection    string   `json:"call_direction"`
	CallTag          string   `json:"call_tag"`
	Conference       string   `json:"conference"`
	ConversationID   string   `json:"conversation_id"`
	ConnectTime      float64  `json:"connect_time"`
	SourceAlias      string   `json:"source_alias"`
	DestinationAlias string   `json:"destination_alias"`
	DisplayName      string   `json:"display_name"`
	Encryption       string   `json:"encryption"`
	HasMedia         bool     `json:"has_media"`
	IsClientMuted    bool     `json:"is_client_muted"`
	IsMuted          bool     `json:"is_muted"`
	IsAuthenticated  bool     `json:"is_idp_authenticated"`
	IsPresenting     bool     `json:"is_presenting"`
	IsStreaming      bool     `json:"is_streaming"`
	MediaNode        string   `json:"media_node"`
	SignallingNode   string   `json:"signalling_node"`
	ProxyNode        string   `json:"proxy_node"`
	Protocol         string   `json:"protocol"`
	RelatedUUIDs     []string `json:"related_uuids"`
	RemoteAddress    string   `json:"remote_address"`
	Role             string   `json:"role"`
	RxBandwidth      int      `json:"rx_bandwidth"`
	TxBandwidth      int      `json:"tx_bandwidth"`
	ServiceTag       string   `json:"service_tag"`
	ServiceType      string   `json:"service_type"`
	SystemLocation   string   `json:"system_location"`
	Vendor           string   `json:"vendor"`
	DisconnectReason *string  `json:"disconnect_reason,omitempty"` // participant_disconnected only, as those below
	Duration         *float64 `json:"duration,omitempty"`
	EndTime          *float64 `json:"end_time,omitempty"`
}

type streamEvent struct {
	StreamType    string  `json:"stream_type"`
	StreamID      string  `json:"stream_id"`
	StartTime     float64 `json:"start_time"`
	EndTime       float64 `json:"end_time"`
	Node          string  `json:"node"`
	RxCodec       string  `json:"rx_codec"`
	RxBitrate     int     `json:"rx_bitrate"`
	RxResolution  string  `json:"rx_resolution"`
	RxFPS         float64 `json:"rx_fps"`
	RxPacketsLost uint64  `json:"rx_packets_lost"`
	RxPackets     uint64  `json:"rx_packets_received"`
	RxPacketLoss  float64 `json:"rx_packet_loss"`
	TxCodec       string  `json:"tx_codec"`
	TxBitrate     int     `json:"tx_bitrate"`
	TxResolution  string  `json:"tx_resolution"`
	TxFPS         float64 `json:"tx_fps"`
	TxPackets     uint64  `json:"tx_packets_sent"`
	TxPacketsLost uint64  `json:"tx_packets_lost"`
	TxPacketLoss  float64 `json:"tx_packet_loss"`
}

// windowEvent is the quality of a call that has become another one.
type windowEvent struct {
	UUID        string    `json:"uuid"`
	Conference  string    `json:"conference"`
	CallQuality string    `json:"call_quality_now"`
	Was         string    `json:"call_quality_was"`
	LossHistory []float64 `json:"packet_loss_history"` // of the last windows of 20 s, percent
	Recent      []string  `json:"recent_quality"`      // of the same
}

// streamsEvent is the media of one who has left.
type streamsEvent struct {
	UUID         string        `json:"uuid"`
	Conference   string        `json:"conference"`
	MediaStreams []streamEvent `json:"media_streams"`
}

// The events.
const (
	eventConferenceStarted = "conference_started"
	eventConferenceUpdated = "conference_updated"
	eventConferenceEnded   = "conference_ended"
	eventConnected         = "participant_connected"
	eventUpdated           = "participant_updated"
	eventDisconnected      = "participant_disconnected"
	eventStreamWindow      = "participant_media_stream_window"
	eventStreamsDestroyed  = "participant_media_streams_destroyed"
)

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// whereabouts is what the node is called in its deployment.
type whereabouts struct{ node, location string }

func conferenceEventOf(c *bus.EndedConference, locked, guestsMuted bool) conferenceEvent {
	e := conferenceEvent{
		Name: c.Name, ServiceType: "conference", Tag: c.Tag, StartTime: seconds(c.Started), IsStarted: true, IsLocked: locked, GuestsMuted: guestsMuted,
	}
	if !c.Ended.IsZero() {
		end := seconds(c.Ended)
		e.EndTime = &end
	}
	return e
}

func participantEventOf(p *bus.Participant, conference, tag string, at whereabouts) participantEvent {
	e := participantEvent{
		UUID: p.ID, CallID: p.CallID, CallDirection: "in", Conference: conference, ConversationID: p.CallID, ConnectTime: seconds(p.Connected),
		SourceAlias: p.SourceAlias, DestinationAlias: p.DestinationAlias, DisplayName: p.DisplayName, Encryption: "Off", HasMedia: p.HasMedia,
		IsMuted: p.Muted, MediaNode: at.node, SignallingNode: at.node, Protocol: strings.ToUpper(p.Protocol), RelatedUUIDs: []string{},
		RemoteAddress: p.RemoteAddress, Role: p.Role, ServiceTag: tag, ServiceType: "conference", SystemLocation: at.location, Vendor: p.Vendor,
	}
	for _, s := range p.Streams {
		e.RxBandwidth += s.RxBitrate / 1000
		e.TxBandwidth += s.TxBitrate / 1000
	}
	return e
}

func streamEventsOf(p *bus.Participant, node string, end time.Time) []streamEvent {
	list := make([]streamEvent, 0, len(p.Streams))
	for i, s := range p.Streams {
		list = append(list, streamEvent{
			StreamType: s.Type, StreamID: string(rune('0' + i)), StartTime: seconds(s.Started), EndTime: seconds(end), Node: node,
			RxCodec: s.RxCodec, RxBitrate: s.RxBitrate / 1000, RxResolution: s.RxResolution, RxFPS: s.RxFPS, RxPacketsLost: s.RxLost, RxPackets: s.RxPackets,
			RxPacketLoss: s.RxLoss, TxCodec: s.TxCodec, TxBitrate: s.TxBitrate / 1000, TxResolution: s.TxResolution, TxFPS: s.TxFPS,
			TxPackets: s.TxPackets, TxPacketsLost: s.TxLost, TxPacketLoss: s.TxLoss,
		})
	}
	return list
}

// sinksOf returns the event sinks of a node, how they are used, and what the node
// is called; none where the node is not in the deployment.
func sinksOf(d *config.Deployment, node int64) (list []sinks.Sink, s sinks.Settings, at whereabouts) {
	for _, w := range d.Nodes {
		if w.ID != node {
			continue
		}
		at.node = w.At()
		for _, place := range d.Locations {
			if place.ID != w.SystemLocation {
				continue
			}
			at.location = place.Name
			for _, id := range place.EventSinks {
				for _, e := range d.EventSinks {
					if e.ID == id {
						list = append(list, sinks.Sink{
							ID: e.ID, Name: e.Name, URL: e.URL, Username: e.Username, Password: e.Password, Bulk: e.BulkSupport, VerifyTLS: e.VerifyTLS,
						})
					}
				}
			}
		}
	}
	g := d.Global
	return list, sinks.Settings{
		Timeout: time.Duration(g.ESConnectionTimeout) * time.Second, First: time.Duration(g.ESInitialRetryBackoff) * time.Second,
		Most: time.Duration(g.ESMaximumRetryBackoff) * time.Second, NodeName: at.node,
	}, at
}
