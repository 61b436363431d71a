package sdp

import (
	"errors"
	"strings"
	"testing"
)

func TestMalformed(t *testing.T) {
	const audio = "m=audio 4000 RTP/AVP 0\n" // line 6 after head
	many := func(n int, line string) string { return strings.Repeat(line, n) }
	for _, c := range []struct {
		name, body string
		line       int
		reason     string
	}{
		{"empty", "", 0, "body is empty"},
		{"only line ends", "\r\n\r\n", 0, "body is empty"},
		{"too large", head + many(1, "a="+strings.Repeat("x", 64<<10)), 0, "body is larger than 64 KiB"},
		{"too many lines", head + many(3000, "a=x\n"), maxLines + 1, "too many lines"},
		{"no version", "o=- 1 1 IN IP4 192.0.2.9\n", 1, "does not begin with v=0"},
		{"version 1", "v=1\n" + head[4:], 1, "bad version, want v=0 once and first"},
		{"version twice", head + "v=0\n", 6, "bad version, want v=0 once and first"},
		{"no form", "v=0\nhello\n", 2, "not of the form <letter>=<value>"},
		{"blank line", head + "\n" + audio, 6, "not of the form <letter>=<value>"},
		{"space before", "v=0\n o=- 1 1 IN IP4 192.0.2.9\n", 2, "not of the form <letter>=<value>"},
		{"unknown letter", head + "x=1\n", 6, "unknown type of line"},
		{"capital letter", head + "M=audio 4000 RTP/AVP 0\n", 6, "unknown type of line"},
		{"no origin", "v=0\ns=-\nt=0 0\n", 3, "no o= line"},
		{"short origin", "v=0\no=- 1 IN IP4 192.0.2.9\n", 2, "bad origin, want six fields"},
		{"origin without numbers", "v=0\no=- a 1 IN IP4 192.0.2.9\n", 2, "bad session id or version in origin"},
		{"origin twice", head + "o=- 1 1 IN IP4 192.0.2.9\n", 6, "misplaced o= line"},
		{"time", "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nt=now\n", 4, "bad time, want two numbers"},
		{"time of a stream", head + audio + "t=0 0\n", 7, "t= line under a media line"},
		{"short connection", head + "c=IN IP4\n" + audio, 6, "bad connection, want three fields"},
		{"connection of a stream", head + audio + "c=IN IP4\n" + audio, 7, "bad connection, want three fields"},
		{"not an address", head + audio + "c=IN IP4 -?-\n", 7, "address is not numeric"},
		{"not an IPv4 address", head + audio + "c=IN IP4 192.0.2.256\n", 7, "address is not numeric"},
		{"not an IPv6 address", head + audio + "c=IN IP6 2001:db8::x\n", 7, "address is not numeric"},
		{"empty label", head + audio + "c=IN IP4 host..example\n", 7, "address is not numeric"},
		{"network", head + "c=ATM IP4 192.0.2.9\n" + audio, 6, "network type is not IN"},
		{"address type", head + "c=IN IPX 192.0.2.9\n" + audio, 6, "address type is not IP4 or IP6"},
		{"address of the other type", head + "c=IN IP4 2001:db8::1\n" + audio, 6, "address is not of its address type"},
		{"zone", head + "c=IN IP6 fe80::1%eth0\n" + audio, 6, "address with a zone"},
		{"multicast", head + "c=IN IP4 224.2.1.1/127\n" + audio, 6, "address is not unicast"},
		{"broadcast", head + "c=IN IP4 255.255.255.255\n" + audio, 6, "address is not unicast"},
		{"no connection", "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nt=0 0\nm=audio 0 RTP/AVP 0\nm=audio 2 RTP/AVP 0\na=x\n", 6, "no c= line for this media"},
		{"short media", head + "m=audio 4000 RTP/AVP\n", 6, "bad media line, want kind, port, protocol and formats"},
		{"port", head + "m=audio x RTP/AVP 0\n", 6, "bad port"},
		{"port too large", head + "m=audio 65536 RTP/AVP 0\n", 6, "bad port"},
		{"negative port", head + "m=audio -1 RTP/AVP 0\n", 6, "bad port"},
		{"signed port", head + "m=audio +1 RTP/AVP 0\n", 6, "bad port"},
		{"no ports", head + "m=audio 4000/0 RTP/AVP 0\n", 6, "bad number of ports"},
		{"payload type", head + "m=audio 4000 RTP/AVP 128\n", 6, "bad payload type"},
		{"payload type *", head + "m=audio 4000 RTP/AVP *\n", 6, "bad payload type"},
		{"character", head + "m=aud\x01io 4000 RTP/AVP 0\n", 6, "bad character in media line"},
		{"carriage return inside", head + "m=audio 4000 RTP/AVP 0\ra=x\n", 6, "bad payload type"},
		{"formats", head + "m=audio 4000 RTP/AVP" + many(129, " 0") + "\n", 6, "too many formats"},
		{"media lines", head + many(33, audio), 38, "too many media lines"},
		{"attribute", head + "a=\n", 6, "attribute without a name"},
		{"attribute without name", head + audio + "a=:x\n", 7, "attribute without a name"},
		{"rtcp", head + audio + "a=rtcp:\n", 7, "bad rtcp attribute, want a port and maybe an address"},
		{"rtcp port", head + audio + "a=rtcp:70000\n", 7, "bad port"},
		{"rtcp address", head + audio + "a=rtcp:7000 IN IP4 192.0.2\n", 7, "address is not numeric"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, body := range map[string]string{"LF": c.body, "CRLF": strings.ReplaceAll(c.body, "\n", "\r\n")} {
				if name == "CRLF" && c.line == 0 && len(c.body) < 10 {
					continue
				}
				_, err := New(ours()).Answer([]byte(body))
				var e *ParseError
				if !errors.As(err, &e) {
					t.Fatalf("%s: error %v", name, err)
				}
				if e.Line != c.line || e.Reason != c.reason {
					t.Errorf("%s: line %d: %s, want line %d: %s", name, e.Line, e.Reason, c.line, c.reason)
				}
			}
		})
	}
}

