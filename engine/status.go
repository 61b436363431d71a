package engine

import (
	"time"

	"parley/engine/load"
)

// Status is what an engine tells of itself, for pages and metrics. A copy: it
// does not change after it was made.
type Status struct {
	Conferences []ConferenceStatus `json:"conferences"`
	Encoders    int                `json:"encoders"` // video encoders running now
	Decoders    int                `json:"decoders"` // video decoders running now
	Load        float64            `json:"load"`     // share of the codec workers' time in use, 0..1
	// Totals counts since the start, what has ended included: frames,
	// key_frames, skipped_frames, band_frames, band_intra_frames,
	// band_skipped_frames, band_uneven_frames, rx_packets, tx_packets, rx_lost, rx_discarded,
	// rx_passed.
	Totals map[string]uint64 `json:"totals"`
	// Capacity is what the engine can bear and what it gives up for it.
	Capacity load.State `json:"capacity"`
	// Work is how many seconds went into each kind of work since the start:
	// decode, compose, encode, send, sound.
	Work map[string]float64 `json:"work"`
}

// ConferenceStatus tells of one running conference.
type ConferenceStatus struct {
	ID           string              `json:"id"` // UUID of this run
	Name         string              `json:"name"`
	Started      time.Time           `json:"started"`
	Layout       string              `json:"layout"`
	Locked       bool                `json:"locked"`        // nobody more may join
	OwnThumbnail string              `json:"own_thumbnail"` // in force now: hidden or shown
	Speaker      string              `json:"speaker"`       // participant id, "" = nobody yet
	Participants []ParticipantStatus `json:"participants"`
	Views        []ViewStatus        `json:"views"`
	Bands        []BandStatus        `json:"bands"`
	Counters     map[string]uint64   `json:"counters"` // ticks, skipped frames, late mixes and the like
}

// ParticipantStatus tells of one participant and his leg.
type ParticipantStatus struct {
	ID            string       `json:"id"`
	DisplayName   string       `json:"display_name"`
	RemoteAlias   string       `json:"remote_alias"`
	Protocol      string       `json:"protocol"`
	Vendor        string       `json:"vendor"`
	CallID        string       `json:"call_id"`
	RemoteAddress string       `json:"remote_address"`
	Joined        time.Time    `json:"joined"`
	Speaking      bool         `json:"speaking"`
	Stage         int          `json:"stage"` // position on the stage: 0 current speaker, 1 previous; -1 off stage
	View          string       `json:"view"`  // id of the view that he sees, "" = none
	OnHold        bool         `json:"on_hold"`
	Muted         bool         `json:"muted"` // nobody hears him
	Audio         StreamStatus `json:"audio"`
	Video         StreamStatus `json:"video"`
}

// StreamStatus tells of one media stream. Rates are bit/s over the last second
// or so, losses are percent, jitter is milliseconds.
type StreamStatus struct {
	RxCodec      string  `json:"rx_codec"`
	TxCodec      string  `json:"tx_codec"`
	RxBitrate    int     `json:"rx_bitrate"`
	TxBitrate    int     `json:"tx_bitrate"`
	RxResolution string  `json:"rx_resolution"` // "1280x720", video only
	TxResolution string  `json:"tx_resolution"`
	RxFPS        float64 `json:"rx_fps"`
	TxFPS        float64 `json:"tx_fps"`
	RxPackets    uint64  `json:"rx_packets"`
	TxPackets    uint64  `json:"tx_packets"`
	RxLost       uint64  `json:"rx_lost"`
	RxLoss       float64 `json:"rx_loss"`
	TxLoss       float64 `json:"tx_loss"` // as the receiver reports
	RxJitter     float64 `json:"rx_jitter"`
	RxDiscarded  uint64  `json:"rx_discarded"` // malformed, foreign, replayed or late
	RxPassed     uint64  `json:"rx_passed"`    // of sound, not decoded because nobody would hear them
}

// BandStatus tells of one band: what an encoder makes, for all renditions that
// show the same there.
type BandStatus struct {
	Name       string `json:"name"`  // a view, or the part that the one who is shown plays
	Index      int    `json:"index"` // which band of its pictures, 0 is the uppermost
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	FPS        int    `json:"fps"`
	Bitrate    int    `json:"bitrate"` // bit/s, target
	Profile    string `json:"profile"`
	Renditions int    `json:"renditions"`
	Frames     uint64 `json:"frames"`
	Intra      uint64 `json:"intra"`   // frames that refer to no other
	Skipped    uint64 `json:"skipped"` // frames left out because the one before was not done
}

// ViewStatus tells of one view and what is encoded of it.
type ViewStatus struct {
	ID         string            `json:"id"`
	Cells      []string          `json:"cells"` // participant ids in layout order, "" = empty
	Receivers  int               `json:"receivers"`
	Renditions []RenditionStatus `json:"renditions"`
}

// RenditionStatus tells of one rendition of a view.
type RenditionStatus struct {
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	FPS       int    `json:"fps"`
	Bitrate   int    `json:"bitrate"` // bit/s, target
	Profile   string `json:"profile"`
	Level     int    `json:"level"` // level_idc
	Receivers int    `json:"receivers"`
	Frames    uint64 `json:"frames"`
	KeyFrames uint64 `json:"key_frames"`
	Skipped   uint64 `json:"skipped"` // frames not sent because the one before was not done
	Bands     []int  `json:"bands"`   // what it is made of: indices into the conference's bands
}
