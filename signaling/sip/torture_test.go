package sip

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// torture says what must come of each message of RFC 4475 at a server that
// takes calls and is no registrar. 0 = no answer.
var torture = []struct {
	file   string
	status int
	about  string
}{
	// 3.1.1 valid
	{"wsinv", 481, "folding everywhere; its To tag names a dialog that is not there"},
	{"intmeth", 501, "a method of strange but legal characters"},
	{"esc01", 200, "% escapes"},
	{"escnull", 405, "escaped NULs in URIs of a REGISTER"},
	{"esc02", 501, "% that is no escape: the method is not REGISTER"},
	{"lwsdisp", 200, "no white space before <"},
	{"longreq", 200, "long values, 34 hops, old branch"},
	{"dblreq", 405, "a REGISTER with octets after its body"},
	{"semiuri", 200, "a semicolon in the user part"},
	{"transports", 200, "hops of every transport"},
	{"mpart01", 405, "a binary multipart MESSAGE"},
	{"unreason", 0, "a response with an UTF-8 reason"},
	{"noreason", 0, "a response without a reason"},
	// 3.1.2 invalid
	{"badinv01", 400, "separators without parameters"},
	{"clerr", 400, "Content-Length larger than the datagram"},
	{"ncl", 400, "negative Content-Length"},
	{"scalar02", 400, "numbers out of range in a request"},
	{"scalarlg", 0, "numbers out of range in a response"},
	{"quotbal", 400, "unterminated quote"},
	{"ltgtruri", 400, "<> around the Request-URI"},
	{"lwsruri", 400, "white space within the Request-URI"},
	{"lwsstart", 400, "more than one SP in the Request-Line"},
	{"trws", 400, "SP at the end of the Request-Line"},
	{"escruri", 400, "header fields in the Request-URI"},
	{"baddate", 200, "a time zone that is not GMT in a field that we do not use"},
	{"regbadct", 400, "Contact with ? and without <>"},
	{"badaspec", 400, "spaces within <>"},
	{"baddn", 200, "a display name with a comma: its quotes are inferred, as the RFC allows an endpoint"},
	{"badvers", 505, "SIP/7.0"},
	{"mismatch01", 400, "CSeq of another method"},
	{"mismatch02", 400, "the same with an unknown method; 501 would do too"},
	{"bigcode", 0, "a status code of 33 bits"},
	// 3.2
	{"badbranch", 200, "a branch of nothing but the cookie: RFC 2543 matching"},
	// 3.3
	{"insuf", 400, "no Call-ID, From and To"},
	{"unkscm", 416, "unknown URI scheme"},
	{"novelsc", 416, "known but not SIP URI scheme"},
	{"unksm2", 405, "unknown schemes in From, To and Contact of a REGISTER"},
	{"bext01", 420, "unknown Require and Proxy-Require"},
	{"invut", 415, "unknown content type"},
	{"regaut01", 405, "unknown authorization scheme of a REGISTER"},
	{"multi01", 400, "fields that may occur once given twice"},
	{"mcl01", 400, "two Content-Lengths"},
	{"bcast", 0, "a 200 sent by broadcast"},
	{"zeromf", 200, "Max-Forwards 0 ends at a proxy, not at an endpoint"},
	{"cparam01", 405, "unknown Contact parameter of a REGISTER"},
	{"cparam02", 405, "unknown URI parameter in it"},
	{"regescrt", 405, "escaped Route in the Contact of a REGISTER"},
	{"sdp01", 406, "Accept without application/sdp"},
	// 3.4
	{"inv2543", 200, "an INVITE of RFC 2543: no branch, no From tag, no Contact"},
}

func TestTorture(t *testing.T) {
	files, err := filepath.Glob("testdata/torture/*.dat")
	if err != nil || len(files) != 49 || len(torture) != 49 {
		t.Fatalf("%d files, %d expectations, %v", len(files), len(torture), err)
	}
	for _, c := range torture {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile("testdata/torture/" + c.file + ".dat")
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				got, text := provoke(t, data)
				if got != c.status {
					t.Errorf("answered %d, want %d (%s)\n%s", got, c.status, c.about, text)
				}
			})
		})
	}
}

// provoke sends a server one datagram and returns the first final answer.
func provoke(t *testing.T, data []byte) (int, string) {
	wire := newMemoryNet()
	host := newFakeHost()
	server := listen(t, host, func(c *Config) {
		c.UDP, c.TCP, c.TLS = "", "", ""
		c.packets, c.names = wire.socket("192.0.2.200:5060"), noNames{}
	})
	defer server.Close()
	status, answer := 0, ""
	wire.tap = func(from, to netip.AddrPort, data []byte) {
		line, _, _ := strings.Cut(string(data), "\r\n")
		words := strings.SplitN(line, " ", 3)
		if len(words) == 3 && words[0] == "SIP/2.0" {
			if n, _ := strconv.Atoi(words[1]); n >= 200 && status == 0 {
				status, answer = n, string(data)
			}
		}
	}
	wire.sockets[netip.MustParseAddrPort("192.0.2.200:5060")].in <- memoryDatagram{netip.MustParseAddrPort("192.0.2.7:5060"), data}
	synctest.Wait()
	if host.size() > 0 != (status == 200 && strings.Contains(answer, " INVITE\r\n")) {
		t.Errorf("%d legs after answer %d", host.size(), status)
	}
	return status, answer
}
