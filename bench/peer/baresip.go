package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley/bench/clip"
	"parley/codecs"
)

// PhoneConfig says what a phone shows and says, whichever program it is.
type PhoneConfig struct {
	Dir       string // an empty folder of its own
	Name      string // display name and user, letters and digits
	Library   *clip.Library
	Picture   clip.VideoSpec // what its camera sees
	Tone      float64        // Hz of what its microphone hears, a whole number
	Transport string         // "udp" (or ""), "tcp", "tls" (the far end's certificate is not checked)
}

// Baresip is a baresip of Debian's baresip-core and baresip-ffmpeg, without
// screen and sound card. It speaks Opus, G.722 and G.711, and H.264 in
// packetization mode 0.
type Baresip struct {
	*Process
	dir  string
	user string
	port int
	conn net.Conn

	mu      sync.Mutex
	events  []BaresipEvent             // guarded by mu
	changed chan struct{}              // guarded by mu
	answers map[string]chan ctrlAnswer // guarded by mu
	next    int                        // guarded by mu
	shots   int                        // guarded by mu
	muted   bool                       // guarded by mu
	reading chan struct{}              // closed when the control connection is read to its end
}

// BaresipEvent is an event that baresip told.
type BaresipEvent struct {
	Type  string `json:"type"` // CALL_ESTABLISHED and the like
	ID    string `json:"id"`   // of the call
	Peer  string `json:"peeruri"`
	Param string `json:"param"`
}

type ctrlAnswer struct {
	Event    bool   `json:"event"`
	Response bool   `json:"response"`
	OK       bool   `json:"ok"`
	Data     string `json:"data"`
	Token    string `json:"token"`
}

// clipLength is how long a phone's camera lasts.
const clipLength = 3 * time.Minute

const baresipModules = "/usr/lib/baresip/modules"

// NewBaresip starts a baresip and waits until it can be driven.
func NewBaresip(ctx context.Context, c PhoneConfig) (*Baresip, error) {
	if _, err := os.Stat(baresipModules + "/avformat.so"); err != nil {
		return nil, fmt.Errorf("baresip-ffmpeg: %w", ErrMissing)
	}
	port, err := freePort(2) // SIP, SIP over TLS, control
	if err != nil {
		return nil, err
	}
	if err := writeBaresip(c, port); err != nil {
		return nil, err
	}
	p, err := start(c.Dir, nil, "baresip", "-4", "-f", c.Dir, "-v")
	if err != nil {
		return nil, err
	}
	b := &Baresip{
		Process: p, dir: c.Dir, user: strings.ToLower(c.Name), port: port, changed: make(chan struct{}),
		answers: map[string]chan ctrlAnswer{}, reading: make(chan struct{}),
	}
	if _, err = p.Await(ctx, `baresip is ready`); err == nil {
		b.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+2)))
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("peer: baresip did not start: %w\n%s", err, p.Output())
	}
	go b.listen()
	return b, nil
}

// writeBaresip writes its configuration.
func writeBaresip(c PhoneConfig, port int) error {
	v, err := c.Library.Video(c.Picture)
	if err != nil {
		return err
	}
	camera := filepath.Join(c.Dir, "camera.mp4")
	if err := writeClip(camera, v, clipLength); err != nil {
		return err
	}
	transport := c.Transport
	if transport == "" {
		transport = "udp"
	}
	media, err := freePort(9)
	if err != nil {
		return err
	}
	// The sine's level is baresip's own: full scale.
	config := fmt.Sprintf(`poll_method epoll
sip_listen 127.0.0.1:%d
net_interface 127.0.0.1
call_max_calls 4
audio_source ausine,%.0f
audio_player fakeaudio,nil
audio_alert none,nil
ausrc_srate 48000
ausrc_channels 2
auplay_srate 48000
auplay_channels 2
video_source avformat,%s
video_display fakevideo,nil
video_size %dx%d
video_bitrate 1000000
video_fps %d
videnc_format yuv420p
rtp_ports %d-%d
jitter_buffer_delay 1-10
opus_stereo no
opus_bitrate 48000
snd_path %s
statmode_default off
ctrl_tcp_listen 127.0.0.1:%d
module_path %s
`, port, c.Tone, camera, v.Spec.Width, v.Spec.Height, v.Spec.FPS, media, media+9, c.Dir, port+2, baresipModules)
	for _, m := range []string{"opus", "g722", "g711", "sndfile", "ausine", "avcodec", "avformat", "snapshot", "fakevideo"} {
		config += "module " + m + ".so\n"
	}
	config += "module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
	account := fmt.Sprintf("\"%s\" <sip:%s@127.0.0.1:%d;transport=%s>;regint=0;answermode=auto\n",
		c.Name, strings.ToLower(c.Name), port, transport)
	return errors.Join(
		os.WriteFile(filepath.Join(c.Dir, "config"), []byte(config), 0o644),
		os.WriteFile(filepath.Join(c.Dir, "accounts"), []byte(account), 0o644),
		os.WriteFile(filepath.Join(c.Dir, "contacts"), nil, 0o644),
	)
}

