package sdp

import (
	"strings"
	"testing"

	"parley/codecs"
)

func TestProfileLevelID(t *testing.T) {
	const cb, main, high = codecs.ConstrainedBaseline, codecs.Main, codecs.High
	for _, c := range []struct {
		fmtp        string
		ok          bool
		profile     codecs.Profile
		constrained bool
		level, mode int
		again       string // profile-level-id as we write it back
	}{
		{"", true, cb, false, 10, 0, "42000a"}, // RFC 6184: baseline, level 1
		{"packetization-mode=1", true, cb, false, 10, 1, "42000a"},
		{"profile-level-id=42e01f", true, cb, true, 31, 0, "42e01f"},
		{"profile-level-id=42E01F; packetization-mode=1", true, cb, true, 31, 1, "42e01f"},
		{"Packetization-Mode=1;Profile-Level-Id=42801f", true, cb, false, 31, 1, "42801f"},
		{"profile-level-id=420014", true, cb, false, 20, 0, "420014"},
		{"profile-level-id=42c00b", true, cb, true, 11, 0, "42c00b"},
		{"profile-level-id=42f00b", true, cb, true, Level1b, 0, "42f00b"},
		{"profile-level-id=42f01f", true, cb, true, 31, 0, "42e01f"}, // set3 means nothing here
		{"profile-level-id=4d0028", true, main, true, 40, 0, "4d0028"},
		{"profile-level-id=4d400b;packetization-mode=0", true, main, true, 11, 0, "4d400b"},
		{"profile-level-id=4d801e", true, cb, true, 30, 0, "4d801e"}, // RFC 6184 table 5
		{"profile-level-id=58c01e", true, cb, true, 30, 0, "58c01e"},
		{"profile-level-id=58801e", true, cb, false, 30, 0, "58801e"},
		{"profile-level-id=640028", true, high, true, 40, 0, "640028"},
		{"profile-level-id=640c1f;packetization-mode=1", true, high, true, 31, 1, "640c1f"},
		{"profile-level-id=640009", true, high, true, Level1b, 0, "640009"},
		{"profile-level-id=42e0ff", true, cb, true, 62, 0, "42e03e"},
		{"profile-level-id=42e000", true, cb, true, 10, 0, "42e00a"},
		{"profile-level-id=42e023", true, cb, true, 32, 0, "42e020"}, // no level 3.5
		{"profile-level-id=58001e", false, 0, false, 0, 0, ""},       // extended
		{"profile-level-id=6e0028", false, 0, false, 0, 0, ""},       // high 10
		{"profile-level-id=42e01", false, 0, false, 0, 0, ""},
		{"profile-level-id=42e01f0", false, 0, false, 0, 0, ""},
		{"profile-level-id=42e0zz", false, 0, false, 0, 0, ""},
		{"profile-level-id=", false, 0, false, 0, 0, ""},
		{"profile-level-id=42e01f;packetization-mode=2", false, 0, false, 0, 0, ""},
		{"profile-level-id=42e01f;packetization-mode=x", false, 0, false, 0, 0, ""},
	} {
		h, ok := parseH264(c.fmtp)
		if ok != c.ok {
			t.Errorf("%q: ok = %v", c.fmtp, ok)
		}
		if !ok || !c.ok {
			continue
		}
		if h.profile != c.profile || h.constrained != c.constrained || h.level != c.level || h.mode != c.mode {
			t.Errorf("%q: %v constrained %v level %d mode %d", c.fmtp, h.profile, h.constrained, h.level, h.mode)
		}
		if again := profileLevelID(h.profileIDC, h.profileIOP, h.level); again != c.again {
			t.Errorf("%q: written back as %s, want %s", c.fmtp, again, c.again)
		}
	}
}

func TestLevelLimits(t *testing.T) {
	for _, c := range []struct {
		level        int
		constraint   bool
		fs, mbps, br int
	}{
		{10, false, 99, 1485, 64},
		{11, true, 99, 1485, 128},
		{11, false, 396, 3000, 192},
		{9, false, 99, 1485, 128},
		{13, true, 396, 11880, 768},
		{31, false, 3600, 108000, 14000},
		{31, true, 3600, 108000, 14000},
		{40, false, 8192, 245760, 20000},
		{62, false, 139264, 16711680, 800000},
		{0, false, 99, 1485, 64},
		{-1, false, 99, 1485, 64},
		{39, false, 5120, 216000, 20000},
		{255, false, 139264, 16711680, 800000},
	} {
		fs, mbps, br := LevelLimits(c.level, c.constraint)
		if fs != c.fs || mbps != c.mbps || br != c.br {
			t.Errorf("level %d %v: %d %d %d, want %d %d %d", c.level, c.constraint, fs, mbps, br, c.fs, c.mbps, c.br)
		}
	}
	for i := 1; i < len(levels); i++ {
		a, b := levels[i-1], levels[i]
		if a.maxFS > b.maxFS || a.maxMBPS > b.maxMBPS || a.maxBR > b.maxBR {
			t.Errorf("level %d is not below level %d", a.level, b.level)
		}
	}
}

