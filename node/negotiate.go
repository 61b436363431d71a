package node

import (
	"net/netip"

	"parley/codecs"
	"parley/engine"
	"parley/engine/rtp"
	"parley/signaling"
	"parley/signaling/sdp"
)

// audioBitrates is what each codec is sent with, bit/s; what is not here has one rate.
var audioBitrates = map[string]int{codecs.Opus: 48_000}

// opusBitrateMin is the lowest rate of Opus, bit/s (RFC 6716 section 2.1.1).
const opusBitrateMin = 6000

// The bitrates that a node asks senders of video to stay below, bit/s.
const (
	videoBitrateFullHD = 4_000_000
	videoBitrateHD     = 2_000_000
	videoBitrateSD     = 800_000
)

// receiveBitrate is what a node takes of one video at most, bit/s.
func receiveBitrate(maxHeight int) int {
	switch {
	case maxHeight <= 448:
		return videoBitrateSD
	case maxHeight <= 720:
		return videoBitrateHD
	}
	return videoBitrateFullHD
}

// localDescription says what a node can take.
func localDescription(address netip.Addr, audioPort, videoPort, maxHeight int) sdp.Local {
	h264 := sdp.H264Local{Level: 40}
	switch {
	case maxHeight <= 448:
		h264.Level = 30
	case maxHeight <= 720:
		h264.Level = 31
	}
	return sdp.Local{
		Address: address, UserName: "parley", SessionName: "Parley",
		Audio: &sdp.LocalMedia{
			Port: audioPort, Codecs: []string{codecs.Opus, codecs.G722, codecs.PCMU, codecs.PCMA}, TelephoneEvent: true, AudioLevel: true,
		},
		Video: &sdp.LocalMedia{
			Port: videoPort, Codecs: []string{codecs.H264}, H264: h264, MaxBitrate: receiveBitrate(maxHeight), Feedback: true,
		},
	}
}

// audioConfig makes a negotiated audio stream the engine's.
func audioConfig(s *sdp.Stream, t *rtp.Transport, p signaling.Participant) *engine.AudioConfig {
	if s == nil {
		return nil
	}
	c := &engine.AudioConfig{
		RTP: streamConfig(s, t, p), Send: s.Send, Receive: s.Receive, Codec: s.Codec, Formats: formats(s),
		Bitrate: audioBitrates[s.Codec],
	}
	if s.MaxBitrate > 0 && s.MaxBitrate < c.Bitrate {
		c.Bitrate = max(s.MaxBitrate, opusBitrateMin)
	}
	return c
}

// videoConfig makes a negotiated video stream the engine's.
func videoConfig(s *sdp.Stream, t *rtp.Transport, p signaling.Participant, maxHeight int) *engine.VideoConfig {
	if s == nil {
		return nil
	}
	c := &engine.VideoConfig{
		RTP: streamConfig(s, t, p), Send: s.Send, Receive: s.Receive, Codec: s.Codec, Formats: formats(s),
		Limits: engine.VideoLimits{
			Profile: s.H264.Profile, Level: s.H264.Level, MaxFS: s.H264.MaxFS, MaxMBPS: s.H264.MaxMBPS,
			MaxBitrate: s.H264.MaxBR, PacketizationMode: s.H264.PacketizationMode,
		},
		ReceiveBitrate: receiveBitrate(maxHeight),
	}
	if s.MaxBitrate > 0 && (c.Limits.MaxBitrate == 0 || s.MaxBitrate < c.Limits.MaxBitrate) {
		c.Limits.MaxBitrate = s.MaxBitrate
	}
	c.RTP.Video = true
	return c
}

func streamConfig(s *sdp.Stream, t *rtp.Transport, p signaling.Participant) rtp.Config {
	from, _ := netip.ParseAddrPort(p.RemoteAddress) // invalid where the protocol has none
	receive := make(map[uint8]int, len(s.Formats))
	for pt, f := range s.Formats {
		receive[pt] = f.ClockRate
	}
	return rtp.Config{
		Transport: t, CNAME: p.ID, Signaling: from.Addr(), Remote: s.Remote, RemoteRTCP: s.RemoteRTCP, Mux: s.Mux,
		SendPayloadType: s.SendPayloadType, SendClock: s.ClockRate, Receive: receive,
		Feedback: rtp.Feedback(s.Feedback), AudioLevelID: s.AudioLevelID,
	}
}

func formats(s *sdp.Stream) map[uint8]string {
	names := make(map[uint8]string, len(s.Formats))
	for pt, f := range s.Formats {
		names[pt] = f.Name
	}
	return names
}