// URI returns the address at which it can be called.
func (b *Baresip) URI() string { return fmt.Sprintf("sip:%s@127.0.0.1:%d", b.user, b.port) }

// listen reads answers and events until the connection ends.
func (b *Baresip) listen() {
	defer close(b.reading)
	r := bufio.NewReader(b.conn)
	for {
		raw, err := readNetstring(r)
		if err != nil {
			return
		}
		var a ctrlAnswer
		if json.Unmarshal(raw, &a) != nil {
			continue
		}
		b.mu.Lock()
		if a.Response {
			if ch := b.answers[a.Token]; ch != nil {
				ch <- a // holds one
				delete(b.answers, a.Token)
			}
		} else {
			var e BaresipEvent
			if json.Unmarshal(raw, &e) == nil {
				b.events = append(b.events, e)
				close(b.changed)
				b.changed = make(chan struct{})
			}
		}
		b.mu.Unlock()
	}
}

// Command runs one of its commands and returns what it prints.
func (b *Baresip) Command(ctx context.Context, command, params string) (string, error) {
	b.mu.Lock()
	b.next++
	token := strconv.Itoa(b.next)
	answer := make(chan ctrlAnswer, 1)
	b.answers[token] = answer
	body, err := json.Marshal(map[string]string{"command": command, "params": params, "token": token})
	if err == nil {
		_, err = b.conn.Write(appendNetstring(nil, body))
	}
	b.mu.Unlock()
	if err != nil {
		return "", err
	}
	select {
	case a := <-answer:
		if !a.OK {
			return "", fmt.Errorf("peer: baresip %s %s: %s", command, params, a.Data)
		}
		return a.Data, nil
	case <-b.reading:
		return "", fmt.Errorf("baresip: %w", ErrEnded)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// AwaitEvent waits for an event of the type, told before or after.
func (b *Baresip) AwaitEvent(ctx context.Context, kind string) (BaresipEvent, error) {
	for seen := 0; ; {
		b.mu.Lock()
		events, changed := b.events, b.changed
		b.mu.Unlock()
		for ; seen < len(events); seen++ {
			if events[seen].Type == kind {
				return events[seen], nil
			}
		}
		select {
		case <-changed:
		case <-b.reading:
			return BaresipEvent{}, fmt.Errorf("baresip, waiting for %s: %w", kind, ErrEnded)
		case <-ctx.Done():
			return BaresipEvent{}, fmt.Errorf("baresip, waiting for %s: %w", kind, ctx.Err())
		}
	}
}

// Dial calls and waits until the call is established.
func (b *Baresip) Dial(ctx context.Context, uri string) error {
	if _, err := b.Command(ctx, "dial", uri); err != nil {
		return err
	}
	_, err := b.AwaitEvent(ctx, "CALL_ESTABLISHED")
	return err
}

// Hangup ends the call.
func (b *Baresip) Hangup(ctx context.Context) error {
	if _, err := b.Command(ctx, "hangup", ""); err != nil {
		return err
	}
	_, err := b.AwaitEvent(ctx, "CALL_CLOSED")
	return err
}

// Talk unmutes its microphone, or mutes it.
func (b *Baresip) Talk(ctx context.Context, on bool) error {
	b.mu.Lock()
	toggle := b.muted == on
	b.muted = !on
	b.mu.Unlock()
	if !toggle {
		return nil
	}
	_, err := b.Command(ctx, "mute", "")
	return err
}

// Hold puts the call on hold, or takes it back. It does not wait for the far
// end's answer.
func (b *Baresip) Hold(ctx context.Context, on bool) error {
	command := "resume"
	if on {
		command = "hold"
	}
	_, err := b.Command(ctx, command, "")
	return err
}

// Picture returns the next picture that it shows; the caller releases it.
func (b *Baresip) Picture(ctx context.Context) (*codecs.Picture, error) {
	b.mu.Lock()
	b.shots++
	path := filepath.Join(b.dir, fmt.Sprintf("s%d.png", b.shots))
	b.mu.Unlock()
	if len(path) >= 100 {
		return nil, fmt.Errorf("peer: %s: baresip takes names below 100 bytes", path)
	}
	if _, err := b.Command(ctx, "snapshot_recv", path); err != nil {
		return nil, err
	}
	var p *codecs.Picture
	err := poll(ctx, func() (err error) { // the file grows while it is written
		p, err = readPNG(path)
		return err
	})
	return p, err
}

// Heard returns the last second or so of the sound that it decoded.
func (b *Baresip) Heard() ([]float32, error) {
	files, err := filepath.Glob(filepath.Join(b.dir, "dump-*-dec.wav"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, os.ErrNotExist)
	}
	sound, err := readWAV(files[len(files)-1])
	if err != nil {
		return nil, err
	}
	return sound[max(0, len(sound)-codecs.SampleRate):], nil
}

// Close ends it and waits.
func (b *Baresip) Close() {
	b.Process.Close()
	b.conn.Close()
	<-b.reading
}
