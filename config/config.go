package config

import (
	"fmt"
	"os"
	"time"
)

// Config is the whole file. Every field has its key in the tag yaml and its
// documentation in the tag doc, from which parley.example.yaml is made.
type Config struct {
	SIP             SIP        `yaml:"sip" doc:"Where calls arrive."`
	Media           Media      `yaml:"media" doc:"Sound and pictures of the calls."`
	HTTP            HTTP       `yaml:"http" doc:"The page of the node, its metrics and its health."`
	Management      Management `yaml:"management" doc:"The Management Node, where the deployment is configured: of parley serve and parley mgmt."`
	Log             Log        `yaml:"log" doc:"What the program writes to standard error."`
	Capacity        Capacity   `yaml:"capacity" doc:"What the node does when it has much to do."`
	DataDir         string     `yaml:"data_dir" doc:"Folder for what outlives the program: the configuration of the deployment and its daily backups, certificates, and what work costs on this machine. Empty: parley-data in the folder where the program was started."`
	MaxParticipants int        `yaml:"max_participants" doc:"Most participants on this node at a time, all conferences together. 0: no limit."`
}

// SIP says where calls arrive (RFC 3261).
type SIP struct {
	UDP            string        `yaml:"udp" doc:"Address and port for SIP over UDP. Empty: off."`
	TCP            string        `yaml:"tcp" doc:"Address and port for SIP over TCP. Empty: off."`
	TLS            string        `yaml:"tls" doc:"Address and port for SIP over TLS, usually :5061. Empty: off."`
	Address        string        `yaml:"address" doc:"IP address written into SIP messages: the public one behind a NAT that forwards ports 1:1. Empty: media.address, else the address that the call arrived at."`
	CertFile       string        `yaml:"cert_file" doc:"Certificate chain for TLS, PEM. Empty: a self-signed certificate is made, and kept in data_dir."`
	KeyFile        string        `yaml:"key_file" doc:"Private key for TLS, PEM. Empty where cert_file is."`
	SessionExpires time.Duration `yaml:"session_expires" doc:"A call is refreshed in this time or ends (RFC 4028). At least 90s."`
}

// Media says how media reaches the node.
type Media struct {
	Address        string        `yaml:"address" doc:"IP address written into SDP: the public one behind a NAT that forwards ports 1:1. Empty: the address that the call arrived at."`
	Ports          PortRange     `yaml:"ports" doc:"UDP ports for RTP and RTCP, first-last. A call takes four."`
	SmallBitrate   int           `yaml:"small_bitrate" doc:"Most that a caller who is seen small only is asked to send, kbit/s (TMMBR, where his endpoint declares it): he costs a fraction so. The last speakers are asked for all. 0: nobody is asked for less."`
	SilenceTimeout time.Duration `yaml:"rtp_silence_timeout" doc:"A call from which no RTP or RTCP arrives for this long is ended. 0: never."`
}

// HTTP says where the node's page is.
type HTTP struct {
	Address   string `yaml:"address" doc:"Address and port of the page, /metrics and /healthz. Whoever reaches it sees the conferences: give 127.0.0.1:8080 where the network is not yours. Empty: off."`
	Profiling bool   `yaml:"profiling" doc:"Serve profiles of the program (pprof) at /debug/pprof/ there: for those who look for where time and memory go."`
}

// Capacity says how much of the machine calls may take.
type Capacity struct {
	Limit int    `yaml:"limit" doc:"Percent of the processors that calls may take. Near it pictures get simpler, then smaller in rate; a call that would not fit even so is refused. 0: quality never falls, and no call is refused for load."`
	Cache string `yaml:"cache" doc:"File that keeps what work costs on this machine, so that it need not be measured at every start. Empty: costs.json in data_dir, and where that is empty too, measured at every start."`
}

// Management says where the deployment is configured.
type Management struct {
	Address  string `yaml:"address" doc:"Address and port of the REST API, by HTTPS."`
	Database string `yaml:"database" doc:"Where the configuration is kept: postgres://user:password@host/database, or the path of an SQLite file. Empty: parley.db in data_dir."`
	Bus      string `yaml:"bus" doc:"Address and port where Conferencing Nodes connect, by mutual TLS with certificates of the deployment's own."`
	CertFile string `yaml:"cert_file" doc:"Certificate chain, PEM. Empty: a self-signed certificate is made, and kept in data_dir."`
	KeyFile  string `yaml:"key_file" doc:"Private key, PEM. Empty where cert_file is."`
}

// Log says what is logged, and how.
type Log struct {
	Level  LogLevel  `yaml:"level" doc:"debug, info, warn or error."`
	Format LogFormat `yaml:"format" doc:"text or json."`
}

// Default returns the configuration of an empty file.
func Default() Config {
	return Config{
		SIP: SIP{
			UDP:            ":5060",
			TCP:            ":5060",
			SessionExpires: 30 * time.Minute,
		},
		Media: Media{
			Ports:          PortRange{First: 40000, Last: 49999},
			SmallBitrate:   384,
			SilenceTimeout: 30 * time.Second,
		},
		Management: Management{Address: ":8443", Bus: ":8444"},
		HTTP:       HTTP{Address: ":8080"},
		Capacity:   Capacity{Limit: 90},
		Log:        Log{Level: LevelInfo, Format: FormatText},
	}
}

// Load reads the YAML file at path ("" = no file), then the variables of env
// ("KEY=value", as os.Environ gives them) over it, and validates the result.
// A key a.b has the variable PARLEY_A_B. Variables
// that start like those of a group and belong to no key are wrong. The error
// names file and line of everything that is wrong, one problem to a line.
func Load(path string, env []string) (Config, error) {
	c := Default()
	d := newDecoder()
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("configuration: %w", err)
		}
		d.file(path, text, &c)
	}
	d.environment(env, &c)
	if len(d.problems) == 0 { // half a configuration would only give errors that follow from others
		validate(&c, d)
	}
	if err := d.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}
