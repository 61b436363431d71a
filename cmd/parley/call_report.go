package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"parley/bench/caller"
	"parley/engine/rtp"
)

// summary is what a call measured, for people's scripts. Times are in
// milliseconds, bitrates in kbit/s of whole RTP packets over the last second,
// losses as shares of the packets, in percent.
type summary struct {
	Transport  string       `json:"transport"` // of SIP: udp, tcp or tls
	AnsweredMS float64      `json:"answered_ms"`
	Seconds    float64      `json:"seconds"`
	Video      videoSummary `json:"video"`
	Audio      audioSummary `json:"audio"`
	Record     string       `json:"record,omitempty"`
}

// videoSummary is about the pictures of a call.
type videoSummary struct {
	Codec           string  `json:"codec"`            // "" = no video was agreed
	FirstPictureMS  float64 `json:"first_picture_ms"` // 0 = none came
	Width           int     `json:"width"`
	Height          int     `json:"height"`
	FPS             float64 `json:"fps"`
	Pictures        uint64  `json:"pictures"`
	KeyFrames       uint64  `json:"key_frames"`
	DamagedPictures uint64  `json:"damaged_pictures"`
	DecodeErrors    uint64  `json:"decode_errors"`
	LongestFreezeMS float64 `json:"longest_freeze_ms"`

	PicturesSent     uint64  `json:"pictures_sent"`
	KeyFramesSent    uint64  `json:"key_frames_sent"`
	KeyFramesAsked   uint64  `json:"key_frame_requests_sent"`     // that the call asked for
	KeyFramesWanted  uint64  `json:"key_frame_requests_received"` // that it was asked for, by RTCP or SIP
	BitrateAskedKbps float64 `json:"bitrate_limit_received_kbps"` // the far end's last TMMBR, 0 = none
	streamSummary
}

// audioSummary is about the sound of a call.
type audioSummary struct {
	Codec            string  `json:"codec"`      // of what came
	SentCodec        string  `json:"codec_sent"` // of what was sent, "" = nothing
	FirstSoundMS     float64 `json:"first_sound_ms"`
	LevelDBov        float64 `json:"level_dbov"`
	Decoded          uint64  `json:"packets_decoded"`
	Concealed        uint64  `json:"packets_concealed"`
	ConcealedPercent float64 `json:"concealed_percent"`
	Late             uint64  `json:"packets_late"`
	DecodeErrors     uint64  `json:"decode_errors"`
	streamSummary
}

// streamSummary is about the packets of one RTP stream, both ways.
type streamSummary struct {
	ReceivedPackets uint64  `json:"packets_received"`
	ReceivedKbps    float64 `json:"received_kbps"`
	Lost            uint64  `json:"packets_lost"`
	LostPercent     float64 `json:"lost_percent"`
	JitterMS        float64 `json:"jitter_ms"`
	SentPackets     uint64  `json:"packets_sent"`
	SentKbps        float64 `json:"sent_kbps"`
	RemoteLost      int     `json:"remote_packets_lost"` // as the far end reports
	RemoteLoss      float64 `json:"remote_lost_percent"` // of its last report
	RemoteJitterMS  float64 `json:"remote_jitter_ms"`
	RoundTripMS     float64 `json:"round_trip_ms"` // 0 = not known
	Retransmitted   uint64  `json:"packets_retransmitted"`
	NACKsSent       uint64  `json:"nacks_sent"`
}

// summarize rounds what was measured to what it is good for.
func summarize(s caller.Stats, record string) summary {
	v, a := s.Video, s.Audio
	return summary{
		Transport: s.Transport, AnsweredMS: millis(s.Joined), Seconds: round(s.Length.Seconds(), 1), Record: record,
		Video: videoSummary{
			Codec: v.Codec, FirstPictureMS: millis(v.FirstPicture), Width: v.Width, Height: v.Height, FPS: round(v.FPS, 1),
			Pictures: v.Decoded, KeyFrames: v.KeyFrames, DamagedPictures: v.Damaged, DecodeErrors: v.DecodeErrors,
			LongestFreezeMS: millis(v.LongestFreeze), PicturesSent: v.Sent, KeyFramesSent: v.SentKeyFrames,
			KeyFramesAsked: v.RTP.KeyFrameRequestsSent, KeyFramesWanted: v.RTP.KeyFrameRequestsReceived + s.InfoKeyFrames,
			BitrateAskedKbps: kbps(float64(v.BitrateAsked)), streamSummary: summarizeStream(v.RTP),
		},
		Audio: audioSummary{
			Codec: a.Codec, SentCodec: a.SendCodec, FirstSoundMS: millis(a.FirstSound), LevelDBov: round(a.Level, 1),
			Decoded: a.Packets, Concealed: a.Concealed, ConcealedPercent: percent(a.Concealed, a.Packets+a.Concealed),
			Late: a.Late, DecodeErrors: a.DecodeErrors, streamSummary: summarizeStream(a.RTP),
		},
	}
}

func summarizeStream(s rtp.Stats) streamSummary {
	return streamSummary{
		ReceivedPackets: s.ReceivedPackets, ReceivedKbps: kbps(s.ReceivedBitrate),
		Lost: s.Lost, LostPercent: percent(s.Lost, s.Lost+s.ReceivedPackets), JitterMS: millis(s.Jitter),
		SentPackets: s.SentPackets, SentKbps: kbps(s.SentBitrate),
		RemoteLost: s.RemoteLost, RemoteLoss: round(s.RemoteLoss*100, 2), RemoteJitterMS: millis(s.RemoteJitter),
		RoundTripMS: millis(s.RTT), Retransmitted: s.Retransmitted, NACKsSent: s.NACKsSent,
	}
}

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

func millis(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 1) }
func kbps(bps float64) float64       { return round(bps/1000, 1) }

func percent(part, whole uint64) float64 {
	return round(100*float64(part)/float64(max(whole, 1)), 2)
}

// report writes what was measured. A call without any media is an error.
func (c *callCommand) report(w io.Writer, s caller.Stats) error {
	r := summarize(s, c.Record)
	v, a := r.Video, r.Audio
	if c.JSON {
		if err := writeJSON(w, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(w, "call of %.0f s, answered after %.0f ms\n", r.Seconds, r.AnsweredMS)
		if v.Pictures > 0 {
			fmt.Fprintf(w, "picture  first after %.0f ms, %dx%d at %.0f, %d pictures, longest freeze %.0f ms, %d packets lost\n",
				v.FirstPictureMS, v.Width, v.Height, v.FPS, v.Pictures, v.LongestFreezeMS, v.Lost)
		}
		if a.Decoded > 0 {
			fmt.Fprintf(w, "sound    first after %.0f ms, %s, %.0f dBov in the last second, %d packets lost\n",
				a.FirstSoundMS, a.Codec, a.LevelDBov, a.Lost)
		}
		if c.Record != "" {
			fmt.Fprintln(w, "recorded in", c.Record)
		}
	}
	if v.Pictures == 0 && a.Decoded == 0 {
		return errors.New("the call was answered, but no media came; does a firewall between the two drop UDP?")
	}
	return nil
}
