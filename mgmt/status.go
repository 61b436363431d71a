package mgmt

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"parley/bus"
	"parley/config"
	"parley/mgmt/api"
	"parley/mgmt/resource"
)

// The structs of this file are the resources of the status API, with the names
// and units of the model.

type conferenceStatus struct {
	ID                   string    `json:"id" doc:"UUID of this run of the conference."`
	Name                 string    `json:"name" doc:"Name of the conference."`
	ServiceType          string    `json:"service_type" doc:"conference."`
	StartTime            time.Time `json:"start_time" doc:"When it began."`
	IsStarted            bool      `json:"is_started" doc:"Whether a host has come."`
	IsLocked             bool      `json:"is_locked" doc:"Whether nobody more may join."`
	GuestsMuted          bool      `json:"guests_muted" doc:"Whether guests are muted."`
	Tag                  string    `json:"tag" doc:"Tag of the service."`
	DirectMediaAvailable bool      `json:"direct_media_available" doc:"Always false."`
	Layout               string    `json:"layout" doc:"Layout of the picture. (Parley only)"`
	Participants         int       `json:"participant_count" doc:"How many are in. (Parley only)"`
	Node                 string    `json:"node" doc:"Name of the node. (Parley only)"`
}

type shardStatus struct {
	ID                 string    `json:"id" doc:"UUID of this run of the conference."`
	Conference         string    `json:"conference" doc:"Name of the conference."`
	ServiceType        string    `json:"service_type" doc:"conference."`
	Node               string    `json:"node" doc:"Name of the node."`
	SystemLocation     string    `json:"system_location" doc:"Name of its location."`
	StartTime          time.Time `json:"start_time" doc:"When it began."`
	IsLocked           bool      `json:"is_locked" doc:"Whether nobody more may join."`
	IsStarted          bool      `json:"is_started" doc:"Whether a host has come."`
	GuestsMuted        bool      `json:"guests_muted" doc:"Whether guests are muted."`
	Tag                string    `json:"tag" doc:"Tag of the service."`
	TranscodingEnabled bool      `json:"transcoding_enabled" doc:"Always true."`
	IsDirect           bool      `json:"is_direct" doc:"Always false."`
}

type participantStatus struct {
	ID               string    `json:"id" doc:"UUID of the participant: another one after a transfer."`
	CallUUID         string    `json:"call_uuid" doc:"UUID of the call: it stays when he is transferred."`
	ConversationID   string    `json:"conversation_id" doc:"Call-ID of the call."`
	CallTag          string    `json:"call_tag" doc:"Empty."`
	Conference       string    `json:"conference" doc:"Name of the conference."`
	DisplayName      string    `json:"display_name" doc:"What the others read."`
	SourceAlias      string    `json:"source_alias" doc:"Address of the caller."`
	DestinationAlias string    `json:"destination_alias" doc:"What he dialled."`
	Protocol         string    `json:"protocol" doc:"SIP."`
	Vendor           string    `json:"vendor" doc:"What his endpoint calls itself."`
	Role             string    `json:"role" doc:"chair (host) or guest."`
	ServiceType      string    `json:"service_type" doc:"conference."`
	ServiceTag       string    `json:"service_tag" doc:"Tag of the service."`
	CallDirection    string    `json:"call_direction" doc:"in."`
	Encryption       string    `json:"encryption" doc:"Off."`
	Bandwidth        int       `json:"bandwidth" doc:"kbit/s both ways."`
	RxBandwidth      int       `json:"rx_bandwidth" doc:"kbit/s that he sends."`
	TxBandwidth      int       `json:"tx_bandwidth" doc:"kbit/s that he is sent."`
	CallQuality      string    `json:"call_quality" doc:"0_unknown, 1_good, 2_ok, 3_bad or 4_terrible."`
	MediaNode        string    `json:"media_node" doc:"Node with his media."`
	SignallingNode   string    `json:"signalling_node" doc:"Node with his signalling."`
	ProxyNode        string    `json:"proxy_node" doc:"Empty."`
	SystemLocation   string    `json:"system_location" doc:"Name of the location of the node."`
	RemoteAddress    string    `json:"remote_address" doc:"Where his signalling comes from."`
	RemotePort       int       `json:"remote_port" doc:"And its port."`
	LicenseCount     int       `json:"license_count" doc:"Always 0."`
	LicenseType      string    `json:"license_type" doc:"Always nolicense."`
	IsMuted          bool      `json:"is_muted" doc:"Whether an administrator muted him."`
	IsPresenting     bool      `json:"is_presenting" doc:"Always false."`
	IsStreaming      bool      `json:"is_streaming" doc:"Always false."`
	IsOnHold         bool      `json:"is_on_hold" doc:"Whether he holds."`
	HasMedia         bool      `json:"has_media" doc:"Whether he has sound or picture."`
	ConnectTime      time.Time `json:"connect_time" doc:"When he came."`
	Transcoding      bool      `json:"transcoding_enabled" doc:"Always true."`
	ParticipantAlias string    `json:"participant_alias" doc:"Address of the caller."`
	ParentID         string    `json:"parent_id" doc:"Empty."`
	CanDisconnect    bool      `json:"is_disconnect_supported" doc:"Always true."`
	CanMute          bool      `json:"is_mute_supported" doc:"Always true."`
	CanTransfer      bool      `json:"is_transfer_supported" doc:"Always true."`
	CanPresent       bool      `json:"is_presentation_supported" doc:"Always false."`
	IsClientMuted    bool      `json:"is_client_muted" doc:"Always false."`
	IsRecording      bool      `json:"is_recording" doc:"Always false."`
	IsTranscribing   bool      `json:"is_transcribing" doc:"Always false."`
	IsDirect         bool      `json:"is_direct" doc:"Always false."`
	IsAuthenticated  bool      `json:"is_idp_authenticated" doc:"Always false."`
	IDPUUID          string    `json:"idp_uuid" doc:"Empty."`
}

