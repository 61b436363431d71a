package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Capture is a tshark that writes what passes the loopback interface to a file.
type Capture struct {
	*Process
	path string
	sip  int
}

// NewCapture starts capturing UDP and TCP packets that the filter (of libpcap)
// lets pass, and waits until it does. sipPort is where SIP is spoken. It needs
// the right to capture.
func NewCapture(ctx context.Context, dir, filter string, sipPort int) (*Capture, error) {
	path := filepath.Join(dir, "capture.pcapng")
	p, err := start(dir, nil, "tshark", "-i", "lo", "-f", filter, "-w", path, "-B", "32")
	if err != nil {
		return nil, err
	}
	if _, err := p.Await(ctx, `Capturing on`); err != nil {
		p.Close()
		return nil, fmt.Errorf("%w\n%s", err, p.Output())
	}
	// tshark says so before its child has opened the interface; the file is
	// there when it has.
	if err := poll(ctx, func() error { _, err := os.Stat(path); return err }); err != nil {
		p.Close()
		return nil, err
	}
	return &Capture{Process: p, path: path, sip: sipPort}, nil
}

// Stop ends the capture; its file is complete then.
func (c *Capture) Stop() { c.end(syscall.SIGINT) }

// Close is Stop.
func (c *Capture) Close() { c.Stop() }

// Path returns the file that is written.
func (c *Capture) Path() string { return c.path }

// Read returns the given fields of every packet that the display filter lets
// pass, after Stop. Payload types are learnt from the SDP in the capture.
func (c *Capture) Read(ctx context.Context, filter string, fields ...string) ([][]string, error) {
	args := []string{
		"-r", c.path, "-n", "-2", "-Y", filter, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a",
		"-d", "udp.port==" + strconv.Itoa(c.sip) + ",sip", "-d", "tcp.port==" + strconv.Itoa(c.sip) + ",sip",
		"-o", "rtp.heuristic_rtp:FALSE",
	}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := output(ctx, "tshark", args...)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		if line != "" {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows, nil
}

// output runs a program to its end and returns what it wrote to standard output.
func output(ctx context.Context, name string, args ...string) (string, error) {
	path, err := find(name)
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, path, args...).Output()
	exit := &exec.ExitError{}
	if errors.As(err, &exit) {
		return "", fmt.Errorf("peer: %s: %w: %s", name, err, exit.Stderr)
	}
	return string(out), err
}

// MediaFile is what ffprobe says about a media file.
type MediaFile struct {
	Streams []MediaStream `json:"streams"`
	Format  struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"` // seconds
	} `json:"format"`
}

// MediaStream is one stream of a MediaFile.
type MediaStream struct {
	Kind     string `json:"codec_type"` // video or audio
	Codec    string `json:"codec_name"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Frames   string `json:"nb_read_frames"`
	Duration string `json:"duration"` // seconds
}

// Probe decodes a media file with ffprobe and returns what it holds. Anything
// that ffprobe complains about on the way is an error.
func Probe(ctx context.Context, path string) (MediaFile, error) {
	var m MediaFile
	program, err := find("ffprobe")
	if err != nil {
		return m, err
	}
	cmd := exec.CommandContext(ctx, program, "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", path)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		return m, fmt.Errorf("peer: ffprobe %s: %w: %s", path, err, complaints.String())
	}
	return m, json.Unmarshal(out, &m)
}
