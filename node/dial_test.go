package node

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"

	"parley/codecs/fake"
	"parley/config"
)

func TestDialURI(t *testing.T) {
	for _, test := range []struct{ alias, network, at, want string }{
		{"meet", "udp", "0.0.0.0:5060", "sip:meet@{host}"},
		{"meet", "udp", "[::]:5070", "sip:meet@{host}:5070"},
		{"meet", "tcp", "0.0.0.0:5060", "sip:meet@{host};transport=tcp"},
		{"meet", "tcp", "0.0.0.0:5170", "sip:meet@{host}:5170;transport=tcp"},
		{"meet", "tls", "0.0.0.0:5061", "sip:meet@{host};transport=tls"},
		{"meet", "tls", "0.0.0.0:5060", "sip:meet@{host}:5060;transport=tls"},
		{"board@example.com", "tcp", "0.0.0.0:5170", "sip:board@example.com"},
	} {
		if have := dialURI(test.alias, "{host}", test.network, netip.MustParseAddrPort(test.at)); have != test.want {
			t.Errorf("%s over %s at %s: %s, want %s", test.alias, test.network, test.at, have, test.want)
		}
	}
}

func TestDialWithoutUDP(t *testing.T) {
	c := config.Default()
	c.SIP.UDP, c.SIP.TCP, c.HTTP.Address = "", "127.0.0.1:0", ""
	d := config.DefaultDeployment()
	d.AddRoom("weekly")
	d.AddRoom("Board", "board@example.com")
	n, err := New(Config{Config: c, Deployment: d, Codecs: fake.Codecs(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	end := fmt.Sprintf("@[::1]:%d;transport=tcp", n.SIPAddr("tcp").Port())
	if have, want := n.Dial("[::1]"), []string{"sip:weekly" + end, "sip:board@example.com", "sip:meet" + end}; !slices.Equal(have, want) {
		t.Errorf("%q, want %q", have, want)
	}
}
