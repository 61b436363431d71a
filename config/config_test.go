package config

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write parley.example.yaml anew")

const examplePath = "../parley.example.yaml"

func load(t *testing.T, text string, env ...string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, env, "one_main_seven_pips", "four_by_four_speaker")
	return c, err
}

func TestExampleIsDefaults(t *testing.T) {
	if *update {
		if err := os.WriteFile(examplePath, Example(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(Example()) {
		t.Error("parley.example.yaml differs from the defaults in the code; run: go test ./config -update")
	}
	c, err := Load(examplePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Conferences = nil // [] and nothing are the same
	if want := Default(); !reflect.DeepEqual(c, want) {
		t.Errorf("the example reads as\n%+v, the defaults are\n%+v", c, want)
	}
}

// The sample conference of the example is a comment; without the # it must work.
func TestExampleConference(t *testing.T) {
	var lines []string
	for line := range strings.Lines(string(Example())) {
		if rest, ok := strings.CutPrefix(line, "# conferences:"); ok {
			lines = append(lines, "conferences:"+rest)
		} else if rest, ok := strings.CutPrefix(line, "#   "); ok && len(lines) > 0 {
			lines = append(lines, "  "+rest)
		}
	}
	c, err := load(t, strings.Join(lines, ""))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Conferences) != 1 || c.Conferences[0].Name != "Weekly" || len(c.Conferences[0].Aliases) != 2 {
		t.Errorf("conferences: %+v", c.Conferences)
	}
}

func TestEveryFieldHasKeyAndDoc(t *testing.T) {
	var check func(path string, ty reflect.Type)
	check = func(path string, ty reflect.Type) {
		for i := range ty.NumField() {
			f := ty.Field(i)
			if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" {
				t.Errorf("%s.%s has no yaml or no doc tag", path, f.Name)
			}
			switch {
			case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[PortRange]():
				check(path+"."+f.Name, f.Type)
			case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
				check(path+"."+f.Name, f.Type.Elem())
			}
		}
	}
	check("Config", reflect.TypeFor[Config]())
}

func TestLoad(t *testing.T) {
	c, err := load(t, `
sip: {udp: "127.0.0.1:5070", tcp: ""}
media:
  ports: 50000-50099
  rtp_silence_timeout: 1m30s
log:
conferences:
  - name: Weekly
    aliases: [weekly, Weekly@Example.com]
    max_participants: 12
    own_thumbnail: hidden
  - name: standup
    layout: four_by_four_speaker
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.SIP.UDP != "127.0.0.1:5070" || c.SIP.TCP != "" || c.HTTP.Address != ":8080" {
		t.Errorf("addresses: %+v %+v", c.SIP, c.HTTP)
	}
	if c.Media.Ports != (PortRange{50000, 50099}) || c.Media.SilenceTimeout != 90*time.Second {
		t.Errorf("media: %+v", c.Media)
	}
	if c.Log != Default().Log {
		t.Errorf("an empty group is not the default: %+v", c.Log)
	}
	if len(c.Conferences) != 2 || c.Conferences[0].OwnThumbnail != Hidden || c.Conferences[1].Layout != "four_by_four_speaker" {
		t.Errorf("conferences: %+v", c.Conferences)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "sip:\n  upd: :5060\n", `parley.yaml:2: unknown key "upd" in sip (did you mean "udp"?)`},
		{"key of another group", "udp: :5060\n", `parley.yaml:1: unknown key "udp" at the top level (did you mean sip.udp?)`},
		{"key nobody knows", "http:\n  zzzzz: 1\n", `parley.yaml:2: unknown key "zzzzz" in http (known here: address, profiling)`},
		{"key twice", "log:\n  level: info\n  level: debug\n", `parley.yaml:3: key "level" is there twice, first on line 2`},
		{"bad choice", "max_quality: hdd\n", `parley.yaml:1: max_quality: "hdd" is none of sd, hd, fullhd (did you mean "hd"?)`},
		{"bad percentage", "capacity: {limit: 101}\n", `parley.yaml:1: capacity.limit: 101 is no percentage`},
		{"bad switch", "http: {profiling: si}\n", `parley.yaml:1: http.profiling: "si" is neither true nor false`},
		{"bad time", "media:\n  rtp_silence_timeout: 30\n", `parley.yaml:2: media.rtp_silence_timeout: "30" is not a time`},
		{"bad number", "max_participants: many\n", `parley.yaml:1: max_participants: "many" is not a whole number`},
		{"negative", "max_participants: -1\n", `parley.yaml:1: max_participants: -1 is less than 0`},
		{"bad range", "media: {ports: 40000}\n", `parley.yaml:1: media.ports: "40000" is not a port range`},
		{"no rate", "media: {small_bitrate: -1}\n", `parley.yaml:1: media.small_bitrate: -1 is too little`},
		{"range backwards", "media: {ports: 500-400}\n", `media.ports: 500-400 ends before it begins`},
		{"range too narrow", "media: {ports: 4000-4002}\n", `a call takes four ports`},
		{"low ports", "media: {ports: 400-5000}\n", `ports below 1024`},
		{"bad address", "\nsip:\n  udp: 5060\n", `parley.yaml:3: sip.udp: "5060" is not an address with a port`},
		{"bad host", "http: {address: \"nowhere:80\"}\n", `http.address: host "nowhere"`},
		{"bad port", "http: {address: \":99999\"}\n", `http.address: port "99999"`},
		{"media address", "media: {address: 0.0.0.0}\n", `media.address: "0.0.0.0" is not the IP address of one host`},
		{"sip address", "sip: {address: 203.0.113.7:5060}\n", `sip.address: "203.0.113.7:5060" is not the IP address of one host`},
		{"nothing listens", "sip: {udp: '', tcp: ''}\n", `parley.yaml:1: sip: udp, tcp and tls are all off`},
		{"certificate without key", "sip: {tls: ':5061', cert_file: a}\n", `sip.cert_file and sip.key_file are given together`},
		{"certificate alone", "sip: {cert_file: a, key_file: b}\n", `a certificate without sip.tls`},
		{"short session", "sip: {session_expires: 10s}\n", `sip.session_expires: 10s is less than 1m30s`},
		{"no name", "conferences:\n  - aliases: [a]\n", `parley.yaml:2: conferences[0].name: is missing`},
		{"name twice", "conferences:\n  - name: a\n  - name: A\n    aliases: [b]\n", `parley.yaml:3: conferences[1].name: "A" is the name of conferences[0] already`},
		{"alias twice", "conferences:\n  - name: a\n  - name: b\n    aliases: [c, A]\n", `parley.yaml:4: conferences[1].aliases[1]: alias "A" leads to "a" already`},
		{"alias with scheme", "conferences:\n  - {name: a, aliases: ['sip:a']}\n", `write the alias without "sip:"`},
		{"alias with blanks", "conferences:\n  - name: all hands\n", `"all hands" cannot be dialled`},
		{"unknown layout", "conferences:\n  - {name: a, layout: one_main_seven_pip}\n", `unknown layout "one_main_seven_pip"; there are one_main_seven_pips, four_by_four_speaker (did you mean "one_main_seven_pips"?)`},
		{"bad pattern", "adhoc: {pattern: '('}\n", `parley.yaml:1: adhoc.pattern: bad regular expression`},
		{"list for value", "data_dir: [a]\n", `data_dir: expected a single value, not a list`},
		{"value for list", "conferences: a\n", `conferences: expected a list, not a single value`},
		{"value for group", "sip: 5060\n", `parley.yaml:1: sip: expected keys and values`},
		{"not yaml", "sip: [\n", `parley.yaml:`},
		{"second document", "log:\n  level: warn\n---\nlog:\n  level: debug\n", `parley.yaml:3: a second YAML document begins here`},
		{"second document not yaml", "data_dir: a\n---\nsip: [\n", `parley.yaml:`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.text)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is\n%v, want\n%s", err, test.want)
			}
		})
	}
}

func TestLoadTellsAllProblems(t *testing.T) {
	_, err := load(t, "max_quality: x\nsip: {udp: 1, foo: 2}\nlog: {level: loud}\n")
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], ":1:") || !strings.Contains(lines[2], ":3:") {
		t.Errorf("want three problems by line, have\n%v", err)
	}
}

func TestEnvironment(t *testing.T) {
	c, err := load(t, "sip: {udp: ':5070'}\n",
		"PARLEY_SIP_UDP=[::1]:5080", "PARLEY_MEDIA_RTP_SILENCE_TIMEOUT=5s", "PARLEY_PORT=tcp://1.2.3.4:80",
		"PARLEY_SIP_SERVICE_HOST=10.0.0.1", "PARLEY_SIP_SERVICE_PORT_SIP=5060", "PARLEY_SIP_PORT=udp://10.0.0.1:5060",
		"PARLEY_SIP_PORT_5060_UDP=udp://10.0.0.1:5060", "PARLEY_SIP_PORT_5060_UDP_ADDR=10.0.0.1", "PARLEY_OTHER_THING=1",
		"PARLEY_CONFERENCES=[{name: a}, {name: b}]", "HOME=/root")
	if err != nil {
		t.Fatal(err)
	}
	if c.SIP.UDP != "[::1]:5080" || c.Media.SilenceTimeout != 5*time.Second || len(c.Conferences) != 2 {
		t.Errorf("%+v", c)
	}
	_, err = load(t, "", "PARLEY_MAX_QUALITY=uhd", "PARLEY_CONFERENCES=[{nam: a}]")
	for _, want := range []string{"PARLEY_MAX_QUALITY: max_quality:", `PARLEY_CONFERENCES: unknown key "nam" in conferences[0] (did you mean "name"?)`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	for variable, want := range map[string]string{
		"PARLEY_SIP_UDPP=:5070":                   `PARLEY_SIP_UDPP: unknown variable (did you mean "PARLEY_SIP_UDP"?)`,
		"PARLEY_MEDIA_PORT=5000-6000":             `PARLEY_MEDIA_PORT: unknown variable (did you mean "PARLEY_MEDIA_PORTS"?)`,
		"PARLEY_HTTP_LISTEN=:80":                  `PARLEY_HTTP_LISTEN: unknown variable (there are PARLEY_HTTP_ADDRESS, PARLEY_HTTP_PROFILING)`,
		"PARLEY_LOG_LEVELS=warn":                  `PARLEY_LOG_LEVELS: unknown variable (did you mean "PARLEY_LOG_LEVEL"?)`,
		"PARLEY_ADHOC_PATERN=x":                   `PARLEY_ADHOC_PATERN: unknown variable (did you mean "PARLEY_ADHOC_PATTERN"?)`,
		"PARLEY_SIP_PORT=5070":                    `PARLEY_SIP_PORT: unknown variable (there are PARLEY_SIP_UDP, `,
		"PARLEY_CONFERENCES=[]\n---\n[{name: a}]": `PARLEY_CONFERENCES: conferences: a second YAML document`,
	} {
		if _, err := load(t, "", variable); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %s", variable, err, want)
		}
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load("/nonexistent/parley.yaml", nil); !os.IsNotExist(unwrap(err)) {
		t.Errorf("error is %v", err)
	}
	if c, err := Load("", nil); err != nil || !reflect.DeepEqual(c, Default()) {
		t.Errorf("no file: %v, %+v", err, c)
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return err
}

func TestLookup(t *testing.T) {
	c := Default()
	c.Conferences = []Conference{
		{Name: "Weekly", Aliases: []string{"weekly"}, MaxQuality: HD},
		{Name: "Theirs", Aliases: []string{"weekly@theirs.example"}, OwnThumbnail: Shown},
		{Name: "standup", MaxParticipants: 4, Layout: "four_by_four_speaker"},
	}
	for alias, want := range map[string]string{
		"weekly": "Weekly", "WEEKLY@10.0.0.1": "Weekly", "weekly@theirs.example": "Theirs", "standup@x": "standup",
		"meet": "meet", "Meet-42@x": "meet-42", "meeting": "", "x-meet": "", "": "", "@x": "",
	} {
		conf, ok := c.Lookup(alias)
		if conf.Name != want || ok != (want != "") {
			t.Errorf("%q leads to %q, %v, want %q", alias, conf.Name, ok, want)
		}
		if ok && (conf.Layout == "" || conf.MaxQuality == "" || conf.OwnThumbnail == "" || len(conf.Aliases) == 0) {
			t.Errorf("%q leaves settings open: %+v", alias, conf)
		}
	}
	c.AdHoc.Pattern = "a|b"
	if _, ok := c.Lookup("ax"); ok {
		t.Error("an alternative in the pattern escapes its anchors")
	}
	c.AdHoc.Pattern = ""
	if _, ok := c.Lookup("meet"); ok {
		t.Error("ad-hoc rooms are off but open")
	}
}

// An ad-hoc room is named after what was dialled. Where that is the name of a
// configured conference, the caller must not get past the conference's aliases.
func TestLookupKeepsNamesOfConferences(t *testing.T) {
	c := Default()
	c.Conferences = []Conference{
		{Name: "meet-board", Aliases: []string{"board-7731"}, MaxParticipants: 3},
		{Name: "Meet-Sales", Aliases: []string{"meet-sales@example.com"}},
	}
	for alias, want := range map[string]string{
		"board-7731": "meet-board", "meet-board": "", "MEET-BOARD@10.0.0.1": "",
		"meet-sales@example.com": "Meet-Sales", "meet-sales": "", "meet-others": "meet-others",
	} {
		conf, ok := c.Lookup(alias)
		if conf.Name != want || ok != (want != "") {
			t.Errorf("%q leads to %q, want %q", alias, conf.Name, want)
		}
	}
}

func TestDialable(t *testing.T) {
	c := Default()
	if have := c.Dialable(); !slices.Equal(have, []string{"meet"}) {
		t.Errorf("by default %q", have)
	}
	c.Conferences = []Conference{{Name: "Weekly", Aliases: []string{"weekly", "w@example.com"}}, {Name: "standup"}}
	if have := c.Dialable(); !slices.Equal(have, []string{"weekly", "w@example.com", "standup", "meet"}) {
		t.Errorf("with conferences %q", have)
	}
	for _, alias := range c.Dialable() {
		if _, ok := c.Lookup(alias); !ok {
			t.Errorf("%q cannot be dialled", alias)
		}
	}
	c.Conferences = []Conference{{Name: "Meet"}}
	if have := c.Dialable(); !slices.Equal(have, []string{"Meet"}) {
		t.Errorf("a conference of that name gives %q", have)
	}
	c.Conferences = []Conference{{Name: "meet", Aliases: []string{"other"}}}
	if have := c.Dialable(); !slices.Equal(have, []string{"other"}) {
		t.Errorf("a conference of that name with another alias gives %q", have)
	}
	c.Conferences, c.AdHoc.Pattern = nil, "room-[0-9]+"
	if have := c.Dialable(); have == nil || len(have) != 0 {
		t.Errorf("with a pattern of one's own %#v", have)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(string(Example()))
	f.Add("sip: &a {udp: *a}")
	f.Add("conferences: [{name: a, aliases: [b]}]")
	f.Add("a: [")
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		d := newDecoder()
		d.file("f", []byte(text), &c)
		validate(&c, d, nil)
		if d.err() == nil {
			c.Lookup("meet@x")
		}
	})
}
