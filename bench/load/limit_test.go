package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"parley/bench/clip"
	"parley/codecs"
)

// A TMMBR (RFC 5104 section 4.2.1) about us is taken and answered; one about
// somebody else is not.
func TestLimited(t *testing.T) {
	s := &stream{sending: newSending(rand.New(rand.NewPCG(1, 2))), out: newPath(Network{}, 1, 2)}
	s.sending.ssrc = 0x01020304
	request := []byte{
		0x83, 205, 0, 4, 9, 9, 9, 9, 0, 0, 0, 0,
		1, 2, 3, 4, 2<<2 | 96_000>>15, 96_000 >> 7 & 0xff, 96_000 << 1 & 0xff, 40, // 96000 << 2, 40 bytes a packet
	}
	now := time.Now()
	s.control(nil, request, now)
	if s.limit != 384_000 {
		t.Errorf("limit %d, want 384000", s.limit)
	}
	one, ok := s.out.pop(now.Add(time.Second))
	if !ok || one.lane != 1 {
		t.Fatal("no answer")
	}
	list, err := rtcp.Unmarshal(one.data)
	if err != nil || len(list) != 2 {
		t.Fatalf("the answer is %x, %v", one.data, err)
	}
	answer := *list[1].(*rtcp.RawPacket)
	want := append([]byte{0x84, 205, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 9, 9, 9, 9}, request[16:]...)
	if string(answer) != string(want) {
		t.Errorf("TMMBN %x, want %x", []byte(answer), want)
	}
	request[15]++
	request[16] = 0
	s.control(nil, request, now)
	if s.limit != 384_000 {
		t.Error("a limit for another SSRC is taken")
	}
}

// Who is asked for less shows the small clip, from a key frame on.
func TestPlayerShowsSmall(t *testing.T) {
	unit := func(b byte, key bool) codecs.AccessUnit { return codecs.AccessUnit{Data: []byte{b}, Key: key} }
	full := &clip.Video{Units: []codecs.AccessUnit{unit(1, true), unit(2, false), unit(3, false)}}
	small := &clip.Video{Units: []codecs.AccessUnit{unit(11, true), unit(12, false)}}
	p := clip.NewPlayer(full, nil)
	got := []byte{}
	for i := range 7 {
		p.Small = nil
		if i >= 2 && i < 5 {
			p.Small = small
		}
		got = append(got, p.Next(i, false, i == 3).Data[0])
	}
	if want := "\x01\x02\x0b\x0c\x0b\x0c\x01"; string(got) != want { // never one key frame behind another
		t.Errorf("pictures %v, want %v", got, []byte(want))
	}
}
