package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"parley/bench/clip"
	"parley/codecs"
)

// Linphone is a linphonec of Debian's linphone-cli, without screen and sound
// card. It speaks Opus and G.711, and H.264 by Cisco's OpenH264 in
// packetization mode 1.
type Linphone struct {
	*Process
	dir  string
	user string
	port int

	mu    sync.Mutex
	shots int // guarded by mu
}

// NewLinphone starts a linphonec and waits until it takes commands. Its camera
// shows a still picture of the clip, at its rate.
func NewLinphone(ctx context.Context, c PhoneConfig) (*Linphone, error) {
	plugins, _ := filepath.Glob("/usr/lib/*/mediastreamer/plugins/libmsopenh264.so")
	if len(plugins) == 0 {
		return nil, fmt.Errorf("mediastreamer2-plugin-openh264: %w", ErrMissing)
	}
	port, err := freePort(5)
	if err != nil {
		return nil, err
	}
	if err := writeLinphone(c, port); err != nil {
		return nil, err
	}
	env := []string{"HOME=" + c.Dir, "XDG_RUNTIME_DIR=" + c.Dir, "DISPLAY="}
	p, err := start(c.Dir, env, "linphonec", "-c", filepath.Join(c.Dir, "linphonerc"), "-V", "-d", "2",
		"-l", filepath.Join(c.Dir, "log"))
	if err != nil {
		return nil, err
	}
	l := &Linphone{Process: p, dir: c.Dir, user: strings.ToLower(c.Name), port: port}
	fps := c.Picture.FPS
	if fps == 0 {
		fps = 15
	}
	err = errors.Join(
		l.write("staticpic set "+filepath.Join(c.Dir, "camera.jpg")),
		l.write(fmt.Sprintf("staticpic fps %d", fps)),
		l.write("soundcard use files"),
		l.write("play "+filepath.Join(c.Dir, "silence.wav")),
		l.write("record "+l.recording()),
		l.write("codec list"),
	)
	if err == nil {
		_, err = p.Await(ctx, `opus.*enabled`)
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("%w\n%s", err, p.Output())
	}
	return l, nil
}

func writeLinphone(c PhoneConfig, port int) error {
	p, err := c.Picture.Draw(0)
	if err != nil {
		return err
	}
	defer p.Release()
	sound := clip.SoundSpec{Kind: clip.Tone, Freq: c.Tone, Seconds: 60}.Samples()
	udp, tcp, tls := port, -2, -2 // -2: off
	switch c.Transport {
	case "tcp":
		udp, tcp = -2, port
	case "tls":
		udp, tls = -2, port
	}
	// MSVoidSink stands for the screen: pictures are decoded and then dropped,
	// and linphone can still take snapshots.
	config := fmt.Sprintf(`[sip]
sip_port=%d
sip_tcp_port=%d
sip_tls_port=%d
verify_server_certs=0
verify_server_cn=0
contact="%s" <sip:%s@127.0.0.1:%d>
guess_hostname=0
ipv6_migration_done=1
use_ipv6=0
bind_address=127.0.0.1
register_only_when_network_is_up=0
media_encryption=none
[rtp]
audio_rtp_port=%d
video_rtp_port=%d
bind_address=127.0.0.1
[video]
enabled=1
capture=1
display=1
automatically_initiate=1
automatically_accept=1
device=StaticImage: Static picture
displaytype=MSVoidSink
size=vga
[misc]
store_friends=0
[video_codec_0]
mime=H264
rate=90000
enabled=1
recv_fmtp=profile-level-id=42801F;packetization-mode=1
[video_codec_1]
mime=VP8
rate=90000
enabled=0
`, udp, tcp, tls, c.Name, strings.ToLower(c.Name), port, port+2, port+4)
	return errors.Join(
		os.MkdirAll(filepath.Join(c.Dir, ".local/share/linphone"), 0o755),
		writeJPEG(filepath.Join(c.Dir, "camera.jpg"), p),
		writeWAV(filepath.Join(c.Dir, "microphone.wav"), sound, 16000),
		writeWAV(filepath.Join(c.Dir, "silence.wav"), make([]float32, len(sound)), 16000),
		os.WriteFile(filepath.Join(c.Dir, "linphonerc"), []byte(config), 0o644),
	)
}

// URI returns the address at which it can be called.
func (l *Linphone) URI() string { return fmt.Sprintf("sip:%s@127.0.0.1:%d", l.user, l.port) }

func (l *Linphone) recording() string { return filepath.Join(l.dir, "heard.wav") }

// Dial calls and waits until media are established.
func (l *Linphone) Dial(ctx context.Context, uri string) error {
	if err := l.write("call " + uri); err != nil {
		return err
	}
	m, err := l.Await(ctx, `(Media streams established|Call \d+ .* (?:ended|error|failed).*)`)
	if err == nil && m[1] != "Media streams established" {
		err = errors.New("peer: linphone: " + m[1])
	}
	return err
}

// Command gives it a command of linphonec.
func (l *Linphone) Command(line string) error { return l.write(line) }

// Hangup ends the call.
func (l *Linphone) Hangup(ctx context.Context) error {
	if err := l.write("terminate"); err != nil {
		return err
	}
	_, err := l.Await(ctx, `Call \d+ .* ended`)
	return err
}

// Talk gives its microphone the tone, or silence, during a call: to mute it has
// no effect on sound from files. Each call begins in silence, which linphone
// goes on mixing in.
func (l *Linphone) Talk(_ context.Context, on bool) error {
	name := "silence.wav"
	if on {
		name = "microphone.wav"
	}
	return l.write("play " + filepath.Join(l.dir, name))
}

// Hold puts the call on hold, or takes it back, and waits until it is done:
// linphone refuses the one while the other is on its way.
func (l *Linphone) Hold(ctx context.Context, on bool) error {
	command, told := "resume 1", `resumed|Media streams established`
	if on {
		command, told = "pause", `paused`
	}
	before := l.written()
	if err := l.write(command); err != nil {
		return err
	}
	_, err := l.awaitFrom(ctx, before, told)
	return err
}

// Picture returns the next picture that it shows; the caller releases it.
func (l *Linphone) Picture(ctx context.Context) (*codecs.Picture, error) {
	l.mu.Lock()
	l.shots++
	path := filepath.Join(l.dir, fmt.Sprintf("s%d.jpg", l.shots))
	l.mu.Unlock()
	if err := l.write("snapshot " + path); err != nil {
		return nil, err
	}
	var p *codecs.Picture
	err := poll(ctx, func() (err error) { // it is renamed when it is whole
		p, err = readJPEG(path)
		return err
	})
	return p, err
}

// Heard returns the last second or so of the sound that it decoded.
func (l *Linphone) Heard() ([]float32, error) {
	b, err := os.ReadFile(l.recording())
	if err != nil {
		return nil, err
	}
	if len(b) < 44 {
		return nil, errWAV
	}
	// Its header is written at the end; until then it is zeros.
	sound, err := samples(b[44:], 1, 1, codecs.SampleRate, 16)
	if err != nil {
		return nil, err
	}
	return sound[max(0, len(sound)-codecs.SampleRate):], nil
}

// Close ends it and waits.
func (l *Linphone) Close() {
	_ = l.write("quit") // it may have ended
	l.end(syscall.SIGTERM)
}
