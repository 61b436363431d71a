package sdp

import (
	"net/netip"
	"testing"
)

func TestOfferAddress(t *testing.T) {
	const (
		origin  = "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nt=0 0\n"
		v4, v6  = "c=IN IP4 192.0.2.9\n", "c=IN IP6 2001:db8::9\n"
		hold4   = "c=IN IP4 0.0.0.0\n"
		audio   = "m=audio 4000 RTP/AVP 0\n"
		video   = "m=video 4002 RTP/AVPF 97\n"
		refused = "m=video 0 RTP/AVP 97\n"
	)
	for _, c := range []struct{ name, offer, want string }{
		{"of the session", origin + v6 + audio, "2001:db8::9"},
		{"of the stream", origin + v4 + audio + v6, "2001:db8::9"},
		{"only of the stream", origin + audio + v4, "192.0.2.9"},
		{"the first stream", origin + audio + v6 + video + v4, "2001:db8::9"},
		{"not of a refused line", origin + v6 + refused + v4 + audio, "2001:db8::9"},
		{"not of other media", origin + v6 + "m=application 9 TCP/X x\n" + v4 + audio, "2001:db8::9"},
		{"not of an encrypted profile", origin + v6 + "m=audio 4000 RTP/SAVP 0\n" + v4 + audio, "2001:db8::9"},
		{"not of a stream on hold", origin + v6 + audio + hold4 + video, "2001:db8::9"},
		{"all on hold", origin + hold4 + audio, "0.0.0.0"},
		{"hold of IPv6", origin + audio + "c=IN IP6 a.invalid\n", "::"},
		{"IPv4 in IPv6", origin + audio + "c=IN IP6 ::ffff:192.0.2.9\n", "192.0.2.9"},
		{"nothing in use", origin + v4 + refused, ""},
		{"no stream", origin + v4, ""},
		{"no address", origin + audio, ""},
		{"host name", origin + "c=IN IP4 host.example.com\n" + audio, ""},
		{"malformed", origin + v4 + "m=audio x RTP/AVP 0\n", ""},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := OfferAddress([]byte(c.offer))
			if ok != (c.want != "") {
				t.Fatalf("%v, %v, want %q", got, ok, c.want)
			}
			if ok && got != netip.MustParseAddr(c.want) {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}
