package subject

import (
	"math"
	"os"
	"testing"
)

func TestParseStat(t *testing.T) {
	text := "123 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 75 0 0 20 0 17 0 99 100 200"
	user, system, threads, err := parseStat([]byte(text))
	if user != 2.5 || system != 0.75 || threads != 17 || err != nil {
		t.Errorf("%v user, %v system, %d threads, %v", user, system, threads, err)
	}
	for _, bad := range []string{"", "123 (x) S 1", "123 (x) S 1 2 3 4 5 6 7 8 9 10 250 75 0 0 20 0 many 0"} {
		if _, _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestParseOthers(t *testing.T) {
	if v := parseMachine([]byte("cpu  100 10 50 9999 8888 1 2 3 0 0\ncpu0 1 1 1")); math.Abs(v-1.66) > 1e-9 {
		t.Errorf("machine: %v s", v)
	}
	if n := parseResident([]byte("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t    2048 kB\n")); n != 2<<20 {
		t.Errorf("resident: %d", n)
	}
}

func TestUsageOfMyself(t *testing.T) {
	u, err := UsageOf(os.Getpid())
	if err != nil || u.Resident < 1<<20 || u.Threads < 1 || u.Machine <= 0 {
		t.Errorf("%+v, %v", u, err)
	}
	if files, _, err := Descriptors(os.Getpid()); err != nil || files < 3 {
		t.Errorf("%d files, %v", files, err)
	}
	if _, err := UsageOf(-1); err == nil {
		t.Error("process -1 exists")
	}
}

func TestParseMetrics(t *testing.T) {
	page := `# HELP parley_views Different pictures composed.
# TYPE parley_views gauge
parley_views 3
parley_stage_seconds_total{stage="decode"} 1.5
parley_stage_seconds_total{stage="a } b"} 2e-1 1700000000

go_gc_duration_seconds{quantile="0.5"} NaN
broken
{x="y"}
`
	m := ParseMetrics([]byte(page))
	if m["parley_views"] != 3 || len(m) != 4 || !math.IsNaN(m[`go_gc_duration_seconds{quantile="0.5"}`]) {
		t.Errorf("%v", m)
	}
	stages := m.Labelled("parley_stage_seconds_total")
	if stages["decode"] != 1.5 || stages["a } b"] != 0.2 || len(stages) != 2 {
		t.Errorf("%v", stages)
	}
	d := m.Since(Metrics{"parley_views": 1})
	if d["parley_views"] != 2 || d[`parley_stage_seconds_total{stage="decode"}`] != 1.5 {
		t.Errorf("%v", d)
	}
}

func FuzzParseMetrics(f *testing.F) {
	f.Add([]byte("a{b=\"c\"} 1\nd 2\n"))
	f.Fuzz(func(_ *testing.T, page []byte) {
		m := ParseMetrics(page)
		m.Labelled("a")
		m.Since(m)
	})
}
