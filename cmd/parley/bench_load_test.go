package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestBenchLoadCommandLine(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		want string // in what is written
	}{
		{"bench conference --help", 0, "--own-thumbnail"},
		{"bench limit --help", 0, "side by side"},
		{"bench ramp --help", 0, "--step"},
		{"bench against --help", 0, "--pid"},
		{"bench soak --help", 0, "--hours"},
		{"bench conference --size 9p --out=", 2, "--size 9p"},
		{"bench conference --duration 1ms --out=", 2, "--duration 1ms"},
		{"bench conference --parties 0 --out=", 2, "1 or more"},
		{"bench conference --looks 17 --out=", 2, "17"},
		{"bench conference --turn 1ms --out=", 2, "turns of 1ms"},
		{"bench conference --own-thumbnail maybe --out=", 2, "hidden"},
		{"bench conference --video /nonexistent.y4m --out=", 1, "no such file"},
		{"bench limit --parties 1 --out=", 2, "2 to 16"},
		{"bench limit --size 3x3 --out=", 2, "--size 3x3"},
		{"bench ramp --step 0 --out=", 2, "--step"},
		{"bench against --out=", 2, "--sip"},
		{"bench against --sip nobody --out=", 2, "write it like sip:meet@192.0.2.1"},
		{"bench against --sip sip:a@127.0.0.1 --main 1,2 --out=", 2, "--main 1,2"},
		{"bench soak --loss 101 --out=", 2, "share 1.01"},
		{"bench soak --churn 1ms --out=", 2, "--churn"},
	} {
		var out bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
			t.Errorf("parley %s: code %d, want %d with %q:\n%s", test.args, code, test.code, test.want, out.String())
		}
	}
}

func TestParseVideoSize(t *testing.T) {
	for text, want := range map[string][3]int{
		"720p30": {1280, 720, 30}, "720p": {1280, 720, 30}, "360p15": {640, 360, 15}, "640x480@25": {640, 480, 25},
		"640x480": {640, 480, 30}, "1080p60": {1920, 1080, 60}, "90p": {160, 90, 30},
		"": {}, "p30": {}, "720p0": {}, "721p30x": {}, "640x480@x": {}, "2160p30": {}, "641x480": {},
	} {
		w, h, fps, err := parseVideoSize(text)
		if [3]int{w, h, fps} != want && err == nil || (err == nil) != (want[0] > 0) {
			t.Errorf("%q: %dx%d at %d, %v; want %v", text, w, h, fps, err, want)
		}
	}
}

func TestParseMain(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "0,0,0.75,0.75": true, "0.1, 0, 0.9, 1": true, "0,0,1": false, "0,0,2,1": false, "a,0,1,1": false, "0.5,0,0.5,1": false,
	} {
		if _, err := parseMain(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
