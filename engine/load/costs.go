package load

import (
	"math"
	"math/rand/v2"
	"time"

	"parley/codecs"
)

// Costs is what work takes on this machine, seconds of one processor.
type Costs struct {
	Decode      float64 `json:"decode"`       // a megapixel of video
	Encode      float64 `json:"encode"`       // a megapixel of video
	AudioDecode float64 `json:"audio_decode"` // a second of sound
	AudioEncode float64 `json:"audio_encode"` // a second of sound
}

// Typical is what is assumed until it is measured: a slow core.
var Typical = Costs{Decode: 0.002, Encode: 0.008, AudioDecode: 0.002, AudioEncode: 0.01}

// overhead is what everything around the codecs takes, as a share of them, and
// perStream what a participant takes who shares all pictures: packets and reports.
const (
	overhead  = 0.25
	perStream = 0.003
)

// Video is a size of video and how often it comes.
type Video struct {
	Width, Height int // luma samples
	FPS           int
}

// rate returns megapixels per second.
func (v Video) rate() float64 { return float64(v.Width) * float64(v.Height) * float64(v.FPS) / 1e6 }

// Join describes somebody who wants to join a conference.
type Join struct {
	Parties   int   // that are there already
	OnStage   int   // how many can be seen: one large, the rest small
	Sends     Video // zero = no picture
	Takes     Video // zero = no picture
	Shares    bool  // somebody takes pictures of that kind already
	OwnHidden bool  // everybody on stage has a strip of his own
	Thumbnail float64
}

// Predict returns what the participant adds, in processors.
func (c Costs) Predict(j Join) float64 {
	cost := c.AudioDecode
	if j.Parties == 0 {
		cost += c.AudioEncode
	}
	if j.Parties < j.OnStage {
		cost += c.Decode * j.Sends.rate()
	}
	large, strip := j.Takes.rate()*(1-j.Thumbnail), j.Takes.rate()*j.Thumbnail
	switch {
	case !j.Shares:
		cost += c.Encode * (large + strip)
	case j.Parties == 1: // the other one sees him, not the welcome
		cost += c.Encode * (large + strip)
	case j.OwnHidden && j.Parties < j.OnStage:
		cost += c.Encode * strip
	}
	return cost*(1+overhead) + perStream
}

// Relief returns which share of a load the steps that are left would save
// without a lower frame rate of the large picture. Measured on conferences of
// eight, roughly: a third of the work is decoding, a half encoding.
func Relief(now Step) float64 {
	left := [...]float64{Full: 0.25, Effort: 0.15, Thumbnails: 0.08, OwnShown: 0, HalfRate: 0}
	return left[now]
}

// sample is what Measure works on: moving and noisy, as cameras are.
const (
	sampleWidth, sampleHeight = 640, 360
	samplePictures            = 60
	sampleBitrate             = 600_000
	samplePackets             = 100 // of 20 ms
)

// Measure finds the costs on this machine. It keeps one processor busy for
// about a second; clock returns the processor time of the calling thread.
func Measure(set codecs.Set, clock func() time.Duration) (Costs, error) {
	var c Costs
	enc, err := set.NewVideoEncoder(codecs.H264, codecs.VideoEncoderConfig{
		Width: sampleWidth, Height: sampleHeight, FPS: 30, Bitrate: sampleBitrate, Level: 31,
	})
	if err != nil {
		return c, err
	}
	defer enc.Close()
	dec, err := set.NewVideoDecoder(codecs.H264)
	if err != nil {
		return c, err
	}
	defer dec.Close()
	random := rand.New(rand.NewPCG(1, 1))
	pic := codecs.NewPicture(sampleWidth, sampleHeight)
	defer pic.Release()
	for n := range samplePictures {
		paint(pic, n, random)
		start := clock()
		au, err := enc.Encode(pic, false)
		encoded := clock()
		if err != nil {
			return c, err
		}
		out, err := dec.Decode(au.Data, uint32(n))
		decoded := clock()
		if err != nil {
			return c, err
		}
		out.Release()
		c.Encode += (encoded - start).Seconds()
		c.Decode += (decoded - encoded).Seconds()
	}
	megapixels := float64(sampleWidth*sampleHeight*samplePictures) / 1e6
	c.Encode /= megapixels
	c.Decode /= megapixels
	return c, c.measureSound(set, clock)
}

func (c *Costs) measureSound(set codecs.Set, clock func() time.Duration) error {
	enc, err := set.NewAudioEncoder(codecs.Opus, 0)
	if err != nil {
		return err
	}
	defer enc.Close()
	dec, err := set.NewAudioDecoder(codecs.Opus)
	if err != nil {
		return err
	}
	defer dec.Close()
	frame := make([]float32, codecs.FrameSamples)
	var packet []byte
	var samples []float32
	for n := range samplePackets {
		for i := range frame {
			at := float64(n*len(frame)+i) / codecs.SampleRate
			frame[i] = float32(0.3 * math.Sin(2*math.Pi*180*at) * math.Sin(2*math.Pi*3*at))
		}
		start := clock()
		if packet, err = enc.Encode(packet[:0], frame); err != nil {
			return err
		}
		encoded := clock()
		if samples, err = dec.Decode(samples[:0], packet); err != nil {
			return err
		}
		c.AudioEncode += (encoded - start).Seconds()
		c.AudioDecode += (clock() - encoded).Seconds()
	}
	const seconds = samplePackets / 50.0
	c.AudioEncode /= seconds
	c.AudioDecode /= seconds
	return nil
}

// paint makes picture n: waves that move, and noise.
func paint(p *codecs.Picture, n int, random *rand.Rand) {
	for y := range p.Height {
		row := p.Y[y*p.StrideY:][:p.Width]
		for x := range row {
			wave := math.Sin(float64(x+3*n)/23) + math.Sin(float64(y-2*n)/17)
			row[x] = byte(120 + 40*wave + float64(random.IntN(7)))
		}
	}
	for i := range p.U {
		p.U[i], p.V[i] = byte(100+n%30), 140
	}
}