// TestH264Limits checks what we may send and what we answer, for an own level
// of 3.1.
func TestH264Limits(t *testing.T) {
	for _, c := range []struct {
		name, fmtp, answer string
		want               H264
	}{
		{
			"asymmetric, theirs higher", "profile-level-id=640028;packetization-mode=1;level-asymmetry-allowed=1",
			"profile-level-id=64001f;packetization-mode=1;level-asymmetry-allowed=1",
			H264{codecs.High, 40, 8192, 245760, 20000000, 1},
		},
		{
			"symmetric, theirs higher", "profile-level-id=42e028;packetization-mode=1",
			"profile-level-id=42e01f;packetization-mode=1",
			H264{codecs.ConstrainedBaseline, 31, 3600, 108000, 14000000, 1},
		},
		{
			"symmetric, theirs lower with additions", "profile-level-id=428014;max-fs=3600;max-mbps=108000;max-br=4000",
			"profile-level-id=428014;packetization-mode=0;max-fs=3600;max-mbps=108000;max-br=14000",
			H264{codecs.ConstrainedBaseline, 20, 3600, 108000, 4000000, 0},
		},
		{
			"additions below the level give nothing", "profile-level-id=42e01f;max-fs=99;max-mbps=1485;max-br=64;level-asymmetry-allowed=1",
			"profile-level-id=42e01f;packetization-mode=0;level-asymmetry-allowed=1",
			H264{codecs.ConstrainedBaseline, 31, 3600, 108000, 14000000, 0},
		},
		{
			"additions that are no numbers", "profile-level-id=42e01f;max-fs=;max-mbps=-5;max-br=many;level-asymmetry-allowed=1",
			"profile-level-id=42e01f;packetization-mode=0;level-asymmetry-allowed=1",
			H264{codecs.ConstrainedBaseline, 31, 3600, 108000, 14000000, 0},
		},
		{
			"level 1b", "profile-level-id=42f00b",
			"profile-level-id=42f00b;packetization-mode=0;max-fs=3600;max-mbps=108000;max-br=14000",
			H264{codecs.ConstrainedBaseline, Level1b, 99, 1485, 128000, 0},
		},
	} {
		h, ok := parseH264(c.fmtp)
		if !ok {
			t.Errorf("%s: not understood", c.name)
			continue
		}
		if got := h.limits(&H264Local{}); got != c.want {
			t.Errorf("%s: may send %+v, want %+v", c.name, got, c.want)
		}
		if got := h.answer(&H264Local{}); got != c.answer {
			t.Errorf("%s: answer\n%s, want\n%s", c.name, got, c.answer)
		}
	}
	own := H264Local{Level: 31, MaxFS: 8192, MaxMBPS: 245760, MaxBR: 20000000}
	if got := h264Parameters(&own, idcHigh, 0, 31, 1, true); !strings.HasSuffix(got, ";max-fs=8192;max-mbps=245760;max-br=20000") {
		t.Errorf("own additions: %s", got)
	}
}

func TestParameterSets(t *testing.T) {
	h, ok := parseH264("sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==; profile-level-id=42c01e")
	if !ok || len(h.parameterSets) != 2 || h.parameterSets[0][0] != 0x67 || h.parameterSets[1][0] != 0x68 {
		t.Errorf("%v %x", ok, h.parameterSets)
	}
	if h, _ := parseH264("sprop-parameter-sets=,!!,aA=="); len(h.parameterSets) != 1 {
		t.Errorf("broken ones: %x", h.parameterSets)
	}
	many := "sprop-parameter-sets=" + strings.Repeat("aA==,", 1000)
	if h, _ := parseH264(many); len(h.parameterSets) != maxParameterSets {
		t.Errorf("%d parameter sets kept", len(h.parameterSets))
	}
}
