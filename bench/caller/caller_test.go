package caller

import (
	"context"
	"os"
	"testing"
	"time"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/native"
	"parley/engine/rtp"
	"parley/signaling"
	"parley/signaling/sdp"
)

var library = clip.NewLibrary(native.Codecs())

func TestMain(m *testing.M) {
	code := m.Run()
	if n := codecs.PicturesLive(); n != 0 {
		println("pictures still held:", n)
		code = 1
	}
	if n := rtp.TransportsOpen(); n != 0 {
		println("transports still open:", n)
		code = 1
	}
	os.Exit(code)
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// small is a clip that is quickly encoded.
func small(caller int) *clip.VideoSpec {
	return &clip.VideoSpec{Caller: caller, Width: 320, Height: 180, FPS: 30, Bitrate: 300_000}
}

func dial(t *testing.T, uri string, change func(*Config)) *Caller {
	t.Helper()
	cfg := Config{URI: uri, Name: "Ada", Library: library, Video: small(2), Sound: &clip.SoundSpec{Kind: clip.Tone, Caller: 2}, Talking: true}
	if change != nil {
		change(&cfg)
	}
	c, err := Dial(patience(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// seesHimself waits until the caller sees the backdrop and hears the tone of
// the given caller.
func seesHimself(t *testing.T, c *Caller, caller int) {
	t.Helper()
	if err := c.AwaitPicture(patience(t), func(p *codecs.Picture) bool {
		mean, _ := clip.CellColour(p, clip.Whole(p).Backdrop())
		got, _ := clip.NearestCaller(mean)
		m, ok := clip.ReadMark(p, clip.Whole(p))
		marked := ok && m.Caller == caller || !canRecord // the fake codec keeps no details
		return got == caller && marked
	}); err != nil {
		t.Fatalf("no picture of caller %d: %v, %+v", caller, err, c.Stats())
	}
}

func hears(t *testing.T, c *Caller, freq float64) {
	t.Helper()
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Heard(freq) > -23 }); err != nil {
		t.Fatalf("%.0f Hz at %.1f dBov: %v, %+v", freq, c.Heard(freq), err, c.Stats().Audio)
	}
}

func TestCallerSeesAndHears(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"udp":        nil,
		"late offer": func(c *Config) { c.LateOffer = true },
		"rtcp-mux":   func(c *Config) { c.RTCPMux = true },
		"G722":       func(c *Config) { c.AudioCodecs = []string{codecs.G722} },
		"PCMU":       func(c *Config) { c.AudioCodecs = []string{codecs.PCMU} },
		"baseline mode 0": func(c *Config) {
			c.H264 = sdp.H264Local{Profiles: []codecs.Profile{codecs.ConstrainedBaseline}, PacketizationModes: []int{0}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, uri := reflect(t, nil)
			c := dial(t, uri, change)
			seesHimself(t, c, 2)
			hears(t, c, clip.ToneOf(2))
			if l := c.Heard(clip.ToneOf(3)); l > -50 {
				t.Errorf("another caller's tone at %.1f dBov", l)
			}
			c.Talk(false)
			if err := c.Await(patience(t), func(c *Caller) bool { return c.Heard(clip.ToneOf(2)) < -60 }); err != nil {
				t.Errorf("still heard after silence: %.1f dBov", c.Heard(clip.ToneOf(2)))
			}
			s := c.Stats()
			if s.Video.FirstPicture == 0 || s.Joined == 0 || s.Video.Width != 320 || s.Video.KeyFrames == 0 || s.Video.DecodeErrors > 0 {
				t.Errorf("%+v", s)
			}
			if err := c.Hangup(patience(t)); err != nil {
				t.Error(err)
			}
			if c.Picture() != nil {
				t.Error("a picture after the end")
			}
		})
	}
}

func TestHoldStopsMediaAndResumeBringsThemBack(t *testing.T) {
	_, uri := reflect(t, nil)
	c := dial(t, uri, nil)
	seesHimself(t, c, 2)
	if err := c.Hold(patience(t)); err != nil {
		t.Fatal(err)
	}
	if m := c.Media(); m.Video.Receive || m.Audio.Receive {
		t.Errorf("on hold and receiving: %+v", m.Video)
	}
	sent := c.Stats().Video.Sent
	if err := c.Resume(patience(t)); err != nil {
		t.Fatal(err)
	}
	keys := c.Stats().Video.KeyFrames
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().Video.KeyFrames > keys }); err != nil {
		t.Fatalf("no key frame after resume: %v", err)
	}
	if n := c.Stats().Video.Sent; n <= sent {
		t.Errorf("%d pictures sent before, %d after", sent, n)
	}
}

