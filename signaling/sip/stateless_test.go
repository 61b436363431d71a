package sip

import (
	"strings"
	"testing"
)

// Every refusal has a To tag, and only one.
func TestRefusalTag(t *testing.T) {
	for to, tagged := range map[string]bool{
		"<sip:room@192.0.2.200>":              false,
		"<sip:stage@192.0.2.200>":             false,
		"<sip:stage@192.0.2.200;tag=1>":       false,
		"Vintage <sip:room@192.0.2.200>;x=1":  false,
		"<sip:room@192.0.2.200>;x=1;TAG=2":    true,
		"<sip:ro om@192.0.2.200>; tag = 3":    true,
		"sip:stage@192.0.2.200;x=tag":         false,
		"<sip:sta ge@192.0.2.200;tag=x>;tagx": false,
	} {
		scripted(t, func(s *script) {
			text := s.request("REGISTER", 1, "r", "")
			s.send(strings.Replace(text, "<sip:room@192.0.2.200>", to, 1))
			_, rest, _ := strings.Cut(string((<-s.sock.in).data), "\r\nTo: ")
			got, _, _ := strings.Cut(rest, "\r\n")
			if added := strings.HasPrefix(got, to+";tag="); added == tagged || tagged && got != to {
				t.Errorf("To: %s came back as %s", to, got)
			}
		})
	}
}
