package sdp

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"parley/codecs"
)

// h264Format is the media type parameters of one H264 payload type (RFC 6184 section 8.1).
type h264Format struct {
	profileIDC, profileIOP byte // as the far end wrote them, without the flag for level 1b
	profile                codecs.Profile
	constrained            bool // false for the full baseline profile
	level                  int
	mode                   int
	asymmetry              bool
	maxFS, maxMBPS, maxBR  int // 0 = unsaid; maxBR in bit/s
	parameterSets          [][]byte
}

const (
	idcBaseline = 0x42
	idcMain     = 0x4d
	idcExtended = 0x58
	idcHigh     = 0x64

	set0Flag = 0x80
	set1Flag = 0x40
	set3Flag = 0x10
)

// parseH264 reads an fmtp value. It returns false for what we cannot code:
// other profiles, interleaved packets, a profile-level-id that is none.
func parseH264(fmtp string) (h264Format, bool) {
	p := parameters(fmtp)
	// Without a profile-level-id it is baseline at level 1 (RFC 6184 section 8.1).
	h := h264Format{profileIDC: idcBaseline, level: 10}
	if id, ok := p["profile-level-id"]; ok {
		var ok bool
		if h.profileIDC, h.profileIOP, h.level, ok = parseProfileLevelID(id); !ok {
			return h, false
		}
	}
	iop := h.profileIOP
	// RFC 6184 table 5.
	switch h.profileIDC {
	case idcBaseline:
		h.profile, h.constrained = codecs.ConstrainedBaseline, iop&set1Flag != 0
	case idcMain:
		h.profile, h.constrained = codecs.Main, true
		if iop&set0Flag != 0 {
			h.profile = codecs.ConstrainedBaseline
		}
	case idcExtended:
		if iop&set0Flag == 0 {
			return h, false
		}
		h.profile, h.constrained = codecs.ConstrainedBaseline, iop&set1Flag != 0
	case idcHigh:
		h.profile, h.constrained = codecs.High, true
	default:
		return h, false
	}
	switch p["packetization-mode"] {
	case "", "0":
	case "1":
		h.mode = 1
	default:
		return h, false
	}
	h.asymmetry = p["level-asymmetry-allowed"] == "1"
	h.maxFS = parameterNumber(p, "max-fs")
	h.maxMBPS = parameterNumber(p, "max-mbps")
	h.maxBR = parameterNumber(p, "max-br") * 1000
	h.parameterSets = parseParameterSets(p["sprop-parameter-sets"])
	return h, true
}

// parseProfileLevelID splits six hexadecimal digits; level 1b becomes Level1b.
func parseProfileLevelID(id string) (idc, iop byte, level int, ok bool) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != 3 {
		return 0, 0, 0, false
	}
	idc, iop, level = b[0], b[1], int(b[2])
	if idc != idcHigh {
		if level == 11 && iop&set3Flag != 0 {
			level = Level1b
		}
		iop &^= set3Flag
	}
	return idc, iop, knownLevel(level), true
}

// profileLevelID is the reverse of parseProfileLevelID.
func profileLevelID(idc, iop byte, level int) string {
	if level == Level1b && idc != idcHigh {
		iop |= set3Flag
		level = 11
	}
	return fmt.Sprintf("%02x%02x%02x", idc, iop, level)
}

// ownProfile returns the first two bytes of profile-level-id by which we offer a profile.
func ownProfile(p codecs.Profile) (idc, iop byte) {
	switch p {
	case codecs.High:
		return idcHigh, 0
	case codecs.Main:
		return idcMain, 0
	default:
		return idcBaseline, 0xe0 // also decodable as main and extended
	}
}

// maxParameterSets bounds what a far end makes us keep.
const maxParameterSets = 16

func parseParameterSets(value string) [][]byte {
	if value == "" {
		return nil
	}
	var sets [][]byte
	for text := range strings.SplitSeq(value, ",") {
		nal, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(nal) == 0 {
			continue
		}
		if sets = append(sets, nal); len(sets) == maxParameterSets {
			break
		}
	}
	return sets
}

// fits reports whether we code this format.
func (h *h264Format) fits(l *H264Local) bool {
	return slices.Contains(l.profiles(), h.profile) && slices.Contains(l.modes(), h.mode)
}

// better orders formats that fit: the better profile first, then
// packetization-mode 1 before 0, then constrained before full baseline.
// Equals stay in the order of the offer.
func (h *h264Format) better(g *h264Format) bool {
	if h.profile != g.profile {
		return h.profile > g.profile
	}
	if h.mode != g.mode {
		return h.mode > g.mode
	}
	return h.constrained && !g.constrained
}

// key names the format for as long as a payload type must mean the same.
func (h *h264Format) key() string {
	return fmt.Sprintf("%s/%d/%d", codecs.H264, h.profile, h.mode)
}

// limits returns what we may send to a far end that said h, when we say l.
// Without level-asymmetry-allowed on both sides the lower of the two levels
// holds both ways (RFC 6184 section 8.2.2).
func (h *h264Format) limits(l *H264Local) H264 {
	level := h.level
	if !h.asymmetry {
		level = lowerLevel(level, l.level())
	}
	fs, mbps, br := LevelLimits(level, false)
	return H264{
		Profile:           h.profile,
		Level:             level,
		MaxFS:             max(fs, h.maxFS),
		MaxMBPS:           max(mbps, h.maxMBPS),
		MaxBR:             max(br*1000, h.maxBR),
		PacketizationMode: h.mode,
	}
}

// answer returns our fmtp value for a format of the far end.
func (h *h264Format) answer(l *H264Local) string {
	level := l.level()
	if !h.asymmetry {
		level = lowerLevel(level, h.level)
	}
	return h264Parameters(l, h.profileIDC, h.profileIOP, level, h.mode, h.asymmetry)
}

// h264Parameters writes an fmtp value. What we receive beyond the written level,
// because the far end's is lower or by H264Local's additions, is declared.
func h264Parameters(l *H264Local, idc, iop byte, level, mode int, asymmetry bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "profile-level-id=%s;packetization-mode=%d", profileLevelID(idc, iop, level), mode)
	if asymmetry {
		b.WriteString(";level-asymmetry-allowed=1")
	}
	fs, mbps, br := LevelLimits(level, false)
	ownFS, ownMBPS, ownBR := LevelLimits(l.level(), false)
	if own := max(ownFS, l.MaxFS); own > fs {
		fmt.Fprintf(&b, ";max-fs=%d", own)
	}
	if own := max(ownMBPS, l.MaxMBPS); own > mbps {
		fmt.Fprintf(&b, ";max-mbps=%d", own)
	}
	if own := max(ownBR, l.MaxBR/1000); own > br {
		fmt.Fprintf(&b, ";max-br=%d", own)
	}
	return b.String()
}
