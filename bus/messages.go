package bus

import (
	"encoding/json"
	"time"
)

// Delta is a version of the configuration as the changes from the one before.
type Delta struct {
	Previous int64    `json:"previous"`
	Version  int64    `json:"version"`
	Changes  []Change `json:"changes"`
}

// Change is one object of the configuration that was made, changed or deleted.
type Change struct {
	Kind string          `json:"kind"`
	ID   int64           `json:"id"`
	Body json.RawMessage `json:"body,omitempty"` // none = deleted
}

// JoinRequest is what a machine sends to take the place of a node.
type JoinRequest struct {
	Token   string `json:"token"`
	Request string `json:"request"` // PEM, PKCS #10
}

// JoinReply is what it gets.
type JoinReply struct {
	Node        int64  `json:"node"`
	Name        string `json:"name"`
	Certificate string `json:"certificate"` // PEM
	Authority   string `json:"authority"`   // PEM
	BusPort     int    `json:"bus_port"`    // on the same host
}

// NodeStatus is the state of a node.
type NodeStatus struct {
	Node          int64        `json:"node"`
	At            time.Time    `json:"at"`
	Boot          time.Time    `json:"boot"`
	Version       string       `json:"version"`                 // of the program
	Configuration int64        `json:"configuration"`           // version that is in force
	CPU           string       `json:"cpu"`                     // model
	Cores         int          `json:"cores"`                   // that it may use
	Features      string       `json:"features"`                // highest instruction set
	Memory        int64        `json:"memory"`                  // bytes of the machine
	Load          float64      `json:"load"`                    // share of the processors in use, 0..1
	Limit         float64      `json:"limit"`                   // share that calls may take; 0 = all
	Ports         int          `json:"ports"`                   // 720p participants for whom there is room
	Quality       string       `json:"quality"`                 // step of quality that holds
	Maintenance   bool         `json:"maintenance"`             // no new calls
	FailingSinks  []string     `json:"failing_sinks,omitempty"` // names of event sinks that take nothing
	DiskFree      uint64       `json:"disk_free"`               // bytes, where its data are
	DiskTotal     uint64       `json:"disk_total"`              // 0 = not known
	Certificates  []Expiry     `json:"certificates,omitempty"`  // that it shows
	Rejected      *Rejection   `json:"rejected,omitempty"`      // the version of the configuration that it could not take
	Conferences   []Conference `json:"conferences"`
}

// Expiry tells how long a certificate holds.
type Expiry struct {
	Name  string    `json:"name"` // what it is for
	Until time.Time `json:"until"`
}

// Rejection tells of a configuration that a node cannot put into force.
type Rejection struct {
	Version int64  `json:"version"`
	Reason  string `json:"reason"`
}

// Conference is a running conference on one node.
type Conference struct {
	ID           string        `json:"id"` // UUID of this run
	Name         string        `json:"name"`
	Tag          string        `json:"tag"`
	Started      time.Time     `json:"started"`
	Locked       bool          `json:"locked"`
	GuestsMuted  bool          `json:"guests_muted"`
	Layout       string        `json:"layout"`
	Participants []Participant `json:"participants"`
}

// Participant is somebody in a conference.
type Participant struct {
	ID               string    `json:"id"`
	CallUUID         string    `json:"call_uuid"` // stays when he is transferred; older nodes do not tell
	CallID           string    `json:"call_id"`
	DisplayName      string    `json:"display_name"`
	SourceAlias      string    `json:"source_alias"`
	DestinationAlias string    `json:"destination_alias"`
	Protocol         string    `json:"protocol"`
	Vendor           string    `json:"vendor"`
	Role             string    `json:"role"` // chair or guest
	RemoteAddress    string    `json:"remote_address"`
	RemotePort       int       `json:"remote_port"`
	Connected        time.Time `json:"connected"`
	Muted            bool      `json:"muted"`
	OnHold           bool      `json:"on_hold"`
	HasMedia         bool      `json:"has_media"`
	Quality          string    `json:"quality"` // unknown, good, ok, bad, terrible
	Streams          []Stream  `json:"streams"`
}

