package capacity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"parley/bench/report"
)

// Result is what a measurement found. Times are seconds of processor time per
// second of conference, rates are per second of conference.
type Result struct {
	Machine      report.Machine    `json:"machine"`
	Libraries    map[string]string `json:"libraries"`
	Parties      int               `json:"parties"`
	OwnThumbnail string            `json:"own_thumbnail"`
	Mean         Slice             `json:"mean"`
	Slices       []Slice           `json:"slices"`
}

// Slice is what was found in one stretch of conference and the stretch of
// codec work that followed it.
type Slice struct {
	Seconds float64 `json:"seconds"` // of conference
	Node    Node    `json:"node"`
	Codec   Codec   `json:"codec"`
	// Elsewhere is the processor time that everything but the node took while it
	// was measured: the callers, and who else uses the machine.
	Elsewhere float64   `json:"elsewhere"`
	Receivers []float64 `json:"receivers"` // pictures per second that reached each caller
}

// Node is what the node took and did.
type Node struct {
	User      float64 `json:"user"`
	System    float64 `json:"system"`
	Encoders  int     `json:"encoders"` // at the end of the stretch
	Decoders  int     `json:"decoders"`
	Encoded   float64 `json:"encoded"` // pictures
	KeyFrames float64 `json:"key_frames"`
	Skipped   float64 `json:"skipped"` // pictures composed but not encoded
	Decoded   float64 `json:"decoded"`
	LateTicks float64 `json:"late_ticks"`
	LateMixes float64 `json:"late_mixes"`
}

// Codec is what the same codec work took alone.
type Codec struct {
	VideoDecode float64 `json:"video_decode"`
	VideoEncode float64 `json:"video_encode"`
	AudioDecode float64 `json:"audio_decode"`
	AudioEncode float64 `json:"audio_encode"`
	EncodedBits float64 `json:"encoded_bits"` // of one picture, to compare with the target rate
}

// CPU returns the processor time of the node.
func (s Slice) CPU() float64 { return s.Node.User + s.Node.System }

// Sum returns the processor time of all codec work.
func (c Codec) Sum() float64 { return c.VideoDecode + c.VideoEncode + c.AudioDecode + c.AudioEncode }

// Ratio returns how much more the node took than its codec work alone.
func (s Slice) Ratio() float64 { return s.CPU() / s.Codec.Sum() }

// PortsPerCore returns how many callers of such conferences one core holds.
func (r Result) PortsPerCore() float64 { return float64(r.Parties) / r.Mean.CPU() }

// add makes the mean of the slices.
func (r *Result) add() {
	var m Slice
	k := float64(len(r.Slices))
	m.Receivers = make([]float64, r.Parties)
	for _, s := range r.Slices {
		m.Seconds += s.Seconds
		m.Elsewhere += s.Elsewhere / k
		for i, f := range s.Receivers {
			m.Receivers[i] += f / k
		}
		n := &m.Node
		n.User += s.Node.User / k
		n.System += s.Node.System / k
		n.Encoders, n.Decoders = max(n.Encoders, s.Node.Encoders), max(n.Decoders, s.Node.Decoders)
		n.Encoded += s.Node.Encoded / k
		n.KeyFrames += s.Node.KeyFrames / k
		n.Skipped += s.Node.Skipped / k
		n.Decoded += s.Node.Decoded / k
		n.LateTicks += s.Node.LateTicks / k
		n.LateMixes += s.Node.LateMixes / k
		c := &m.Codec
		c.VideoDecode += s.Codec.VideoDecode / k
		c.VideoEncode += s.Codec.VideoEncode / k
		c.AudioDecode += s.Codec.AudioDecode / k
		c.AudioEncode += s.Codec.AudioEncode / k
		c.EncodedBits += s.Codec.EncodedBits / k
	}
	r.Mean = m
}

// MarshalJSON adds the derived figures.
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result
	return json.Marshal(struct {
		plain
		Ratio        float64 `json:"ratio"`
		PortsPerCore float64 `json:"ports_per_core"`
	}{plain(r), r.Mean.Ratio(), r.PortsPerCore()})
}

// String returns a table.
func (r Result) String() string {
	var text strings.Builder
	m := r.Mean
	fmt.Fprintf(&text, "%d parties, own thumbnail %s, %.0f s of conference; %s, %d cores, %s\n",
		r.Parties, r.OwnThumbnail, m.Seconds, r.Machine.Processor, r.Machine.Cores, r.Machine.Go)
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")+"\t") }
	line("CPU s/s", "node", "user", "system", "codecs alone", "decode", "encode", "opus", "ratio", "elsewhere")
	row := func(name string, s Slice) {
		n, c := s.Node, s.Codec
		line(name, f3(s.CPU()), f3(n.User), f3(n.System), f3(c.Sum()), f3(c.VideoDecode), f3(c.VideoEncode),
			f3(c.AudioDecode+c.AudioEncode), f3(s.Ratio()), f3(s.Elsewhere))
	}
	for i, s := range r.Slices {
		row(fmt.Sprint("slice ", i+1), s)
	}
	row("mean", m)
	_ = w.Flush() // into memory
	fmt.Fprintf(&text, "%.1f ports per core; %d encoders, %d decoders\n", r.PortsPerCore(), m.Node.Encoders, m.Node.Decoders)
	fmt.Fprintf(&text, "per second: %.1f pictures decoded, %.1f encoded (%.1f key frames), %.1f skipped, %.1f late ticks, %.1f late mixes\n",
		m.Node.Decoded, m.Node.Encoded, m.Node.KeyFrames, m.Node.Skipped, m.Node.LateTicks, m.Node.LateMixes)
	fmt.Fprintf(&text, "pictures per second at the receivers: %.1f to %.1f; codecs alone make %.1f kbit a picture\n",
		slices.Min(m.Receivers), slices.Max(m.Receivers), m.Codec.EncodedBits/1000)
	if m.Node.Skipped > 0.02*(m.Node.Encoded+m.Node.Skipped) {
		text.WriteString("the node had to leave out pictures: the machine is too small or others use it, and the figures are no capacity\n")
	}
	return text.String()
}

func f3(v float64) string { return fmt.Sprintf("%.3f", v) }
