package caller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/engine/rtp"
	"parley/signaling/sdp"
	"parley/signaling/sip"
)

// Caller is one call. Its methods may be called from any goroutine.
type Caller struct {
	cfg      Config
	log      *slog.Logger
	server   *sip.Server
	began    time.Time
	joined   time.Duration
	pictures *pictures
	sounds   *sounds
	sender   *sender
	recorder *recorder
	links    [2]*link // audio, video; nil without Network
	ctx      context.Context
	stop     context.CancelFunc
	tasks    sync.WaitGroup
	over     chan struct{} // closed when the call is over
	finish   sync.Once
	closing  sync.Once
	closed   chan struct{} // closed when Close is done
	infoKeys atomic.Uint64
	keypad   sync.Mutex // one Press at a time

	pulseMu sync.Mutex
	changed chan struct{} // guarded by pulseMu: closed at the next change

	mu         sync.Mutex
	dialog     *sip.Dialog       // guarded by mu; nil until the call is answered
	agreement  *sdp.Negotiation  // guarded by mu
	transports [2]*rtp.Transport // guarded by mu: audio, video; a stream's once there is one
	streams    [2]*rtp.Stream    // guarded by mu
	held       bool              // guarded by mu
	gone       bool              // guarded by mu: the media are closed
	ended      time.Time         // guarded by mu
	lastInfo   time.Time         // guarded by mu
}

const (
	audio = 0
	video = 1
)

// Where callers receive media.
const (
	portMin = 20000
	portMax = 59999
)

// Dial calls and returns when the call is established and media run. An answer
// that is no success comes back as *sip.StatusError. What he sends is encoded
// before the INVITE goes out, so that it does not count as joining time. The
// caller must be closed, by Hangup or Close, even when the far end hung up.
func Dial(ctx context.Context, cfg Config) (*Caller, error) {
	c, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := c.call(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s calls %s: %w", cfg.Name, cfg.URI, err)
	}
	return c, nil
}

