package rtp

import (
	"encoding/binary"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// benchFrames are the access units of the benchmarks: an ordinary picture of
// 1.5 Mbit/s, the same in two bands, and a key frame.
func benchFrames() map[string][]byte {
	return map[string][]byte{
		"6kB":      annexB(unit(1, 6000, 1)),
		"6kB-two":  annexB(unit(1, 4000, 1), unit(1, 2000, 2)),
		"60kB":     annexB(unit(nalSPS, 20, 1), unit(nalPPS, 4, 2), unit(nalIDR, 60000, 3)),
		"60kB-two": annexB(unit(nalSPS, 20, 1), unit(nalPPS, 4, 2), unit(nalIDR, 40000, 3), unit(nalIDR, 20000, 4)),
	}
}

// processorTime returns what this process has used, user and system.
func processorTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func switches() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return int64(r.Nvcsw)
}

// BenchmarkSendFrame sends to a socket that nobody reads: the receiving side of
// the kernel's loopback is in it, a receiving process is not.
func BenchmarkSendFrame(b *testing.B) {
	for name, frame := range benchFrames() {
		b.Run(name, func(b *testing.B) {
			from, to := listen(b), listen(b)
			now := time.Unix(1000, 0)
			s := newStream(Config{
				Transport: from, Video: true, Remote: to.addrPort(), SendPayloadType: 96, SendClock: 90000,
				Feedback: Feedback{NACK: true}, Now: func() time.Time { return now },
			})
			p := Packetizer{Mode: 1}
			payloads := p.Split(frame)
			timestamp := uint32(0)
			send := func() {
				timestamp += 3000
				now = now.Add(time.Second / 30)
				if err := s.SendFrame(payloads, timestamp); err != nil {
					b.Fatal(err)
				}
			}
			for range 100 { // so that it has what it keeps, and frames of this size are ordinary
				send()
			}
			used := processorTime()
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				send()
			}
			cost := float64(processorTime()-used) / float64(b.N)
			b.ReportMetric(cost, "cpu-ns/frame")
			b.ReportMetric(float64(len(payloads))*1e9/cost, "packets/cpu-s")
		})
	}
}

// BenchmarkSend sends a packet of sound.
func BenchmarkSend(b *testing.B) {
	from, to := listen(b), listen(b)
	s := newStream(Config{Transport: from, Remote: to.addrPort(), SendPayloadType: 111, SendClock: 48000})
	payload := make([]byte, 80)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Send(111, payload, 1, false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReceive takes an access unit from its datagrams, without sockets.
func BenchmarkReceive(b *testing.B) {
	for name, frame := range benchFrames() {
		b.Run(name, func(b *testing.B) {
			v := NewVideoReceiver()
			now := time.Unix(1000, 0)
			units := 0
			s := newStream(Config{Video: true, Remote: declared, Receive: map[uint8]int{96: 90000}, Now: func() time.Time { return now }, Hooks: Hooks{
				Packet: func(p Packet) {
					v.Push(p)
					for _, ok := v.Pop(now); ok; _, ok = v.Pop(now) {
						units++
					}
					v.Missing(now)
				},
			}})
			p := Packetizer{Mode: 1}
			var raw [][]byte
			for i, payload := range p.Split(frame) {
				raw = append(raw, append([]byte{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, payload...))
				if i == len(p.payloads)-1 {
					raw[i][1] |= 0x80
				}
			}
			sequence, timestamp := uint16(0), uint32(0)
			b.ReportAllocs()
			for b.Loop() {
				timestamp += 3000
				now = now.Add(time.Second / 30)
				for _, r := range raw {
					sequence++
					binary.BigEndian.PutUint16(r[2:], sequence)
					binary.BigEndian.PutUint32(r[4:], timestamp)
					s.packet(r, declared, now)
				}
			}
			if units < b.N {
				b.Fatalf("%d access units of %d", units, b.N)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(raw)), "ns/packet")
		})
	}
}

func BenchmarkPacketize(b *testing.B) {
	for name, frame := range benchFrames() {
		b.Run(name, func(b *testing.B) {
			p := Packetizer{Mode: 1}
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				p.Split(frame)
			}
		})
	}
}

func BenchmarkDepacketize(b *testing.B) {
	for name, frame := range benchFrames() {
		b.Run(name, func(b *testing.B) {
			p := Packetizer{Mode: 1}
			payloads := p.Split(frame)
			var d Depacketizer
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				d.Reset()
				for _, payload := range payloads {
					if err := d.Push(payload); err != nil {
						b.Fatal(err)
					}
				}
				d.Finish()
			}
		})
	}
}

// BenchmarkStreams sends one frame on each of many streams and waits until all
// have arrived as access units: both sides of hundreds of calls, in one process.
// At once, the processors never rest; spread over the time of a picture, each
// frame wakes somebody up.
func BenchmarkStreams(b *testing.B) {
	b.Run("at once", func(b *testing.B) { benchStreams(b, 0) })
	b.Run("spread", func(b *testing.B) { benchStreams(b, time.Second/30) })
}

func benchStreams(b *testing.B, over time.Duration) {
	const streams = 200
	frame := benchFrames()["6kB"]
	var units atomic.Int64
	all := make(chan struct{}, 1)
	var goal atomic.Int64
	var clock atomic.Int64 // so that streams keep what they keep at 30 frames a second
	now := func() time.Time { return time.Unix(1000, clock.Load()) }
	var senders []*Stream
	for range streams {
		from, to := listen(b), listen(b)
		v := NewVideoReceiver()
		config := Config{
			Transport: to, Video: true, Remote: from.addrPort(), SendPayloadType: 96, SendClock: 90000,
			Receive: map[uint8]int{96: 90000}, Feedback: Feedback{NACK: true}, Now: now,
			Hooks: Hooks{Packet: func(p Packet) {
				v.Push(p)
				for _, ok := v.Pop(p.Arrival); ok; _, ok = v.Pop(p.Arrival) {
					if units.Add(1) == goal.Load() {
						all <- struct{}{}
					}
				}
				v.Missing(p.Arrival)
			}},
		}
		r := NewStream(config)
		b.Cleanup(r.Close)
		config.Transport, config.Remote, config.Hooks = from, to.addrPort(), Hooks{}
		s := NewStream(config)
		b.Cleanup(s.Close)
		senders = append(senders, s)
	}
	p := Packetizer{Mode: 1}
	payloads := p.Split(frame)
	timestamp := uint32(0)
	tick := func() {
		goal.Store(units.Load() + streams)
		timestamp += 3000
		clock.Add(int64(time.Second / 30))
		for i, s := range senders {
			if err := s.SendFrame(payloads, timestamp); err != nil {
				b.Fatal(err)
			}
			if over > 0 && i%4 == 3 {
				time.Sleep(over * 4 / streams)
			}
		}
		<-all
	}
	for range 60 {
		tick()
	}
	runtime.GC()
	used, slept := processorTime(), switches()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		tick()
	}
	frames := float64(b.N * streams)
	b.ReportMetric(float64(processorTime()-used)/frames, "cpu-ns/frame")
	b.ReportMetric(float64(switches()-slept)/frames, "switches/frame")
	b.ReportMetric(0, "ns/op")
}