type mediaStreamStatus struct {
	ID             string     `json:"id" doc:"Number of the stream."`
	Type           string     `json:"type" doc:"audio or video."`
	Node           string     `json:"node" doc:"Name of the node."`
	StartTime      time.Time  `json:"start_time" doc:"When it began."`
	RxCodec        string     `json:"rx_codec" doc:"What he sends."`
	RxBitrate      int        `json:"rx_bitrate" doc:"kbit/s."`
	RxResolution   string     `json:"rx_resolution" doc:"Such as 1280x720."`
	RxFPS          float64    `json:"rx_fps" doc:"Pictures a second."`
	RxPacketLoss   float64    `json:"rx_packet_loss" doc:"Percent, lately."`
	RxPacketsLost  int64      `json:"rx_packets_lost" doc:"In all."`
	RxPackets      int64      `json:"rx_packets_received" doc:"In all."`
	RxJitter       float64    `json:"rx_jitter" doc:"Milliseconds."`
	TxCodec        string     `json:"tx_codec" doc:"What he is sent."`
	TxBitrate      int        `json:"tx_bitrate" doc:"kbit/s."`
	TxResolution   string     `json:"tx_resolution" doc:"Such as 1280x720."`
	TxFPS          float64    `json:"tx_fps" doc:"Pictures a second."`
	TxPacketLoss   float64    `json:"tx_packet_loss" doc:"Percent, as he reports."`
	TxPackets      int64      `json:"tx_packets_sent" doc:"In all."`
	TxPacketsLost  int64      `json:"tx_packets_lost" doc:"In all, as he reports."`
	TxJitter       float64    `json:"tx_jitter" doc:"Milliseconds, as he reports."`
	RxWindowedLoss float64    `json:"rx_windowed_packet_loss" doc:"Percent, lately."`
	TxWindowedLoss float64    `json:"tx_windowed_packet_loss" doc:"Percent, lately."`
	EndTime        *time.Time `json:"end_time" doc:"null: it has not ended."`
}