func TestParseErrorText(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"m=audio x RTP/AVP 0", `sdp: line 6: bad port: "m=audio x RTP/AVP 0"`},
		{"m=audio \x1b[31m\"\\ RTP/AVP 0\xff", `sdp: line 6: bad character in media line: "m=audio ?[31m'' RTP/AVP 0?"`},
		{"m=audio x " + strings.Repeat("y", 500) + " 0", `sdp: line 6: bad port: "m=audio x ` + strings.Repeat("y", maxErrorText-10) + `..."`},
	} {
		_, err := parse([]byte(head + c.line + "\n"))
		if err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if _, err := parse(nil); err == nil || err.Error() != "sdp: body is empty" {
		t.Errorf("%v", err)
	}
}

// TestTolerated holds what peers write against the letter, and what lies at a bound.
func TestTolerated(t *testing.T) {
	for name, body := range map[string]string{
		"mixed line ends":            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\nc=IN IP4 192.0.2.9\r\r\nm=audio 4000 RTP/AVP 0\n",
		"blank lines at the end":     head + "m=audio 4000 RTP/AVP 0\n\r\n\n \x00",
		"no line end":                head + "m=audio 4000 RTP/AVP 0",
		"space at the end":           head + "m=audio 4000 RTP/AVP 0 \n",
		"two spaces":                 head + "m=audio  4000  RTP/AVP  0\n",
		"no connection when refused": "v=0\no=- 1 1 IN IP4 192.0.2.9\nm=video 0 RTP/AVP 0\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.9\n",
		"parameters of another":      head + "m=audio 4000 RTP/AVP 0\na=rtpmap:99 x/1\na=fmtp:98 y\n",
		"feedback of another kind":   head + "m=audio 4000 RTP/AVP 0\na=rtcp-fb:* goog-remb\na=rtcp-fb:0 ccm x\na=rtcp-fb:0 ccm\n",
		"attributes of other media":  head + "m=application 9 TCP/X x\na=rtpmap:none\na=ptime:x\nm=audio 4000 RTP/AVP 0\n",
		"TTL":                        head + "m=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.9/127\n",
		"most media lines":           head + strings.Repeat("m=audio 4000 RTP/AVP 0\n", maxSections),
		"most formats":               head + "m=audio 4000 RTP/AVP" + strings.Repeat(" 0", maxFormats) + "\n",
		"huge numbers":               head + "b=AS:99999999999999999999\nm=audio 4000 RTP/AVP 0\nb=TIAS:99999999999999999999\na=ptime:99999999999999999999\n",
		"user name with spaces":      "v=0\no=John Q Doe 1 1 IN IP4 192.0.2.9\nc=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n",
		"connection not used":        "v=0\no=- 1 1 IN IP4 192.0.2.9\nc=IN IP4 host.example.com\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.9\n",
		"connection when refused":    head + "m=video 0 RTP/AVP 97\nc=IN IP4 host.example.com\na=rtcp:x\nm=audio 4000 RTP/AVP 0\n",
		"connection of other media":  head + "m=application 9 TCP/X x\nc=IN\nm=audio 4000 RTP/AVP 0\n",
		"formats when refused":       head + "m=video 0 RTP/AVP * x\nm=audio 4000 RTP/AVP 0\n",
		"rtpmap without a name":      head + "m=audio 4000 RTP/AVP 101 0\na=rtpmap:101\na=rtpmap:0\n",
		"rtpmap without a clock":     head + "m=audio 4000 RTP/AVP 101 0\na=rtpmap:101 PCMA/x\na=rtpmap:PCMU/8000\n",
		"rtpmap with bad channels":   head + "m=audio 4000 RTP/AVP 101 0\na=rtpmap:101 opus/48000/x\n",
		"parameters of all":          head + "m=audio 4000 RTP/AVP 0\na=fmtp:* x\na=fmtp:x y\na=fmtp:\n",
		"feedback of a name":         head + "m=audio 4000 RTP/AVP 0\na=rtcp-fb:H264 nack\na=rtcp-fb:*\na=rtcp-fb:\n",
		"packet time":                head + "m=audio 4000 RTP/AVP 0\na=ptime:\na=ptime:x\na=maxptime:-1\n",
		"bandwidth":                  head + "b=AS\nb=\nb=TIAS:64k\nm=audio 4000 RTP/AVP 0\nb=AS:-1\nb=AS:\n",
		"IPv4 in IPv6":               head + "m=audio 4000 RTP/AVP 0\nc=IN IP6 ::ffff:192.0.2.9\n",
	} {
		n := New(ours())
		if _, err := n.Answer([]byte(body)); err != nil || n.Media().Audio == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a := n.Media().Audio; a.Remote != addrPort("192.0.2.9:4000") || a.MaxBitrate < 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestHostName(t *testing.T) {
	const audio = "m=audio 4000 RTP/AVP 0\n"
	for _, body := range []string{
		"c=IN IP4 host.example.com\n" + audio,
		audio + "c=IN IP4 host.example.com.\n",
		audio + "c=IN IP6 host\n",
		audio + "c=IN IP4 4you.x_y-z.invalid\n",
		audio + "a=rtcp:4001 IN IP4 host.example.com\n",
	} {
		_, err := New(ours()).Answer([]byte(head + body))
		var e *ParseError
		if !errors.Is(err, ErrAddress) || errors.As(err, &e) {
			t.Errorf("%q: %v", body, err)
		}
		if err := offering(t).Accept([]byte(head + body)); !errors.Is(err, ErrAddress) {
			t.Errorf("%q as an answer: %v", body, err)
		}
	}
	_, err := parse([]byte(head + "c=IN IP4 \x1b.example\nc=IN IP4 host.example\n" + audio))
	if want := ErrAddress.Error() + `: line 7: "c=IN IP4 host.example"`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestBandwidth holds what remains of odd numbers.
func TestBandwidth(t *testing.T) {
	for text, want := range map[string]bandwidth{
		"AS:384":     {-1, 384000},
		"AS:384.0":   {-1, 384000},
		"as: 384.9":  {-1, 384000},
		"CT:10":      {-1, 10000},
		"TIAS:64000": {64000, -1},
		"AS:0":       {-1, 0},
		"AS:0.0":     {-1, 0},
		"AS:0.5":     noBandwidth,
		"AS:.5":      noBandwidth,
		"AS:-1":      noBandwidth,
		"AS:":        noBandwidth,
		"AS":         noBandwidth,
		"X-YZ:1":     noBandwidth,
	} {
		b := noBandwidth
		if b.take(text); b != want {
			t.Errorf("%s: %+v, want %+v", text, b, want)
		}
	}
}
