package sip

import (
	"testing"

	"parley/signaling"
)

func TestCall(t *testing.T) {
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			host := newFakeHost()
			server, caller := listen(t, host), listen(t, nil)
			d, err := caller.Invite(patience(t), Outgoing{
				URI:  uri("room", server.Addr(network), network),
				From: "sip:alice@example.com", DisplayName: `Alice "A" Å`, Offer: []byte(testOffer),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.RemoteSDP()); got != testAnswer {
				t.Errorf("answer %q", got)
			}
			if c := want(t, "confirm", host.commands); c.Kind != signaling.CommandConfirm {
				t.Errorf("command %v", c)
			}
			who := host.leg(0).who
			if who.LocalAlias != "room" || who.RemoteAlias != "sip:alice@example.com" || who.DisplayName != `Alice "A" Å` ||
				who.CallID != d.CallID() || who.LocalAddress != "127.0.0.1" || who.Vendor != "Test/1" || who.ID == "" || !who.Incoming {
				t.Errorf("participant %+v", who)
			}
			if server.Calls() != 1 || caller.Calls() != 1 {
				t.Errorf("calls %d, %d", server.Calls(), caller.Calls())
			}
			if err := d.Bye(patience(t)); err != nil {
				t.Fatal(err)
			}
			want(t, "leave", host.left)
			eventually(t, "dialogs gone", func() bool { return server.Calls() == 0 && caller.Calls() == 0 })
		})
	}
}
