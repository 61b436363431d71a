package peer

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// SIPpConfig says what a sipp does.
type SIPpConfig struct {
	Dir        string            // where it may write
	Scenario   string            // path of the XML file
	Target     string            // host:port
	Service    string            // whom it calls, [service]
	Calls      int               // in all; 0 = 1
	Rate       int               // new calls a second; 0 = 10
	Concurrent int               // calls at once at most; 0 = Calls
	TCP        bool              // over TCP, one connection
	Keys       map[string]string // [key] in the scenario
	Timeout    time.Duration     // for everything; 0 = 30 s
}

// SIPpResult is how it went.
type SIPpResult struct {
	Successful, Failed int
	Retransmissions    int
	Errors             string // what it says went wrong
}

// RunSIPp runs a scenario of calls to its end. The error is about running it;
// whether the calls were good is in the result.
func RunSIPp(ctx context.Context, c SIPpConfig) (SIPpResult, error) {
	var r SIPpResult
	port, err := freePort(0)
	if err != nil {
		return r, err
	}
	media, err := freePort(3)
	if err != nil {
		return r, err
	}
	calls, rate := max(c.Calls, 1), c.Rate
	if rate == 0 {
		rate = 10
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	scenario, err := filepath.Abs(c.Scenario)
	if err != nil {
		return r, err
	}
	transport := "u1"
	if c.TCP {
		transport = "t1"
	}
	name := strings.TrimSuffix(filepath.Base(scenario), ".xml")
	stats, faults := filepath.Join(c.Dir, name+".csv"), filepath.Join(c.Dir, name+".errors")
	args := []string{
		c.Target, "-sf", scenario, "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-mp", strconv.Itoa(media), "-t", transport,
		"-m", strconv.Itoa(calls), "-r", strconv.Itoa(rate), "-l", strconv.Itoa(max(c.Concurrent, min(calls, 1000))),
		"-nostdin", "-trace_err", "-error_file", faults, "-trace_stat", "-stf", stats, "-fd", "1",
		"-trace_msg", "-message_file", filepath.Join(c.Dir, name+".messages"),
		"-timeout", fmt.Sprintf("%ds", int(timeout.Seconds())), "-timeout_error",
	}
	if c.Service != "" {
		args = append(args, "-s", c.Service)
	}
	for k, v := range c.Keys {
		args = append(args, "-key", k, v)
	}
	p, err := start(c.Dir, []string{"TERM=dumb"}, "sipp", args...)
	if err != nil {
		return r, err
	}
	defer p.end(syscall.SIGKILL) // its results are on disk
	err = p.wait(ctx)
	if ctx.Err() != nil {
		return r, err
	}
	if b, e := os.ReadFile(faults); e == nil {
		r.Errors = string(b)
	}
	b, e := os.ReadFile(stats)
	if e != nil {
		return r, fmt.Errorf("peer: sipp %s: %w: %s", name, err, p.Output())
	}
	if e := r.parse(string(b)); e != nil {
		return r, fmt.Errorf("peer: sipp %s: %w", name, e)
	}
	return r, nil
}

// parse reads the counters of the last line of its statistics.
func (r *SIPpResult) parse(stats string) error {
	in := csv.NewReader(strings.NewReader(stats))
	in.Comma, in.FieldsPerRecord = ';', -1
	rows, err := in.ReadAll()
	if err != nil {
		return err
	}
	if len(rows) < 2 {
		return fmt.Errorf("no statistics: %q", stats)
	}
	last := rows[len(rows)-1]
	for i, head := range rows[0] {
		if i >= len(last) {
			break
		}
		n, _ := strconv.Atoi(last[i])
		switch head {
		case "SuccessfulCall(C)":
			r.Successful = n
		case "FailedCall(C)":
			r.Failed = n
		case "Retransmissions(C)":
			r.Retransmissions = n
		}
	}
	return nil
}
