package onecore

import (
	"bytes"
	"fmt"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Payloads of RTP packets, bytes: a full one of a picture, and 20 ms of Opus.
const (
	videoPayload = 1200
	soundPayload = 80
	headerSize   = 12 // RFC 3550 section 5.1
)

// protections protect and check RTP packets (RFC 3711, RFC 7714).
func protections() (all []operation) {
	for _, profile := range [...]struct {
		name string
		is   srtp.ProtectionProfile
	}{
		{"AES-128-CM, HMAC-SHA1-80", srtp.ProtectionProfileAes128CmHmacSha1_80},
		{"AES-128-GCM", srtp.ProtectionProfileAeadAes128Gcm},
		{"AES-256-GCM", srtp.ProtectionProfileAeadAes256Gcm},
	} {
		for _, payload := range [...]int{videoPayload, soundPayload} {
			r := Result{Group: SRTP, Size: fmt.Sprintf("%d bytes", payload), Rate: packetRate}
			if payload == soundPayload {
				r.Rate = soundRate
			}
			r.Name = "protect " + profile.name
			all = append(all, operation{r, func() (task, error) { return protect(profile.is, payload) }})
			r.Name = "unprotect " + profile.name
			all = append(all, operation{r, func() (task, error) { return unprotect(profile.is, payload) }})
		}
	}
	return all
}

// packets of one step, and steps of a round, of protection.
const (
	protectedPackets = 100
	protectedSteps   = 10
)

func newContext(profile srtp.ProtectionProfile) (*srtp.Context, error) {
	key, err := profile.KeyLen()
	if err != nil {
		return nil, err
	}
	salt, err := profile.SaltLen()
	if err != nil {
		return nil, err
	}
	// The same packets are checked again and again.
	return srtp.CreateContext(bytes.Repeat([]byte{0x5a}, key), bytes.Repeat([]byte{0xa5}, salt), profile, srtp.SRTPNoReplayProtection())
}

// plain returns the packets of one round.
func plain(payload int) ([][]byte, error) {
	packets := make([][]byte, protectedPackets*protectedSteps)
	for i := range packets {
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: uint16(i), SSRC: 1},
			Payload: bytes.Repeat([]byte{byte(i)}, payload),
		}
		var err error
		if packets[i], err = p.Marshal(); err != nil {
			return nil, err
		}
	}
	return packets, nil
}

// transformer makes another packet of one, appended to dst.
type transformer func(dst, packet []byte) ([]byte, error)

func newProtector(profile srtp.ProtectionProfile) (transformer, error) {
	c, err := newContext(profile)
	return func(dst, packet []byte) ([]byte, error) { return c.EncryptRTP(dst, packet, nil) }, err
}

func newUnprotector(profile srtp.ProtectionProfile) (transformer, error) {
	c, err := newContext(profile)
	return func(dst, packet []byte) ([]byte, error) { return c.DecryptRTP(dst, packet, nil) }, err
}

func protect(profile srtp.ProtectionProfile, payload int) (task, error) {
	packets, err := plain(payload)
	if err != nil {
		return task{}, err
	}
	with, err := newProtector(profile)
	return transform(packets, with), err
}

func unprotect(profile srtp.ProtectionProfile, payload int) (task, error) {
	packets, err := plain(payload)
	if err != nil {
		return task{}, err
	}
	protect, err := newProtector(profile)
	if err != nil {
		return task{}, err
	}
	for i := range packets {
		if packets[i], err = protect(nil, packets[i]); err != nil {
			return task{}, err
		}
	}
	with, err := newUnprotector(profile)
	return transform(packets, with), err
}

// transform does one of both to all packets.
func transform(packets [][]byte, with transformer) task {
	out := make([]byte, 0, 2048)
	return task{steps: protectedSteps, each: protectedPackets, close: func() {}, do: func(i int) error {
		for _, p := range packets[i*protectedPackets:][:protectedPackets] {
			var err error
			if out, err = with(out[:0], p); err != nil {
				return err
			}
		}
		return nil
	}}
}
