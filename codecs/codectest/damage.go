package codectest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"parley/codecs"
)

// testLoss leaves out access units: no crash, no wrong size, a decoder that
// begins in the middle says so, and a key picture repairs all.
func testLoss(t *testing.T, v Video) {
	c := config()
	e, d := v.open(t, c)
	defer e.Close()
	defer d.Close()
	encode(t, e, c, 0, true)
	p, err := d.Decode(encode(t, e, c, 1, false).Data, 0)
	if p != nil || !errors.Is(err, codecs.ErrCorrupt) {
		t.Errorf("picture without a key picture: %v, %v", p, err)
		p.Release()
	}
	for n := 2; n < 60; n++ {
		key := n%20 == 15
		unit := encode(t, e, c, n, key)
		if !key && n%7 == 3 {
			continue
		}
		p, err := d.Decode(unit.Data, 0)
		if key && (err != nil || p == nil) {
			t.Fatalf("key picture %d: %v, %v", n, p, err)
		}
		check(t, v, c, p, err, n, key)
	}
}

// check judges the outcome of decoding picture n of the scene, and releases it.
func check(t *testing.T, v Video, c codecs.VideoEncoderConfig, p *codecs.Picture, err error, n int, whole bool) {
	t.Helper()
	defer p.Release()
	if p != nil && err != nil && !errors.Is(err, codecs.ErrCorrupt) {
		t.Errorf("picture %d: both a picture and %v", n, err)
	}
	if err != nil && !errors.Is(err, codecs.ErrCorrupt) && !errors.Is(err, codecs.ErrUnsupported) {
		t.Errorf("picture %d: %v", n, err)
	}
	if whole && p != nil {
		if q := quality(p, n); q < v.MinPSNR {
			t.Errorf("picture %d: %.1f dB", n, q)
		}
	}
	if p != nil {
		touch(p)
	}
}

// touch reads the first and last byte of every row, for the address sanitizer
// and the bounds checks.
func touch(p *codecs.Picture) (sum int) {
	for y := range p.Height {
		row := p.Y[y*p.StrideY:][:p.Width]
		sum += int(row[0]) + int(row[len(row)-1])
	}
	for y := range p.Height / 2 {
		u, v := p.U[y*p.StrideUV:][:p.Width/2], p.V[y*p.StrideUV:][:p.Width/2]
		sum += int(u[0]) + int(u[len(u)-1]) + int(v[0]) + int(v[len(v)-1])
	}
	return sum
}

// Damage returns a copy of data with seeded damage: bits turned, bytes cut off,
// removed, repeated or overwritten.
func Damage(random *rand.Rand, data []byte) []byte {
	data = bytes.Clone(data)
	for range 1 + random.IntN(4) {
		if len(data) < 8 {
			return data
		}
		at := random.IntN(len(data))
		n := min(1+random.IntN(64), len(data)-at)
		switch random.IntN(6) {
		case 0, 1:
			data[at] ^= 1 << random.IntN(8)
		case 2:
			data = data[:at]
		case 3:
			data = append(data[:at], data[at+n:]...)
		case 4:
			data = append(data[:at+n], bytes.Clone(data[at:])...)
		case 5:
			for i := range n {
				data[at+i] = byte(random.Uint32())
			}
		}
	}
	return data
}

// testCorruption decodes damaged streams of every profile.
func testCorruption(t *testing.T, v Video) {
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	const units = 10
	for profile := codecs.ConstrainedBaseline; profile <= codecs.High; profile++ {
		c := config()
		c.Width, c.Height, c.Profile, c.Bitrate = 160, 96, profile, 2*c.Bitrate
		if profile == codecs.Main {
			c.MaxNAL = 400
		}
		e, d := v.open(t, c)
		var stream []codecs.AccessUnit
		for n := range units {
			stream = append(stream, encode(t, e, c, n, n == 0))
		}
		noticed := 0
		for round := range rounds {
			random := rand.New(rand.NewPCG(uint64(profile), uint64(round)))
			for n, unit := range stream {
				p, err := d.Decode(Damage(random, unit.Data), 0)
				if err != nil {
					noticed++
				}
				check(t, v, c, p, err, n, false)
			}
			p, err := d.Decode(stream[0].Data, 0)
			if err != nil || p == nil {
				t.Fatalf("%v, round %d: the key picture after the damage: %v, %v", profile, round, p, err)
			}
			check(t, v, c, p, err, 0, true)
		}
		if noticed < rounds*units/4 {
			t.Errorf("%v: only %d of %d damaged access units were noticed", profile, noticed, rounds*units)
		}
		e.Close()
		d.Close()
	}
}

// testVideoAllocs counts the allocations of a picture's way through the codec.
func testVideoAllocs(t *testing.T, v Video) {
	if sanitized {
		t.Skip("the address sanitizer allocates")
	}
	c := config()
	e, d := v.open(t, c)
	defer e.Close()
	defer d.Close()
	p := codecs.NewPicture(c.Width, c.Height)
	defer p.Release()
	Scene(p, 0)
	step := func() {
		unit, err := e.Encode(p, false)
		if err != nil {
			t.Fatal(err)
		}
		q, err := d.Decode(unit.Data, 0)
		if err != nil {
			t.Fatal(err)
		}
		q.Release()
	}
	for range 10 {
		step()
	}
	if n := testing.AllocsPerRun(50, step); n > 0 {
		t.Errorf("%v allocations for each picture", n)
	}
}
