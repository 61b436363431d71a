package sip

import (
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

func TestAlias(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:room@127.0.0.1:5060":                "room",
		"sip:room@[::1]:5060;transport=tcp":      "room",
		"sip:Room%20One@192.0.2.1":               "Room One",
		"sip:weekly@Example.com:5061;user=phone": "weekly@example.com",
		"sip:example.com":                        "",
	} {
		var u gosip.Uri
		if err := gosip.ParseUri(uri, &u); err != nil {
			t.Fatal(err)
		}
		in := &inbound{Request: gosip.NewRequest(gosip.INVITE, u)}
		if got := in.alias(); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}