// Stream is one kind of media of a participant. Rates are bit/s, losses percent,
// jitter milliseconds.
type Stream struct {
	Type         string    `json:"type"` // audio or video
	Started      time.Time `json:"started"`
	RxCodec      string    `json:"rx_codec"`
	TxCodec      string    `json:"tx_codec"`
	RxBitrate    int       `json:"rx_bitrate"`
	TxBitrate    int       `json:"tx_bitrate"`
	RxResolution string    `json:"rx_resolution"`
	TxResolution string    `json:"tx_resolution"`
	RxFPS        float64   `json:"rx_fps"`
	TxFPS        float64   `json:"tx_fps"`
	RxPackets    uint64    `json:"rx_packets"`
	TxPackets    uint64    `json:"tx_packets"`
	RxLost       uint64    `json:"rx_lost"`
	TxLost       uint64    `json:"tx_lost"`
	RxLoss       float64   `json:"rx_loss"`
	TxLoss       float64   `json:"tx_loss"`
	RxJitter     float64   `json:"rx_jitter"`
	TxJitter     float64   `json:"tx_jitter"`
}

// Record is something that has happened, as a node wrote it down.
type Record struct {
	Number int64           `json:"number"` // rises by one in each journal
	Kind   string          `json:"kind"`   // RecordConference or RecordParticipant
	Body   json.RawMessage `json:"body"`
}

// The kinds of records.
const (
	RecordConference  = "conference"  // an EndedConference
	RecordParticipant = "participant" // an EndedParticipant
)

// Records are what a node hands over.
type Records struct {
	Journal string   `json:"journal"`
	List    []Record `json:"list"`
}

// Acknowledged is the answer: all up to Number are kept.
type Acknowledged struct {
	Number int64  `json:"number"`
	Error  string `json:"error,omitempty"`
}

// EndedConference is a conference that is over on a node.
type EndedConference struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Tag          string    `json:"tag"`
	Started      time.Time `json:"started"`
	Ended        time.Time `json:"ended"`
	Participants int       `json:"participants"` // that were ever in it
}

// EndedParticipant is a participant who has left.
type EndedParticipant struct {
	Participant
	ConferenceID   string    `json:"conference_id"`
	ConferenceName string    `json:"conference_name"`
	Tag            string    `json:"tag"`
	Ended          time.Time `json:"ended"`
	Reason         string    `json:"reason"`
	// Windows is the quality of each window of 20 s.
	Windows []string `json:"windows"`
}

// Action is what a command does.
type Action string

// The actions.
const (
	DisconnectParticipant Action = "participant/disconnect"
	MuteParticipant       Action = "participant/mute"
	UnmuteParticipant     Action = "participant/unmute"
	SetRole               Action = "participant/role"
	Transfer              Action = "participant/transfer"
	DisconnectConference  Action = "conference/disconnect"
	Lock                  Action = "conference/lock"
	Unlock                Action = "conference/unlock"
	MuteGuests            Action = "conference/mute_guests"
	UnmuteGuests          Action = "conference/unmute_guests"
	TransformLayout       Action = "conference/transform_layout"
)

// Command is what a node is told to do.
type Command struct {
	Action      Action `json:"action"`
	Participant string `json:"participant,omitempty"`
	Conference  string `json:"conference,omitempty"` // id
	Alias       string `json:"alias,omitempty"`      // Transfer: where to
	Role        string `json:"role,omitempty"`
	Layout      string `json:"layout,omitempty"`
}

// Result is the answer to a command; an empty Error = done.
type Result struct {
	Error string `json:"error,omitempty"`
}

// PictureRequest asks a node what a conference looks like.
type PictureRequest struct {
	Conference string `json:"conference"` // id
}

// Picture is the answer: a JPEG, none = there is no picture now.
type Picture struct {
	JPEG []byte `json:"jpeg,omitempty"`
}

// RenewRequest is how a node asks for a new certificate.
type RenewRequest struct {
	Request string `json:"request"` // PEM, PKCS #10
}

// RenewReply is what it gets.
type RenewReply struct {
	Certificate string `json:"certificate"` // PEM
	Error       string `json:"error,omitempty"`
}
