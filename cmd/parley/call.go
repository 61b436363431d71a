package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
	"parley/config"
	"parley/signaling/sdp"
	"parley/signaling/sip"
)

// callCommand is `parley call`.
type callCommand struct {
	URI       string        `arg:"" name:"address" help:"Whom to call, such as sip:meet@192.0.2.1"`
	Name      string        `default:"Parley caller" help:"Name that the others see."`
	Duration  time.Duration `short:"d" help:"Hang up after this time. Without it: at Ctrl-C, or when the other side does."`
	Record    string        `short:"r" placeholder:"FILE.mp4" help:"Write what comes back into a file."`
	Look      int           `default:"0" placeholder:"0..15" help:"Which of sixteen made-up people to be."`
	Silent    bool          `help:"Say nothing. Otherwise a made-up voice speaks."`
	Watch     bool          `help:"Only watch and listen: send nothing."`
	NoVideo   bool          `help:"Call with sound only."`
	Video     string        `placeholder:"FILE" help:"Show the pictures of this media file, round and round, in place of a made-up person."`
	Audio     string        `placeholder:"FILE" help:"Play the sound of this media file, round and round, in place of a made-up voice."`
	Size      string        `default:"1280x720" help:"Size of the picture sent. What a file shows is scaled to it, with black bars where its shape is another."`
	Transport string        `enum:"udp,tcp,tls,auto" default:"auto" help:"How SIP travels: udp, tcp, tls, or auto (as the address says). Even with udp, requests that are large for a datagram go over TCP where the far end takes it (RFC 3261 section 18.1.1)."`
	JSON      bool          `help:"Write what was measured as JSON."`
	Verbose   bool          `short:"v" help:"Log what happens."`
}

// Help is the longer text of --help.
func (*callCommand) Help() string {
	return `It sends a made-up person and voice, or what is in media files, and measures what
it is sent.

A file is anything that FFmpeg reads: MP4, MKV, Y4M, WAV and many more. Of a longer
one the first 30 seconds are taken. Name the same file twice to send its pictures
with its own sound; they stay together.

Examples:

  parley call sip:meet@192.0.2.1                          until Ctrl-C
  parley call sip:meet@192.0.2.1 -d 10s -r call.mp4       ten seconds, recorded
  parley call sip:meet@192.0.2.1 --watch -d 5s --json     what would I be sent?
  parley call sip:meet@192.0.2.1 --video talk.mp4 --audio talk.mp4
  parley call sip:meet@192.0.2.1 --no-video --audio song.wav
  parley call sip:meet@192.0.2.1:5061 --transport tls`
}

// dialTimeout is longer than SIP itself tries (RFC 3261 section 17.1.1.2, timer B: 32 s).
const dialTimeout = 40 * time.Second

// Run implements the command.
func (c *callCommand) Run(ctx context.Context, o *output) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	level := config.LevelError
	if c.Verbose {
		level = config.LevelDebug
	}
	cfg.Log = newLog(o.progress, config.Log{Level: level, Format: config.FormatText})
	cfg.Library.OnReading = func(r clip.Reading) error { return reading(ctx, o.progress, r) }
	if err := cfg.Prepare(); err != nil { // before the call is answered, or its time begins
		if ctx.Err() != nil {
			return errors.New("given up before anybody was called")
		}
		return err
	}
	fmt.Fprintf(o.progress, "calling %s\n", cfg.URI)
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	call, err := caller.Dial(dialing, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("given up before the call was answered")
		}
		return explainCall(err, cfg.URI)
	}
	defer call.Close()
	answered := call.Stats()
	fmt.Fprintf(o.progress, "answered after %d ms over %s; Ctrl-C hangs up\n", answered.Joined.Milliseconds(), strings.ToUpper(answered.Transport))
	c.follow(ctx, call, o.progress)
	stats := call.Stats()
	ending, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := call.Hangup(ending); err != nil {
		fmt.Fprintln(o.progress, "hanging up:", err)
	}
	return c.report(o.out, stats)
}

// reading tells how far the reading of a media file has come, and ends it with ctx.
func reading(ctx context.Context, w io.Writer, r clip.Reading) error {
	switch {
	case r.Length > 0 && r.Cut:
		fmt.Fprintf(w, "%s: its first %v will be sent, round and round\n", r.File, r.Length)
	case r.Length > 0:
		fmt.Fprintf(w, "%s: %v will be sent, round and round\n", r.File, r.Length)
	case r.At == 0:
		fmt.Fprintf(w, "reading %s\n", r.File)
	case r.At%(5*time.Second) == 0:
		fmt.Fprintf(w, "  %v of it\n", r.At)
	}
	return ctx.Err()
}

// follow tells once a second how the call goes, until it ends.
func (c *callCommand) follow(ctx context.Context, call *caller.Caller, w io.Writer) {
	var over <-chan time.Time
	if c.Duration > 0 {
		timer := time.NewTimer(c.Duration)
		defer timer.Stop()
		over = timer.C
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprintln(w, progressLine(call.Stats()))
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-call.Done():
			fmt.Fprintln(w, "the other side ended the call")
			return
		}
	}
}

func progressLine(s caller.Stats) string {
	v, a := s.Video, s.Audio
	line := fmt.Sprintf("%5.0f s  ", s.Length.Seconds())
	if v.AccessUnits > 0 {
		line += fmt.Sprintf("%dx%d at %.0f, %.0f kbit/s, %d lost  ", v.Width, v.Height, v.FPS, v.RTP.ReceivedBitrate/1000, v.RTP.Lost)
	} else {
		line += "no picture  "
	}
	if a.Packets > 0 {
		return line + fmt.Sprintf("%s %.0f dBov, %d lost", a.Codec, a.Level, a.RTP.Lost)
	}
	return line + "no sound"
}