func TestLossIsRepaired(t *testing.T) {
	_, uri := reflect(t, nil)
	c := dial(t, uri, func(c *Config) {
		c.Network = &Network{LossIn: 0.05, LossOut: 0.05, Seed: 1}
		c.Video.Noise = 8
	})
	seesHimself(t, c, 2)
	if err := c.Await(patience(t), func(c *Caller) bool {
		s := c.Stats()
		return s.Dropped > 30 && s.Video.RTP.NACKsSent > 0
	}); err != nil {
		t.Fatalf("%v: %+v", err, c.Stats())
	}
	c.SetLoss(0, 0)
	decoded := c.Stats().Video.Decoded
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().Video.Decoded > decoded+60 }); err != nil {
		t.Fatalf("did not recover: %+v", c.Stats())
	}
}

func TestKeyFrameByInfoWithoutFeedback(t *testing.T) {
	r, uri := reflect(t, func(r *reflector) { r.feedback = false })
	c := dial(t, uri, nil)
	seesHimself(t, c, 2)
	keys := c.Stats().Video.SentKeyFrames
	r.tell(signaling.Event{Kind: signaling.EventKeyFrame})
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().InfoKeyFrames == 1 }); err != nil {
		t.Fatalf("%v: %+v", err, c.Stats())
	}
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().Video.SentKeyFrames > keys }); err != nil {
		t.Fatal(err)
	}
}

func TestFarEndHangsUp(t *testing.T) {
	r, uri := reflect(t, nil)
	c := dial(t, uri, func(c *Config) { c.Decode = DecodeNone })
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().Video.FirstPicture > 0 }); err != nil {
		t.Fatal(err)
	}
	r.tell(signaling.Event{Kind: signaling.EventEnd, Reason: "enough"})
	select {
	case <-c.Done():
	case <-patience(t).Done():
		t.Fatal("the call goes on")
	}
	if err := c.Hold(patience(t)); err == nil {
		t.Error("held a call that is over")
	}
}

func TestVanishIsSilent(t *testing.T) {
	_, uri := reflect(t, nil)
	c := dial(t, uri, nil)
	seesHimself(t, c, 2)
	c.Vanish()
	sent := c.Stats().Video.Sent
	c.Close()
	if n := c.Stats().Video.Sent; n > sent+1 {
		t.Errorf("sent %d pictures after he vanished", n-sent)
	}
}

func TestRefused(t *testing.T) {
	_, uri := reflect(t, nil)
	_, err := Dial(patience(t), Config{URI: uri, Name: "Bob", Library: library, AudioOnly: true, AudioCodecs: []string{codecs.PCMA}})
	if err == nil {
		t.Fatal("a call without a common codec was taken")
	}
}

func TestRecording(t *testing.T) {
	if !canRecord {
		t.Skip("no media files in this build")
	}
	_, uri := reflect(t, nil)
	path := t.TempDir() + "/call.mp4"
	c := dial(t, uri, func(c *Config) { c.Record = path })
	if err := c.Await(patience(t), func(c *Caller) bool { return c.Stats().Video.Decoded > 30 }); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if st, err := os.Stat(path); err != nil || st.Size() < 1000 {
		t.Errorf("recording: %v, %v", st, err)
	}
}