// prepare does all that needs no far end.
func prepare(cfg Config) (*Caller, error) {
	if !cfg.Address.IsValid() {
		cfg.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	cfg.AudioCodecs = cfg.audioCodecs()
	if cfg.UserAgent == "" {
		cfg.UserAgent = "parley-caller"
	}
	if cfg.From == "" {
		user := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(cfg.Name))
		if user == "" {
			user = "caller"
		}
		cfg.From = "sip:" + user + "@" + uriHost(cfg.Address)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Caller{
		cfg: cfg, log: cfg.Log.With("caller", cfg.Name), over: make(chan struct{}), closed: make(chan struct{}),
		changed: make(chan struct{}),
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.sender = newSender(&c.cfg)
	c.sounds = &sounds{
		set: cfg.Library.Codecs(), decoders: map[string]codecs.AudioDecoder{}, pulse: c.pulse,
	}
	c.pictures = &pictures{
		mode: cfg.Decode, receiver: rtp.NewVideoReceiver(), onPicture: cfg.OnPicture,
		pulse: c.pulse, inform: c.askByInfo, wake: make(chan struct{}, 1),
	}
	err := c.open()
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// uriHost is an address as a URI has it: IPv6 in brackets (RFC 3261 section 19.1.1).
func uriHost(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// open opens sockets, codecs and files, and encodes what will be sent.
func (c *Caller) open() error {
	var err error
	if c.cfg.Decode != DecodeNone && !c.cfg.AudioOnly {
		if c.pictures.decoder, err = c.cfg.Library.Codecs().NewVideoDecoder(codecs.H264); err != nil {
			return err
		}
	}
	if c.cfg.Record != "" {
		if c.recorder, err = newRecorder(c.cfg.Record, c.cfg.AudioOnly); err != nil {
			return err
		}
		c.pictures.record, c.sounds.record = c.recorder, c.recorder
	}
	ports := [2]int{}
	for i := range c.transports {
		if i == video && c.cfg.AudioOnly {
			break
		}
		if c.transports[i], err = rtp.Listen(rtp.ListenConfig{Address: c.cfg.Address, PortMin: portMin, PortMax: portMax}); err != nil {
			return err
		}
		ports[i] = c.transports[i].Port()
		if c.cfg.Network != nil {
			n := *c.cfg.Network
			n.Seed = n.Seed*2 + uint64(i)
			if c.links[i], err = newLink(n, c.cfg.Address, ports[i]); err != nil {
				return err
			}
			ports[i] = c.links[i].port()
		}
	}
	c.agreement = sdp.New(c.cfg.local(ports[audio], ports[video]))
	if err := c.sender.prepare(); err != nil {
		return err
	}
	listen := netip.AddrPortFrom(c.cfg.Address, 0).String()
	s := sip.Config{UDP: listen, UserAgent: c.cfg.UserAgent, Log: c.log}
	uri := strings.ToLower(c.cfg.URI)
	switch {
	case strings.Contains(uri, "transport=tcp"):
		s.UDP, s.TCP = "", listen
	case strings.Contains(uri, "transport=tls"), strings.HasPrefix(uri, "sips:"):
		s.UDP, s.TLS = "", listen
	}
	c.server, err = sip.Listen(c.ctx, s)
	return err
}

// call sends the INVITE and starts what runs during the call.
func (c *Caller) call(ctx context.Context) error {
	o := sip.Outgoing{
		URI: c.cfg.URI, From: c.cfg.From, DisplayName: c.cfg.Name,
		OnOffer: c.answerLate, OnReinvite: c.reoffered, OnAnswer: c.answered, OnInfo: c.informed,
	}
	var err error
	if !c.cfg.LateOffer {
		if o.Offer, err = c.agreement.Offer(); err != nil {
			return err
		}
	}
	if c.recorder != nil {
		c.recorder.start(time.Now())
	}
	c.began = time.Now()
	c.pictures.began, c.sounds.began = c.began, c.began
	c.tasks.Go(func() { c.pictures.run(c.ctx) })
	dialog, err := c.server.Invite(ctx, o)
	for try := 0; try < 5 && errors.Is(err, syscall.EADDRINUSE); try++ {
		// The SIP library learns of a listener a moment after it is open, and
		// until then tries to open it again.
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		dialog, err = c.server.Invite(ctx, o)
	}
	if err != nil {
		return err
	}
	c.joined = time.Since(c.began)
	c.mu.Lock()
	c.dialog = dialog
	if !c.cfg.LateOffer {
		if err = c.agreement.Accept(dialog.RemoteSDP()); err == nil {
			err = c.apply()
		}
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	c.sender.talk(c.cfg.Talking)
	c.tasks.Go(func() { c.sender.run(c.ctx) })
	c.tasks.Go(func() {
		select {
		case <-dialog.Done():
			c.end()
		case <-c.ctx.Done():
		}
	})
	return nil
}

// Talk makes the caller talk or be silent.
func (c *Caller) Talk(on bool) { c.sender.talk(on) }

// Dialog returns the SIP dialog; nil before the call is answered.
func (c *Caller) Dialog() *sip.Dialog {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialog
}

// Media returns what is agreed at the moment.
func (c *Caller) Media() sdp.Media {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agreement.Media()
}

// Picture returns the newest decoded picture, which the asker must release;
// nil when there is none.
func (c *Caller) Picture() *codecs.Picture { return c.pictures.picture() }

// Heard returns the level of one frequency (Hz) in the last second of what he
// hears, dBov.
func (c *Caller) Heard(freq float64) float64 {
	return clip.Goertzel(c.sounds.lastSecond(1), freq)
}

// Listen returns the given share (0..1) of the last second of what he hears.
func (c *Caller) Listen(share float64) []float32 { return c.sounds.lastSecond(share) }

// Await waits until the condition holds, looking again whenever something
// arrives. It returns ErrEnded when the call ends first.
func (c *Caller) Await(ctx context.Context, holds func(*Caller) bool) error {
	for {
		c.pulseMu.Lock()
		changed := c.changed
		c.pulseMu.Unlock()
		if holds(c) {
			return nil
		}
		select {
		case <-changed:
		case <-c.over:
			return ErrEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// AwaitPicture waits until a picture that he is shown fits.
func (c *Caller) AwaitPicture(ctx context.Context, fits func(*codecs.Picture) bool) error {
	return c.Await(ctx, func(c *Caller) bool {
		p := c.Picture()
		defer p.Release()
		return p != nil && fits(p)
	})
}

func (c *Caller) pulse() {
	c.pulseMu.Lock()
	defer c.pulseMu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
}

// SetLoss changes the share of packets lost towards him and from him. It does
// nothing without a Network in his Config.
func (c *Caller) SetLoss(in, out float64) {
	for _, l := range c.links {
		if l != nil {
			l.set(in, out)
		}
	}
}

// SentAt returns when picture n (Mark.Picture) of his clip was last sent, zero
// if never.
func (c *Caller) SentAt(n int) time.Time { return c.sender.sentAt(n) }

// RequestKeyFrame asks the far end for a key frame, as after a loss.
func (c *Caller) RequestKeyFrame() bool {
	c.mu.Lock()
	s := c.streams[video]
	c.mu.Unlock()
	return s != nil && s.RequestKeyFrame()
}

// Stats returns what he measured so far.
func (c *Caller) Stats() Stats {
	now := time.Now()
	c.mu.Lock()
	streams, ended := c.streams, c.ended
	c.mu.Unlock()
	if !ended.IsZero() {
		now = ended
	}
	s := Stats{
		Joined: c.joined, Length: now.Sub(c.began), Video: c.pictures.report(now), Audio: c.sounds.report(),
		InfoKeyFrames: c.infoKeys.Load(),
	}
	if d := c.Dialog(); d != nil {
		s.Transport = d.Transport()
	}
	c.sender.report(&s)
	if streams[audio] != nil {
		s.Audio.RTP = streams[audio].Stats()
	}
	if streams[video] != nil {
		s.Video.RTP = streams[video].Stats()
	}
	for _, l := range c.links {
		if l != nil {
			s.Dropped += l.dropped.Load()
		}
	}
	return s
}

// Done is closed when the call is over.
func (c *Caller) Done() <-chan struct{} { return c.over }

// end notes that the call is over.
func (c *Caller) end() {
	c.finish.Do(func() {
		c.mu.Lock()
		c.ended = time.Now()
		c.mu.Unlock()
		close(c.over)
	})
}

// Hangup says BYE, waits for the answer and frees everything.
func (c *Caller) Hangup(ctx context.Context) error {
	var err error
	if d := c.Dialog(); d != nil {
		err = d.Bye(ctx)
		if errors.Is(err, sip.ErrEnded) {
			err = nil
		}
	}
	c.Close()
	return err
}

// Vanish stops his media for good without a word, as when a cable is pulled:
// no BYE by SIP or RTCP. His SIP side stays until Close, and answers the far
// end's requests.
func (c *Caller) Vanish() {
	c.mu.Lock()
	c.gone = true
	transports, streams := c.transports, c.streams
	c.mu.Unlock()
	for _, t := range transports {
		if t != nil {
			t.Close() // before the stream is closed, so that it cannot say BYE
		}
	}
	c.closeStreams(streams)
}

// Close ends the call, if it still runs, and frees everything that the caller
// holds. What he recorded is complete afterwards. A second Close waits for the
// first.
func (c *Caller) Close() {
	c.closing.Do(func() {
		defer close(c.closed)
		if c.server != nil {
			if err := c.server.Close(); err != nil {
				c.log.Warn("sip did not close cleanly", "err", err)
			}
		}
		c.mu.Lock()
		c.gone = true
		transports, streams := c.transports, c.streams
		c.mu.Unlock()
		c.end()
		c.stop()
		c.tasks.Wait()
		c.closeStreams(streams)
		for i, t := range transports {
			if t != nil && streams[i] == nil {
				t.Close()
			}
		}
		c.pictures.close()
		c.sounds.close()
		if c.recorder != nil {
			if err := c.recorder.close(); err != nil {
				c.log.Warn("recording", "err", err)
			}
		}
	})
	<-c.closed
}

func (c *Caller) closeStreams(streams [2]*rtp.Stream) {
	for _, s := range streams {
		if s != nil {
			s.Close()
		}
	}
	for _, l := range c.links {
		if l != nil {
			l.close()
		}
	}
}