// config turns the flags into a caller.
func (c *callCommand) config() (caller.Config, error) {
	width, height, err := parseSize(c.Size)
	if err != nil {
		return caller.Config{}, err
	}
	if c.Look < 0 || c.Look >= clip.Callers {
		return caller.Config{}, &usageError{fmt.Sprintf("--look %d: there are 0 to %d", c.Look, clip.Callers-1)}
	}
	if err := c.checkFiles(); err != nil {
		return caller.Config{}, err
	}
	uri, host, err := parseURI(c.URI, c.Transport)
	if err != nil {
		return caller.Config{}, err
	}
	if c.Record != "" {
		if err := writable(c.Record); err != nil {
			return caller.Config{}, err
		}
	}
	cfg := caller.Config{
		URI: uri, Name: c.Name, UserAgent: "Parley-call/" + version, Library: clip.NewLibrary(native.Codecs()),
		AudioOnly: c.NoVideo, Talking: !c.Silent, Record: c.Record, Address: ownAddress(host),
		H264: sdp.H264Local{Level: 40}, // up to 1080p30
	}
	if !c.Watch {
		cfg.Sound = &clip.SoundSpec{File: c.Audio, Kind: clip.Speech, Caller: c.Look}
		if !c.NoVideo {
			cfg.Video = &clip.VideoSpec{
				File: c.Video, Caller: c.Look, Style: clip.Person, Name: c.Name,
				Width: width, Height: height, Profile: codecs.ConstrainedBaseline,
			}
		}
	}
	return cfg, nil
}

// checkFiles refuses files that would not be sent, or be overwritten.
func (c *callCommand) checkFiles() error {
	switch {
	case c.Watch && c.Video+c.Audio != "":
		return &usageError{"--watch sends nothing, and so no file; leave one of the two out"}
	case c.NoVideo && c.Video != "":
		return &usageError{"--no-video and --video exclude each other"}
	case c.Silent && c.Audio != "":
		return &usageError{"--silent and --audio exclude each other"}
	case c.Record != "" && !strings.EqualFold(filepath.Ext(c.Record), ".mp4"):
		name := strings.TrimSuffix(c.Record, filepath.Ext(c.Record)) + ".mp4"
		return &usageError{fmt.Sprintf("--record %s: recordings are MP4 files; name it %s", c.Record, name)}
	}
	if written, err := os.Stat(c.Record); err == nil {
		for _, file := range [...]string{c.Video, c.Audio} {
			if read, err := os.Stat(file); err == nil && os.SameFile(read, written) {
				return &usageError{fmt.Sprintf("--record %s would overwrite what is sent", c.Record)}
			}
		}
	}
	return nil
}

// explainCall adds the next step to the error of a call.
func explainCall(err error, uri string) error {
	var status *sip.StatusError
	if errors.As(err, &status) {
		if text := warningText(status.Header["Warning"]); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
	}
	switch {
	case errors.As(err, &status) && status.Code == 404:
		return fmt.Errorf("%w\nNothing there answers to that name. The node's page lists what can be dialled", err)
	case errors.As(err, &status) && (status.Code == 486 || status.Code == 503 || status.Code == 480):
		return fmt.Errorf("%w\nThe node or the conference is full; try again later", err)
	case errors.As(err, &status) && status.Code == 408, errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w\nNobody answered at %s. Does the node run, and does a firewall let SIP through?", err, uri)
	case strings.Contains(err.Error(), "connection refused"):
		return fmt.Errorf("%w\nNothing listens there. Does the node run? Start one with: parley serve", err)
	}
	return err
}

// warningText returns what a Warning field (RFC 3261 section 20.43: a code, an
// agent and a quoted text) says to people.
func warningText(field string) string {
	_, quoted, ok := strings.Cut(field, `"`)
	if !ok {
		return ""
	}
	var text strings.Builder
	escaped := false
	for _, r := range quoted {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
			continue
		case r == '"':
			return text.String()
		}
		if unicode.IsPrint(r) { // it goes to a terminal
			text.WriteRune(r)
		}
	}
	return ""
}

// parseURI checks a SIP URI, adds what was left out and returns its host, too.
func parseURI(uri, transport string) (full, host string, err error) {
	full = uri
	if !strings.HasPrefix(full, "sip:") && !strings.HasPrefix(full, "sips:") {
		full = "sip:" + full
	}
	_, rest, _ := strings.Cut(full, ":")
	user, host, ok := strings.Cut(rest, "@")
	host, _, _ = strings.Cut(host, ";")
	if !ok || user == "" || host == "" {
		return "", "", &usageError{fmt.Sprintf("%q is no address to call; write it like sip:meet@192.0.2.1", uri)}
	}
	if transport != "auto" && !strings.Contains(full, ";transport=") {
		full += ";transport=" + transport
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return full, strings.Trim(host, "[]"), nil
}

// ownAddress returns the address of this machine that packets to host leave
// from; invalid when that cannot be told, and then the call says why.
func ownAddress(host string) netip.Addr {
	conn, err := net.Dial("udp", net.JoinHostPort(host, "9")) // sends nothing
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	if a, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

func parseSize(text string) (width, height int, err error) {
	if n, err := fmt.Sscanf(text, "%dx%d", &width, &height); n != 2 || err != nil || width < 64 || height < 64 ||
		width > 1920 || height > 1088 || width%2 != 0 || height%2 != 0 {
		return 0, 0, &usageError{fmt.Sprintf("--size %s: write it like 1280x720, even, from 64x64 to 1920x1088", text)}
	}
	return width, height, nil
}

// writable checks that a recording can be written before anybody calls.
func writable(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return f.Close()
}
