//go:build cgo

package behaviour

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"parley/bench/caller"
	"parley/codecs"
	"parley/engine/rtp"
	"parley/node"
)

// Calls set up and torn down leave goroutines, pictures, sockets, codecs and
// memory where they were. PARLEY_TEST_CALLS says how many (1000 for the record).
func TestManyCallsLeaveNothing(t *testing.T) {
	calls := 100
	if s := os.Getenv("PARLEY_TEST_CALLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		calls = n
	}
	m := open(t, func(c *node.Config) { c.Deployment.Global.OwnThumbnail = "shown" })
	m.batch(t, calls/2) // pools, caches and the C allocator's arenas fill up
	before := m.used()
	for done := 0; done < calls; done += 20 {
		m.batch(t, 20)
	}
	after := m.used()
	// Transactions live on for up to 32 s (RFC 3261 section 17.1.1.2, timer D)
	// and hold what they belong to.
	settle(t, "the heap is as small as before", func() bool {
		if after.heap-before.heap > 8<<20 {
			after = m.used()
		}
		return after.heap-before.heap <= 8<<20
	})
	t.Logf("before %+v", before)
	t.Logf("after %d calls %+v", calls, after)
	if after.goroutines > before.goroutines+4 || after.pictures != before.pictures || after.transports != before.transports ||
		after.files > before.files+4 {
		t.Error("something is left")
	}
	// With native memory. Allocators keep some of what was freed, but not more and more.
	if grown := after.resident - before.resident; grown > 96<<20 {
		t.Errorf("resident memory grew by %d bytes", grown)
	}
}

// batch makes n calls in parallel, each until its first picture.
func (m *meeting) batch(t *testing.T, n int) {
	t.Helper()
	var calls sync.WaitGroup
	limit := make(chan struct{}, 10)
	for i := range n {
		limit <- struct{}{}
		calls.Go(func() {
			defer func() { <-limit }()
			spec := m.spec(i % 16)
			spec.URI = m.uri("meet-" + strconv.Itoa(i%3))
			spec.H264.Level = 13
			c, err := caller.Dial(m.ctx, spec)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if err := c.Await(m.ctx, func(c *caller.Caller) bool { return c.Stats().Video.FirstPicture > 0 }); err != nil {
				t.Errorf("call %d has no picture: %v", i, err)
			}
			if err := c.Hangup(m.ctx); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	calls.Wait()
	settle(t, "all are gone", func() bool { return len(m.node.Status().Conferences) == 0 })
}

type usage struct {
	goroutines, files    int
	pictures, transports int64
	heap, resident       int64
}

// used tells what the process holds once nothing runs any more.
func (m *meeting) used() usage {
	settle(m.t, "codecs are closed", func() bool { s := m.node.Status(); return s.Encoders == 0 && s.Decoders == 0 })
	u := usage{}
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	files, _ := os.ReadDir("/proc/self/fd")
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			u.resident = n << 10
		}
	}
	u.goroutines, u.files = runtime.NumGoroutine(), len(files)
	u.pictures, u.transports, u.heap = codecs.PicturesLive(), rtp.TransportsOpen(), int64(stats.HeapAlloc)
	return u
}
