package caller

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/engine/rtp"
	"parley/signaling/sdp"
)

// sender sends what a caller shows and says, at the pace of a camera and a
// microphone. Everything was encoded before.
type sender struct {
	cfg     *Config
	talking atomic.Bool
	paused  atomic.Bool
	key     atomic.Bool // a key frame was asked for
	asked   atomic.Int64
	units   atomic.Uint64
	keys    atomic.Uint64
	packets atomic.Uint64
	pressed atomic.Bool // a digit sounds in place of the voice

	mu      sync.Mutex
	picture *lens          // guarded by mu; nil = sends no pictures
	sound   *mouth         // guarded by mu; nil = sends no sound
	sent    [256]time.Time // guarded by mu: when each picture of the clip last went out
	start   time.Time      // guarded by mu: when due is 0
	base    uint32         // guarded by mu: RTP timestamp of sound at start
}

// lens is an agreed video stream that pictures are sent on.
type lens struct {
	stream     *rtp.Stream
	player     *clip.Player
	packetizer rtp.Packetizer
	format     sdp.H264
	codec      string
	every      time.Duration
}

// mouth is an agreed audio stream that sound is sent on.
type mouth struct {
	stream       *rtp.Stream
	codec        string
	payloadType  uint8
	clock        int
	voice, quiet [][]byte
	file         bool // voice is of a file and goes on with the time
	next         int
	spoke        bool
}

func newSender(cfg *Config) *sender { return &sender{cfg: cfg} }

// prepare encodes what will most likely be agreed.
func (s *sender) prepare() error {
	if s.cfg.Video != nil && !s.cfg.AudioOnly {
		h := s.cfg.H264
		likely := sdp.H264{PacketizationMode: 1, Profile: codecs.High}
		if len(h.Profiles) > 0 {
			likely.Profile = h.Profiles[0]
		}
		if len(h.PacketizationModes) > 0 {
			likely.PacketizationMode = h.PacketizationModes[0]
		}
		if _, err := s.camera(likely); err != nil {
			return err
		}
	}
	if s.cfg.Sound != nil {
		_, err := s.cfg.Library.Sound(*s.cfg.Sound, s.cfg.AudioCodecs[0])
		return err
	}
	return nil
}

// camera returns a player of the caller's clip that fits the agreed format.
func (s *sender) camera(f sdp.H264) (*clip.Player, error) {
	spec := *s.cfg.Video
	spec.Profile = f.Profile
	if f.MaxBR > 0 {
		spec.Bitrate = min(spec.Rate(), f.MaxBR)
	}
	if f.PacketizationMode == 0 {
		spec.MaxNAL = rtp.DefaultMTU
	}
	if spec.File != "" {
		// Encoding it takes seconds. It is done once, before the call, to what
		// fits every format (ITU-T H.264 section A.2.1.1, RFC 6184 section 5.4).
		spec.Profile, spec.MaxNAL = codecs.ConstrainedBaseline, rtp.DefaultMTU
	}
	spec.Talking = false
	idle, err := s.cfg.Library.Video(spec)
	if err != nil {
		return nil, err
	}
	var talking *clip.Video
	if spec.Style == clip.Person {
		spec.Talking = true
		if talking, err = s.cfg.Library.Video(spec); err != nil {
			return nil, err
		}
	}
	return clip.NewPlayer(idle, talking), nil
}

// agree takes a new agreement.
func (s *sender) agree(m sdp.Media, streams [2]*rtp.Stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.agreeVideo(m.Video, streams[video]); err != nil {
		return err
	}
	return s.agreeAudio(m.Audio, streams[audio])
}

func (s *sender) agreeVideo(v *sdp.Stream, stream *rtp.Stream) error {
	if v == nil || !v.Send || s.cfg.Video == nil {
		s.picture = nil
		return nil
	}
	if s.picture != nil && s.picture.format == v.H264 && s.picture.stream == stream {
		return nil
	}
	player, err := s.camera(v.H264)
	if err != nil {
		return err
	}
	spec := player.Spec()
	if mbs := (spec.Width + 15) / 16 * ((spec.Height + 15) / 16); v.H264.MaxFS > 0 && mbs > v.H264.MaxFS {
		return fmt.Errorf("caller: his camera's %dx%d is above the far end's max-fs %d", spec.Width, spec.Height, v.H264.MaxFS)
	}
	s.picture = &lens{
		stream: stream, player: player, packetizer: rtp.Packetizer{Mode: v.H264.PacketizationMode},
		format: v.H264, codec: v.Codec, every: time.Second / time.Duration(spec.FPS),
	}
	return nil
}

