package load

// Costs is what work takes on this machine, seconds of one processor.
type Costs struct {
	Decode      float64 `json:"decode"`       // a megapixel of video
	DecodeSmall float64 `json:"decode_small"` // the same for thumbnails: without the loop filter
	Encode      float64 `json:"encode"`       // a megapixel of video
	AudioDecode float64 `json:"audio_decode"` // a second of sound
	AudioEncode float64 `json:"audio_encode"` // a second of sound
}

// Typical is what is assumed until it is measured: a slow core.
var Typical = Costs{
	Decode: 0.002, DecodeSmall: 0.0013, Encode: 0.007, AudioDecode: 0.002, AudioEncode: 0.01,
}

// valid reports whether these can be the costs of anything.
func (c Costs) valid() bool {
	for _, v := range [...]float64{c.Decode, c.DecodeSmall, c.Encode, c.AudioDecode, c.AudioEncode} {
		if !(v > 0 && v < 1) {
			return false
		}
	}
	return true
}

const (
	// overhead is what drawing, packets, reports and waking take, as a share of
	// the codecs' work: a node by its codecs alone is measured at 1.3 to 1.4.
	overhead = 0.35
	// perStream is what a participant takes who shares all pictures.
	perStream = 0.003
	// halfStrip is what is left of a strip at half its frame rate: what moves
	// has moved further in each of its frames.
	halfStrip = 0.55
	// ownMixes is how many talkers hear a mix of their own.
	ownMixes = 3
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
	Parties   int     // that are there already
	OnStage   int     // how many can be seen: one large, the rest small
	Sends     Video   // zero = no picture
	Takes     Video   // zero = no picture
	Shares    bool    // somebody takes pictures of that kind already
	OwnHidden bool    // everybody on stage has a strip of his own
	OwnAuto   bool    // but not any more from the step OwnShown on
	Thumbnail float64 // share of what he takes that is the strip of thumbnails
}

// Predict returns what the participant adds at that step, in processors. Half
// the frame rate of everything is not counted on.
func (c Costs) Predict(j Join, at Step) float64 {
	cost := c.AudioDecode
	if j.Parties <= ownMixes { // the first needs the common mix
		cost += c.AudioEncode
	}
	switch {
	case j.Parties >= j.OnStage:
	case j.Parties < 2: // the current speaker and the previous one are seen large
		cost += c.Decode * j.Sends.rate()
	default:
		cost += c.DecodeSmall * j.Sends.rate()
	}
	encode := c.Encode * j.Takes.rate()
	large, strip := encode*(1-j.Thumbnail), encode*j.Thumbnail
	if at >= Thumbnails && j.Thumbnail < 1 { // pictures of one band keep their rate
		strip *= halfStrip
	}
	hidden := j.OwnHidden && (!j.OwnAuto || at < OwnShown)
	switch {
	case !j.Shares, j.Parties == 1: // the only one before him sees him now, not the welcome
		cost += large + strip
	case hidden && j.Parties < j.OnStage:
		cost += strip
	}
	return cost*(1+overhead) + perStream
}

// Mix is what the load is made of, in shares of all of it.
type Mix struct {
	Strips float64 // encoding strips of thumbnails
	Own    float64 // thereof those that are not needed once own thumbnails are shown
}

// Relief returns which share of a load of that mix the steps from now to
// OwnShown would save.
func (m Mix) Relief(now Step) float64 {
	strips, own := m.Strips-m.Own, m.Own
	if now < Thumbnails {
		strips, own = strips*halfStrip, own*halfStrip
	}
	if now < OwnShown {
		own = 0
	}
	return m.Strips - strips - own
}
