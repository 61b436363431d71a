package rtp

import (
	"errors"
	"testing"
	"time"
)

func TestDTMF(t *testing.T) {
	var d DTMFReceiver
	var got []byte
	timestamp := uint32(0xfffff000) // wraps on the way
	for _, digit := range []byte("1123#*AbD0") {
		packets, err := DTMF(digit, 100*time.Millisecond, 8000)
		if err != nil {
			t.Fatal(err)
		}
		if len(packets) != 7 || !packets[0].Marker || packets[1].Marker {
			t.Fatalf("%+v", packets)
		}
		for i, p := range packets {
			if digit == '2' && i < len(packets)-1 {
				continue // only the last of the three ends comes through
			}
			for range 2 { // duplicated
				if k, ok := d.Push(p.Payload[:], timestamp); ok {
					got = append(got, k)
				}
			}
		}
		if first, _ := DTMF('7', 0, 8000); digit == '3' { // a late one of long ago
			if _, ok := d.Push(first[0].Payload[:], timestamp-5000); ok {
				t.Error("a late packet counted")
			}
		}
		timestamp += 1600
	}
	if string(got) != "1123#*ABD0" {
		t.Errorf("got %q", got)
	}
	if _, err := DTMF('x', time.Second, 8000); !errors.Is(err, ErrDigit) {
		t.Error(err)
	}
}

func TestDTMFOddSenders(t *testing.T) {
	type push struct {
		event, flags byte
		duration     uint16
		timestamp    uint32
	}
	for name, test := range map[string]struct {
		pushes []push
		want   string
	}{
		"timestamp moves with each packet": {[]push{{5, 10, 160, 1000}, {5, 10, 320, 1160}, {5, 0x8a, 480, 1320}, {5, 0x8a, 480, 1320}}, "5"},
		"segments of a long event":         {[]push{{5, 10, 0xff00, 0}, {5, 10, 0xffff, 0}, {5, 10, 160, 0xffff}, {5, 0x8a, 320, 0xffff}}, "5"},
		"same digit again, ends lost":      {[]push{{5, 10, 160, 1000}, {5, 10, 160, 5000}}, "55"},
		"flash is not a digit":             {[]push{{16, 0x8a, 160, 1000}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var d DTMFReceiver
			var got []byte
			for _, p := range test.pushes {
				if k, ok := d.Push([]byte{p.event, p.flags, byte(p.duration >> 8), byte(p.duration)}, p.timestamp); ok {
					got = append(got, k)
				}
			}
			if string(got) != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	var d DTMFReceiver
	if _, ok := d.Push([]byte{1, 2}, 0); ok || d.Malformed != 1 {
		t.Error("a short payload")
	}
}