func (s *sender) agreeAudio(a *sdp.Stream, stream *rtp.Stream) error {
	if a == nil || !a.Send || s.cfg.Sound == nil {
		s.sound = nil
		return nil
	}
	if s.sound != nil && s.sound.codec == a.Codec && s.sound.payloadType == a.SendPayloadType && s.sound.stream == stream {
		return nil
	}
	voice, err := s.cfg.Library.Sound(*s.cfg.Sound, a.Codec)
	if err != nil {
		return err
	}
	quiet, err := s.cfg.Library.Sound(clip.SoundSpec{}, a.Codec)
	if err != nil {
		return err
	}
	s.sound = &mouth{
		stream: stream, codec: a.Codec, payloadType: a.SendPayloadType, clock: a.ClockRate,
		voice: voice.Packets, quiet: quiet.Packets, file: s.cfg.Sound.File != "",
	}
	return nil
}

// soundEvery is the time between two packets of sound.
const soundEvery = 20 * time.Millisecond

// behind is how late the sender may be before it leaves out what it missed.
const behind = 200 * time.Millisecond

// run sends until ctx ends. RTP timestamps follow the time that each thing was
// due, so lateness does not add up and sound and picture stay together.
func (s *sender) run(ctx context.Context) {
	start := time.Now()
	base := [2]uint32{rand.Uint32(), rand.Uint32()}
	// Callers who start together do not all send at the same moment, but the
	// picture and the sound of one begin together.
	start = start.Add(rand.N(soundEvery))
	nextSound, nextPicture := start, start
	s.mu.Lock()
	s.start, s.base = start, base[audio]
	s.mu.Unlock()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		for !nextSound.After(now) {
			s.speak(base[audio], nextSound.Sub(start), now.Sub(nextSound) > behind)
			nextSound = nextSound.Add(soundEvery)
		}
		for !nextPicture.After(now) {
			every := s.show(base[video], nextPicture.Sub(start), now.Sub(nextPicture) > behind)
			nextPicture = nextPicture.Add(every)
		}
		next := nextSound
		if nextPicture.Before(next) {
			next = nextPicture
		}
		timer.Reset(time.Until(next))
	}
}

// speak sends one packet of sound that was due at the given time; skip leaves
// it out.
func (s *sender) speak(base uint32, due time.Duration, skip bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.sound
	if m == nil || s.paused.Load() {
		return
	}
	talking := s.talking.Load()
	packets := m.quiet
	if talking {
		packets = m.voice
	}
	if talking != m.spoke {
		m.next = 0
	}
	if m.file {
		m.next = int(due / soundEvery)
	}
	payload := packets[m.next%len(packets)]
	m.next++
	if skip || len(payload) == 0 || s.pressed.Load() {
		return
	}
	timestamp := base + uint32(due*time.Duration(m.clock)/time.Second)
	if m.stream.Send(m.payloadType, payload, timestamp, talking && !m.spoke) == nil {
		s.packets.Add(1)
	}
	m.spoke = talking
}

// show sends one picture that was due at the given time and returns the time
// to the next.
func (s *sender) show(base uint32, due time.Duration, skip bool) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.picture
	if l == nil {
		return soundEvery
	}
	if s.paused.Load() || skip {
		return l.every
	}
	tick := int((due + l.every/2) / l.every)
	unit := l.player.Next(tick, s.key.Swap(false), s.talking.Load())
	if len(unit.Data) == 0 {
		return l.every
	}
	payloads := l.packetizer.Split(unit.Data)
	timestamp := base + uint32(due*codecs.VideoClock/time.Second)
	if l.stream.SendFrame(payloads, timestamp) != nil {
		return l.every
	}
	s.units.Add(1)
	if unit.Key {
		s.keys.Add(1)
	}
	s.sent[l.player.Position()%len(s.sent)] = time.Now()
	return l.every
}

// beginEvent silences the voice and returns the RTP timestamp, at the given
// clock rate, of what begins now (RFC 4733 section 2.2).
func (s *sender) beginEvent(clock int) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pressed.Store(true)
	return s.base + uint32(time.Since(s.start)*time.Duration(clock)/time.Second)
}

func (s *sender) endEvent() { s.pressed.Store(false) }

func (s *sender) talk(on bool) { s.talking.Store(on) }
func (s *sender) pause(on bool) {
	s.paused.Store(on)
	s.key.Store(true)
}

func (s *sender) wantKeyFrame()       { s.key.Store(true) }
func (s *sender) wantBitrate(bps int) { s.asked.Store(int64(bps)) }
func (s *sender) sentAt(n int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent[n&255]
}

func (s *sender) report(st *Stats) {
	st.Video.Sent, st.Video.SentKeyFrames = s.units.Load(), s.keys.Load()
	st.Video.BitrateAsked, st.Audio.Sent = int(s.asked.Load()), s.packets.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.picture != nil {
		st.Video.Codec = s.picture.codec
	}
	if s.sound != nil {
		st.Audio.SendCodec = s.sound.codec
	}
}
