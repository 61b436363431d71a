package config

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
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
	return Load(path, env)
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
	if want := Default(); !reflect.DeepEqual(c, want) {
		t.Errorf("the example reads as\n%+v, the defaults are\n%+v", c, want)
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
}

func TestLoadErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "sip:\n  upd: :5060\n", `parley.yaml:2: unknown key "upd" in sip (did you mean "udp"?)`},
		{"key of another group", "udp: :5060\n", `parley.yaml:1: unknown key "udp" at the top level (did you mean sip.udp?)`},
		{"key nobody knows", "http:\n  zzzzz: 1\n", `parley.yaml:2: unknown key "zzzzz" in http (known here: address, profiling)`},
		{"key twice", "log:\n  level: info\n  level: debug\n", `parley.yaml:3: key "level" is there twice, first on line 2`},
		{"bad choice", "log: {level: warm}\n", `parley.yaml:1: log.level: "warm" is none of debug, info, warn, error (did you mean "warn"?)`},
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
		{"list for value", "data_dir: [a]\n", `data_dir: expected a single value, not a list`},
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
	_, err := load(t, "max_participants: x\nsip: {udp: 1, foo: 2}\nlog: {level: loud}\n")
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
		"HOME=/root")
	if err != nil {
		t.Fatal(err)
	}
	if c.SIP.UDP != "[::1]:5080" || c.Media.SilenceTimeout != 5*time.Second {
		t.Errorf("%+v", c)
	}
	_, err = load(t, "", "PARLEY_LOG_LEVEL=loud", "PARLEY_HTTP_PROFILING=si")
	for _, want := range []string{"PARLEY_LOG_LEVEL: log.level:", "PARLEY_HTTP_PROFILING: http.profiling:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	for variable, want := range map[string]string{
		"PARLEY_SIP_UDPP=:5070":       `PARLEY_SIP_UDPP: unknown variable (did you mean "PARLEY_SIP_UDP"?)`,
		"PARLEY_MEDIA_PORT=5000-6000": `PARLEY_MEDIA_PORT: unknown variable (did you mean "PARLEY_MEDIA_PORTS"?)`,
		"PARLEY_HTTP_LISTEN=:80":      `PARLEY_HTTP_LISTEN: unknown variable (there are PARLEY_HTTP_ADDRESS, PARLEY_HTTP_PROFILING)`,
		"PARLEY_LOG_LEVELS=warn":      `PARLEY_LOG_LEVELS: unknown variable (did you mean "PARLEY_LOG_LEVEL"?)`,
		"PARLEY_SIP_PORT=5070":        `PARLEY_SIP_PORT: unknown variable (there are PARLEY_SIP_UDP, `,
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

func FuzzFile(f *testing.F) {
	f.Add(string(Example()))
	f.Add("sip: &a {udp: *a}")
	f.Add("a: [")
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		d := newDecoder()
		d.file("f", []byte(text), &c)
		validate(&c, d)
	})
}