type nodeStatus struct {
	ID                    int64      `json:"id" doc:"Number of the node."`
	Name                  string     `json:"name" doc:"Name of the node."`
	ConfigurationID       int64      `json:"configuration_id" doc:"Number of its configuration."`
	NodeType              string     `json:"node_type" doc:"CONFERENCING."`
	SystemLocation        string     `json:"system_location" doc:"Name of its location."`
	Address               string     `json:"address" doc:"IP address, as configured."`
	Version               string     `json:"version" doc:"Of the program."`
	BootTime              *time.Time `json:"boot_time" doc:"When the program began. null: nothing is heard of the node."`
	LastReported          *time.Time `json:"last_reported" doc:"When it was last heard of."`
	LastUpdated           *time.Time `json:"last_updated" doc:"The same."`
	LastContact           *time.Time `json:"last_attempted_contact" doc:"The same."`
	IsConnected           bool       `json:"is_connected" doc:"Whether it is heard of. (Parley only)"`
	SyncStatus            string     `json:"sync_status" doc:"INITIAL_SYNC, PENDING or SYNCED."`
	UpgradeStatus         string     `json:"upgrade_status" doc:"Always IDLE."`
	MaintenanceMode       bool       `json:"maintenance_mode" doc:"Whether it takes no new calls."`
	MaintenanceModeReason string     `json:"maintenance_mode_reason" doc:"Why."`
	CPUCount              int        `json:"cpu_count" doc:"Processors."`
	CPUModel              string     `json:"cpu_model" doc:"What they are."`
	CPUCapabilities       string     `json:"cpu_capabilities" doc:"Highest instruction set."`
	TotalRAM              int64      `json:"total_ram" doc:"Memory, kilobytes."`
	MaxHDCalls            int        `json:"max_hd_calls" doc:"About how many callers at 720p it holds."`
	MaxFullHDCalls        int        `json:"max_full_hd_calls" doc:"About how many at 1080p."`
	MaxSDCalls            int        `json:"max_sd_calls" doc:"About how many at 448p."`
	MaxAudioCalls         int        `json:"max_audio_calls" doc:"About how many without picture."`
	MaxMediaTokens        int        `json:"max_media_tokens" doc:"What it holds, counted in callers without picture."`
	MediaTokensUsed       int        `json:"media_tokens_used" doc:"How much of that is in use."`
	MediaLoad             int        `json:"media_load" doc:"Percent of what calls may take."`
	SignalingCount        int        `json:"signaling_count" doc:"Calls."`
	Quality               string     `json:"quality" doc:"How much quality is given up. (Parley only)"`
}

type locationStatus struct {
	ID              int64  `json:"id" doc:"Number of the location."`
	Name            string `json:"name" doc:"Its name."`
	MaxHDCalls      int    `json:"max_hd_calls" doc:"Of its nodes that are heard of."`
	MaxFullHDCalls  int    `json:"max_full_hd_calls" doc:"Of its nodes that are heard of."`
	MaxSDCalls      int    `json:"max_sd_calls" doc:"Of its nodes that are heard of."`
	MaxAudioCalls   int    `json:"max_audio_calls" doc:"Of its nodes that are heard of."`
	MaxMediaTokens  int    `json:"max_media_tokens" doc:"Of its nodes that are heard of."`
	MediaTokensUsed int    `json:"media_tokens_used" doc:"Of its nodes that are heard of."`
	MediaLoad       int    `json:"media_load" doc:"Percent, the mean of its nodes."`
}

type backplaneStatus struct {
	ID string `json:"id" doc:"Number of the backplane."`
}

// Callers at other qualities for one at 720p, as the model counts them.
const (
	fullHDFor = 0.5
	sdFor     = 2
	audioFor  = 16
)

// reports are the resources of the status.
func (m *Management) reports() []api.Report {
	kind := func(name, doc string, sample any) resource.Kind { return resource.NewKind(name, doc, sample, nil) }
	return []api.Report{
		{Kind: kind("conference", "Conferences that run.", conferenceStatus{}), List: m.listConferences},
		{Kind: kind("conference_shard", "Conferences that run, by node.", shardStatus{}), List: m.listShards},
		{
			Kind: kind("participant", "Those who are in conferences.", participantStatus{}), List: m.listParticipants,
			PartKind: kind("media_stream", "The media of a participant.", mediaStreamStatus{}), Parts: m.listStreams,
		},
		{Kind: kind("worker_vm", "Conferencing Nodes.", nodeStatus{}), List: m.listNodes},
		{Kind: kind("system_location", "Locations.", locationStatus{}), List: m.listLocations},
		{Kind: kind("backplane", "Media between nodes: none before conferences span nodes.", backplaneStatus{}), List: func() []any { return nil }},
		{Kind: kind("alarm", "What is wrong now.", Alarm{}), List: m.alarms.list},
	}
}

