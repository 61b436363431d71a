package load

import (
	"io/fs"
	"runtime"
	"testing"
)

func TestQuota(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  float64 // 0 = none
	}{
		{"no control groups", nil, 0},
		{"version 2, none", map[string]string{groupsFile: "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n"}, 0},
		{"version 2, no file at the top", map[string]string{groupsFile: "0::/a\n"}, 0},
		{"version 2", map[string]string{groupsFile: "0::/a\n", "/sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5},
		{"a container sees its own group at the top", map[string]string{
			groupsFile: "0::/system.slice/x.scope\n", "/sys/fs/cgroup/cpu.max": "50000 100000\n",
		}, 0.5},
		{"the group above has less", map[string]string{
			groupsFile: "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "300000 100000\n", "/sys/fs/cgroup/a/cpu.max": "200000 100000\n",
		}, 2},
		{"version 1", map[string]string{
			groupsFile: "5:memory:/m\n4:cpu,cpuacct:/a\n0::/\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "250000\n",
			"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 2.5},
		{"another controller", map[string]string{groupsFile: "3:cpuset:/a\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "1\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "2\n"}, 0},
		{"nonsense", map[string]string{groupsFile: "\n::\nx\n0::/../..\n", "/sys/fs/cgroup/cpu.max": "many 0\n"}, 0},
		{"a period of nothing", map[string]string{groupsFile: "0::/\n", "/sys/fs/cgroup/cpu.max": "100000 0\n"}, 0},
		{"no period", map[string]string{groupsFile: "0::/\n", "/sys/fs/cgroup/cpu.max": "100000\n"}, 0},
	} {
		got, ok := quota(func(file string) (string, error) {
			if text, there := test.files[file]; there {
				return text, nil
			}
			return "", fs.ErrNotExist
		})
		if got != test.want || ok != (test.want > 0) {
			t.Errorf("%s: %v, %v, want %v", test.name, got, ok, test.want)
		}
	}
}

func TestProcessors(t *testing.T) {
	if n := Processors(); n <= 0 || n > float64(runtime.GOMAXPROCS(0)) {
		t.Errorf("%v processors", n)
	}
}
