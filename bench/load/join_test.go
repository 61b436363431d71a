package load

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"parley/bench/clip"
	"parley/codecs"
	"parley/codecs/fake"
)

// descriptors returns how many files and sockets this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// counted is a decoder that counts how many of them are open.
type counted struct {
	codecs.VideoDecoder
	open *int
}

func (d counted) Close() {
	*d.open--
	d.VideoDecoder.Close()
}

// Who does not get in leaves nothing behind, however far he got: neither sockets
// nor decoders nor what moves his packets.
func TestJoinFails(t *testing.T) {
	broken, open := errors.New("broken"), 0
	good := fake.Codecs()
	good.NewVideoDecoder = func(string) (codecs.VideoDecoder, error) {
		open++
		return counted{fake.NewVideoDecoder(), &open}, nil
	}
	unseeing, deaf := good, good
	unseeing.NewVideoDecoder = func(string) (codecs.VideoDecoder, error) { return nil, broken }
	deaf.NewAudioDecoder = func(string) (codecs.AudioDecoder, error) { return nil, broken }
	plan, err := Plan{URIs: []string{"sip:nobody@127.0.0.1"}, Looks: 1, Probes: 1}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	clips := []*clip.Video{{}}
	for _, test := range []struct {
		name string
		set  codecs.Set
		want error
	}{
		{"no decoder of pictures", unseeing, broken},
		{"no decoder of sound", deaf, broken},
		{"a pump that takes nobody", good, unix.EBADF},
	} {
		p := &pump{epoll: -1, lanes: map[int32]lane{}}
		g := &Generator{plan: plan, set: test.set, conferences: map[int]*conference{}, pumps: []*pump{p}, reels: &reels{idle: clips, talking: clips}}
		before := descriptors(t)
		if err := g.Join(t.Context(), 0, 1); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if now := descriptors(t); now != before || open != 0 || len(p.lanes) > 0 || len(p.callers) > 0 || len(g.callers) > 0 {
			t.Errorf("%s: %d sockets, %d decoders, %d lanes and %d callers are left", test.name, now-before, open, len(p.lanes), len(p.callers)+len(g.callers))
		}
	}
}
