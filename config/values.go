package config

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"
)

// Quality is the largest picture that a participant is sent.
type Quality string

// The qualities.
const (
	SD     Quality = "sd"     // up to 768x448
	HD     Quality = "hd"     // up to 1280x720
	FullHD Quality = "fullhd" // up to 1920x1080
)

// Height returns the luma rows that a quality allows; 0 of an unknown one.
func (q Quality) Height() int {
	return map[Quality]int{SD: 448, HD: 720, FullHD: 1080}[q]
}

// OwnThumbnail says whether a participant on stage sees himself among the thumbnails.
type OwnThumbnail string

// The ways of the own thumbnail.
const (
	Hidden OwnThumbnail = "hidden"
	Shown  OwnThumbnail = "shown"
	Auto   OwnThumbnail = "auto" // hidden while the node has room
)

// LogLevel is the least important message that is logged.
type LogLevel string

// The log levels.
const (
	LevelDebug LogLevel = "debug"
	LevelInfo  LogLevel = "info"
	LevelWarn  LogLevel = "warn"
	LevelError LogLevel = "error"
)

// LogFormat is the form of log lines.
type LogFormat string

// The log formats.
const (
	FormatText LogFormat = "text" // key=value
	FormatJSON LogFormat = "json" // one object a line
)

// choice is a value of a short list.
type choice interface{ choices() []string }

func (LogLevel) choices() []string  { return []string{"debug", "info", "warn", "error"} }
func (LogFormat) choices() []string { return []string{"text", "json"} }

// PortRange is a range of UDP ports, both ends included.
type PortRange struct {
	First, Last uint16
}

var (
	_ encoding.TextMarshaler   = PortRange{}
	_ encoding.TextUnmarshaler = (*PortRange)(nil)
)

// MarshalText writes first-last.
func (r PortRange) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d-%d", r.First, r.Last), nil
}

// UnmarshalText reads first-last.
func (r *PortRange) UnmarshalText(text []byte) error {
	first, last, _ := strings.Cut(string(text), "-")
	a, errA := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if errA != nil || errB != nil {
		return fmt.Errorf("%q is not a port range; write first-last with ports up to 65535, such as 40000-49999", text)
	}
	*r = PortRange{First: uint16(a), Last: uint16(b)}
	return nil
}
