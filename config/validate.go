package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// minSessionExpires is the least that RFC 4028 section 4 allows.
const minSessionExpires = 90 * time.Second

// minSmallBitrate is the least that endpoints make a picture of, kbit/s.
const minSmallBitrate = 64

// validate records what is wrong with c as a whole.
func validate(c *Config, d *decoder, layouts []string) {
	for path, address := range map[string]string{
		"sip.udp": c.SIP.UDP, "sip.tcp": c.SIP.TCP, "sip.tls": c.SIP.TLS, "http.address": c.HTTP.Address,
	} {
		if problem := checkListen(address); problem != "" {
			d.problemf(path, "%s", problem)
		}
	}
	validateSIP(c, d)
	validateMedia(c, d)
	if c.MaxParticipants < 0 {
		d.problemf("max_participants", "%d is less than 0", c.MaxParticipants)
	}
	if c.Capacity.Limit < 0 || c.Capacity.Limit > 100 {
		d.problemf("capacity.limit", "%d is no percentage: 0 to 100", c.Capacity.Limit)
	}
	// These two are where "empty: as above" ends.
	if c.MaxQuality == "" {
		d.problemf("max_quality", "is empty; write one of %s", strings.Join(c.MaxQuality.choices(), ", "))
	}
	if c.OwnThumbnail == "" {
		d.problemf("own_thumbnail", "is empty; write one of %s", strings.Join(c.OwnThumbnail.choices(), ", "))
	}
	if c.Log.Level == "" {
		c.Log.Level = LevelInfo
	}
	if c.Log.Format == "" {
		c.Log.Format = FormatText
	}
	checkLayout(d, layouts, "layout", c.Layout)
	if c.Layout == "" {
		d.problemf("layout", "is empty")
	}
	validateConferences(c, d, layouts)
	if _, err := c.AdHoc.compile(); err != nil {
		d.problemf("adhoc.pattern", "%v", err)
	}
	if c.AdHoc.MaxParticipants < 0 {
		d.problemf("adhoc.max_participants", "%d is less than 0", c.AdHoc.MaxParticipants)
	}
	checkLayout(d, layouts, "adhoc.layout", c.AdHoc.Layout)
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

func validateConferences(c *Config, d *decoder, layouts []string) {
	names, aliases := map[string]string{}, map[string]string{}
	for i := range c.Conferences {
		conf := &c.Conferences[i]
		path := fmt.Sprintf("conferences[%d]", i)
		if strings.TrimSpace(conf.Name) == "" {
			d.problemf(path+".name", "is missing")
			continue
		}
		if first, twice := names[strings.ToLower(conf.Name)]; twice {
			d.problemf(path+".name", "%q is the name of %s already", conf.Name, first)
		}
		names[strings.ToLower(conf.Name)] = path
		for j, alias := range conf.dialled() {
			p := path + ".name"
			if len(conf.Aliases) > 0 {
				p = fmt.Sprintf("%s.aliases[%d]", path, j)
			}
			if problem := checkAlias(alias); problem != "" {
				d.problemf(p, "%s", problem)
				continue
			}
			if first, twice := aliases[strings.ToLower(alias)]; twice {
				d.problemf(p, "alias %q leads to %s already", alias, first)
			}
			aliases[strings.ToLower(alias)] = strconv.Quote(conf.Name)
		}
		if conf.MaxParticipants < 0 {
			d.problemf(path+".max_participants", "%d is less than 0", conf.MaxParticipants)
		}
		checkLayout(d, layouts, path+".layout", conf.Layout)
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

// checkAlias says what is wrong with an alias.
func checkAlias(alias string) string {
	switch {
	case alias == "":
		return "is empty"
	case strings.HasPrefix(strings.ToLower(alias), "sip:"), strings.HasPrefix(strings.ToLower(alias), "sips:"):
		return fmt.Sprintf("%q: write the alias without %q", alias, alias[:strings.IndexByte(alias, ':')+1])
	case strings.ContainsAny(alias, " \t\r\n;?<>\":"):
		return fmt.Sprintf("%q cannot be dialled: no blanks, quotes, colons, semicolons or angle brackets; give the conference aliases without them", alias)
	case strings.Count(alias, "@") > 1, strings.HasPrefix(alias, "@"), strings.HasSuffix(alias, "@"):
		return fmt.Sprintf("%q is neither name nor name@host", alias)
	}
	return ""
}

func checkLayout(d *decoder, layouts []string, path, layout string) {
	if layout != "" && len(layouts) > 0 && !slices.Contains(layouts, layout) {
		d.problemf(path, "unknown layout %q; there are %s%s", layout, strings.Join(layouts, ", "), didYouMean(layout, layouts))
	}
}

// compile returns the pattern anchored at both ends; nil when it is off.
func (a AdHoc) compile() (*regexp.Regexp, error) {
	if a.Pattern == "" {
		return nil, nil
	}
	if _, err := regexp.Compile(a.Pattern); err != nil {
		return nil, fmt.Errorf("bad regular expression: %w", err)
	}
	return regexp.Compile(`\A(?i:` + a.Pattern + `)\z`)
}
