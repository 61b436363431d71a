//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestCancel sends CANCEL right behind its INVITE (RFC 3261 section 9), written
// by hand since sipp cannot send twice without listening in between. Whichever
// wins, the CANCEL is answered, the INVITE gets one final answer, and nobody is
// left in the conference.
func TestCancel(t *testing.T) {
	ctx, n := open(t, nil)
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(n.SIPAddr("udp")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancelled := 0
	for i := range 20 {
		c := &rawCall{t: t, conn: conn, id: i, to: n.SIPAddr("udp").String()}
		c.send("INVITE", "INVITE", "", rawOffer)
		c.send("CANCEL", "CANCEL", "", "")
		final, tag := c.answers()
		if final == 487 {
			cancelled++
		}
		c.send("ACK", "ACK", tag, "")
		if final == 200 {
			c.send("BYE", "BYE", tag, "")
			c.await(`^SIP/2\.0 200 [^\r]*\r\n(?s:.*)CSeq: 2 BYE`)
		}
	}
	t.Logf("%d of 20 calls cancelled, the others were answered first", cancelled)
	waitFor(ctx, t, "nobody is left", func() bool { return participants(n) == 0 })
}

const rawOffer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"

// rawCall is one call written by hand.
type rawCall struct {
	t    *testing.T
	conn *net.UDPConn
	id   int
	to   string
}

func (c *rawCall) send(line, method, tag, body string) {
	c.t.Helper()
	seq, branch := 1, "invite" // CANCEL and ACK of a refusal have the branch of their INVITE
	switch {
	case method == "BYE":
		seq, branch = 2, "bye"
	case method == "ACK" && tag != "":
		branch = "ack"
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	if tag != "" {
		tag = ";tag=" + tag
	}
	local := c.conn.LocalAddr()
	text := fmt.Sprintf("%s sip:meet-cancel@%s SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bK-%d-%s\r\n"+
		"From: <sip:raw@127.0.0.1>;tag=raw%d\r\nTo: <sip:meet-cancel@%s>%s\r\nCall-ID: raw-%d@127.0.0.1\r\n"+
		"CSeq: %d %s\r\nMax-Forwards: 70\r\nContact: <sip:raw@%v>\r\n%sContent-Length: %d\r\n\r\n%s",
		line, c.to, local, c.id, branch, c.id, c.to, tag, c.id, seq, method, local, kind, len(body), body)
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// answers waits for the answer to the CANCEL and the final answer to the
// INVITE, and returns the latter's status, and its tag if it is a 200.
func (c *rawCall) answers() (status int, tag string) {
	c.t.Helper()
	toCancel := false
	for status == 0 || !toCancel {
		m := c.await(`^SIP/2\.0 ([2-6]\d\d) (?s:.*)CSeq: 1 (\w+)`)
		switch {
		case m[2] == "CANCEL":
			toCancel = true
			if m[1] != "200" && m[1] != "481" {
				c.t.Errorf("CANCEL answered with %s", m[1])
			}
		case m[1] == "200":
			status = 200
			if t := regexp.MustCompile(`To: [^\r]*;tag=([^\r;]+)`).FindStringSubmatch(m[0]); t != nil {
				tag = t[1]
			}
		case m[1] == "487":
			status = 487
		default:
			c.t.Fatalf("INVITE answered with %s", m[1])
		}
	}
	return status, tag
}

// await returns the next message of this call that matches.
func (c *rawCall) await(pattern string) []string {
	c.t.Helper()
	re := regexp.MustCompile(pattern)
	c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buf)
		if err != nil {
			c.t.Fatalf("no answer that matches %q: %v", pattern, err)
		}
		text := string(buf[:n])
		if !strings.Contains(text, fmt.Sprintf("Call-ID: raw-%d@", c.id)) {
			continue
		}
		if m := re.FindStringSubmatch(text); m != nil {
			return m
		}
	}
}