// place is where something is.
type place struct {
	name     string // of the node
	node     string // its address, where one is configured, as in the model; else its name
	location string
}

// place names a node and its location.
func (m *Management) place(id int64) (at place) {
	object, ok := m.tree.Get("worker_vm", id)
	if !ok {
		return at
	}
	w := object.(*config.WorkerVM)
	at.name, at.node = w.Name, w.At()
	if l, ok := m.tree.Get("system_location", w.SystemLocation); ok {
		at.location = l.(*config.SystemLocation).Name
	}
	return at
}

// each calls f for every conference that runs.
func (m *Management) each(f func(at place, c *bus.Conference)) {
	for _, s := range m.fleet.all(time.Now()) {
		at := m.place(s.Node)
		for i := range s.Conferences {
			f(at, &s.Conferences[i])
		}
	}
}

const serviceConference = "conference"

func (m *Management) listConferences() (list []any) {
	m.each(func(at place, c *bus.Conference) {
		list = append(list, &conferenceStatus{
			ID: c.ID, Name: c.Name, ServiceType: serviceConference, StartTime: c.Started, IsStarted: true, IsLocked: c.Locked,
			GuestsMuted: c.GuestsMuted, Tag: c.Tag, Layout: c.Layout, Participants: len(c.Participants), Node: at.name,
		})
	})
	return list
}

func (m *Management) listShards() (list []any) {
	m.each(func(at place, c *bus.Conference) {
		list = append(list, &shardStatus{
			ID: c.ID, Conference: c.Name, ServiceType: serviceConference, Node: at.node, SystemLocation: at.location, StartTime: c.Started,
			IsLocked: c.Locked, IsStarted: true, GuestsMuted: c.GuestsMuted, Tag: c.Tag, TranscodingEnabled: true,
		})
	})
	return list
}

func (m *Management) listParticipants() (list []any) {
	m.each(func(at place, c *bus.Conference) {
		for i := range c.Participants {
			list = append(list, newParticipantStatus(at, c, &c.Participants[i]))
		}
	})
	return list
}

func newParticipantStatus(at place, c *bus.Conference, p *bus.Participant) *participantStatus {
	s := &participantStatus{
		ID: p.ID, CallUUID: cmp.Or(p.CallUUID, p.ID), ConversationID: p.CallID, Conference: c.Name, DisplayName: p.DisplayName, SourceAlias: p.SourceAlias,
		DestinationAlias: p.DestinationAlias, Protocol: strings.ToUpper(p.Protocol), Vendor: p.Vendor, Role: p.Role, ServiceType: serviceConference,
		ServiceTag: c.Tag, CallDirection: "in", Encryption: "Off", CallQuality: bus.QualityName(p.Quality), MediaNode: at.node, SignallingNode: at.node,
		SystemLocation: at.location, RemoteAddress: p.RemoteAddress, RemotePort: p.RemotePort, LicenseType: "nolicense", IsMuted: p.Muted,
		IsOnHold: p.OnHold, HasMedia: p.HasMedia, ConnectTime: p.Connected, Transcoding: true,
		ParticipantAlias: p.SourceAlias, CanDisconnect: true, CanMute: true, CanTransfer: true,
	}
	for _, one := range p.Streams {
		s.RxBandwidth += one.RxBitrate / 1000
		s.TxBandwidth += one.TxBitrate / 1000
	}
	s.Bandwidth = max(s.RxBandwidth, s.TxBandwidth)
	return s
}

