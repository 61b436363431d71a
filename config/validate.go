package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// minSessionExpires is the least that RFC 4028 section 4 allows.
const minSessionExpires = 90 * time.Second

// minSmallBitrate is the least that endpoints make a picture of, kbit/s.
const minSmallBitrate = 64

// validate records what is wrong with c as a whole.
func validate(c *Config, d *decoder) {
	for path, address := range map[string]string{
		"sip.udp": c.SIP.UDP, "sip.tcp": c.SIP.TCP, "sip.tls": c.SIP.TLS, "http.address": c.HTTP.Address,
		"management.address": c.Management.Address, "management.bus": c.Management.Bus,
	} {
		if problem := checkListen(address); problem != "" {
			d.problemf(path, "%s", problem)
		}
	}
	validateSIP(c, d)
	validateMedia(c, d)
	if c.Management.Address == "" {
		d.problemf("management.address", "is empty: nobody could configure anything")
	}
	if c.Management.Bus == "" {
		d.problemf("management.bus", "is empty: no node could join")
	}
	if (c.Management.CertFile == "") != (c.Management.KeyFile == "") {
		d.problemf("management.cert_file", "management.cert_file and management.key_file are given together or not at all")
	}
	if c.MaxParticipants < 0 {
		d.problemf("max_participants", "%d is less than 0", c.MaxParticipants)
	}
	if c.Capacity.Limit < 0 || c.Capacity.Limit > 100 {
		d.problemf("capacity.limit", "%d is no percentage: 0 to 100", c.Capacity.Limit)
	}
	if c.Log.Level == "" {
		c.Log.Level = LevelInfo
	}
	if c.Log.Format == "" {
		c.Log.Format = FormatText
	}
}

func validateSIP(c *Config, d *decoder) {
	switch {
	case c.SIP.UDP == "" && c.SIP.TCP == "" && c.SIP.TLS == "":
		d.problemf("sip", "udp, tcp and tls are all off: nobody could call")
	case (c.SIP.CertFile == "") != (c.SIP.KeyFile == ""):
		d.problemf("sip.cert_file", "sip.cert_file and sip.key_file are given together or not at all")
	case c.SIP.TLS == "" && (c.SIP.CertFile != "" || c.SIP.KeyFile != ""):
		d.problemf("sip.cert_file", "a certificate without sip.tls is used by nobody; set sip.tls, usually to \":5061\"")
	}
	if c.SIP.TLS != "" && c.SIP.TLS == c.SIP.TCP && !strings.HasSuffix(c.SIP.TLS, ":0") {
		d.problemf("sip.tls", "%q is taken by sip.tcp", c.SIP.TLS)
	}
	checkAddress(d, "sip.address", c.SIP.Address)
	if e := c.SIP.SessionExpires; e < minSessionExpires {
		d.problemf("sip.session_expires", "%v is less than %v, the least of RFC 4028", e, minSessionExpires)
	}
}

// checkAddress wants an address that others can be told; "" is none.
func checkAddress(d *decoder, path, address string) {
	if address == "" {
		return
	}
	if ip, err := netip.ParseAddr(address); err != nil || ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "" {
		d.problemf(path, "%q is not the IP address of one host; write it without a port, such as 203.0.113.7", address)
	}
}

func validateMedia(c *Config, d *decoder) {
	checkAddress(d, "media.address", c.Media.Address)
	switch p := c.Media.Ports; {
	case p.First > p.Last:
		d.problemf("media.ports", "%d-%d ends before it begins", p.First, p.Last)
	case p.First < 1024:
		d.problemf("media.ports", "ports below 1024 belong to the system")
	case int(p.Last)-int(p.First) < 3:
		d.problemf("media.ports", "%d-%d is too narrow: a call takes four ports", p.First, p.Last)
	}
	if b := c.Media.SmallBitrate; b != 0 && b < minSmallBitrate {
		d.problemf("media.small_bitrate", "%d is too little for a picture: 0, or at least %d kbit/s", b, minSmallBitrate)
	}
	if c.Media.SilenceTimeout < 0 {
		d.problemf("media.rtp_silence_timeout", "%v is less than 0", c.Media.SilenceTimeout)
	}
}

// checkListen says what is wrong with a listen address; "" is off.
func checkListen(address string) string {
	if address == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Sprintf("%q is not an address with a port; write \":5060\" for all addresses or \"192.0.2.1:5060\" for one", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Sprintf("port %q of %q is not a number from 0 to 65535", port, address)
	}
	if _, err := netip.ParseAddr(host); host != "" && host != "localhost" && err != nil {
		return fmt.Sprintf("host %q of %q is not an IP address of this machine", host, address)
	}
	return ""
}