func (m *Management) listStreams(participant string) (list []any, found bool) {
	m.each(func(at place, c *bus.Conference) {
		for i := range c.Participants {
			p := &c.Participants[i]
			if p.ID != participant {
				continue
			}
			found = true
			for n, one := range p.Streams {
				list = append(list, &mediaStreamStatus{
					ID: strconv.Itoa(n), Type: one.Type, Node: at.node, StartTime: one.Started,
					RxCodec: one.RxCodec, RxBitrate: one.RxBitrate / 1000, RxResolution: one.RxResolution, RxFPS: one.RxFPS,
					RxPacketLoss: one.RxLoss, RxPacketsLost: int64(one.RxLost), RxPackets: int64(one.RxPackets), RxJitter: one.RxJitter,
					TxCodec: one.TxCodec, TxBitrate: one.TxBitrate / 1000, TxResolution: one.TxResolution, TxFPS: one.TxFPS,
					TxPacketLoss: one.TxLoss, TxPackets: int64(one.TxPackets),
					TxPacketsLost: int64(one.TxLost), TxJitter: one.TxJitter, RxWindowedLoss: one.RxLoss, TxWindowedLoss: one.TxLoss,
				})
			}
		}
	})
	return list, found
}

func (m *Management) listNodes() (list []any) {
	heard := map[int64]bus.NodeStatus{}
	for _, s := range m.fleet.all(time.Now()) {
		heard[s.Node] = s
	}
	version := m.tree.Version()
	nodes, _ := m.tree.All("worker_vm")
	for _, one := range nodes {
		w := one.(*config.WorkerVM)
		n := &nodeStatus{
			ID: w.ID, Name: w.Name, ConfigurationID: w.ID, NodeType: w.NodeType, SystemLocation: m.place(w.ID).location, Address: w.Address,
			SyncStatus: "INITIAL_SYNC", UpgradeStatus: "IDLE", MaintenanceMode: w.MaintenanceMode, MaintenanceModeReason: w.MaintenanceModeReason,
		}
		if s, ok := heard[w.ID]; ok {
			n.fill(s, version)
		}
		list = append(list, n)
	}
	return list
}

// fill takes what a node says of itself.
func (n *nodeStatus) fill(s bus.NodeStatus, version int64) {
	for _, c := range s.Conferences {
		n.SignalingCount += len(c.Participants)
	}
	n.Version, n.BootTime, n.IsConnected = s.Version, &s.Boot, true
	n.LastReported, n.LastUpdated, n.LastContact = &s.At, &s.At, &s.At
	if n.SyncStatus = "PENDING"; s.Configuration == version {
		n.SyncStatus = "SYNCED"
	}
	n.CPUCount, n.CPUModel, n.TotalRAM, n.Quality = s.Cores, s.CPU, s.Memory/1024, s.Quality
	n.CPUCapabilities = s.Features
	hd := s.Ports + n.SignalingCount
	n.MaxHDCalls, n.MaxFullHDCalls, n.MaxSDCalls, n.MaxAudioCalls = hd, int(float64(hd)*fullHDFor), hd*sdFor, hd*audioFor
	limit := s.Limit
	if limit <= 0 {
		limit = 1
	}
	n.MediaLoad = int(min(s.Load/limit, 1)*100 + 0.5)
	n.MaxMediaTokens = n.MaxAudioCalls
	n.MediaTokensUsed = n.MaxMediaTokens * n.MediaLoad / 100
}

func (m *Management) listLocations() (list []any) {
	nodes := m.listNodes()
	places, _ := m.tree.All("system_location")
	for _, one := range places {
		place := one.(*config.SystemLocation)
		s := &locationStatus{ID: place.ID, Name: place.Name}
		heard, load := 0, 0
		for _, o := range nodes {
			n := o.(*nodeStatus)
			if n.SystemLocation != place.Name || !n.IsConnected {
				continue
			}
			heard++
			load += n.MediaLoad
			s.MaxMediaTokens += n.MaxMediaTokens
			s.MediaTokensUsed += n.MediaTokensUsed
			s.MaxHDCalls += n.MaxHDCalls
			s.MaxFullHDCalls += n.MaxFullHDCalls
			s.MaxSDCalls += n.MaxSDCalls
			s.MaxAudioCalls += n.MaxAudioCalls
		}
		if heard > 0 {
			s.MediaLoad = load / heard
		}
		list = append(list, s)
	}
	return list
}
