package mgmt

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/mgmt/api"
	"parley/mgmt/resource"
	"parley/mgmt/store"
)

// What a snapshot has at most.
const (
	snapshotAudits = 1000
	snapshotHours  = 8760 // of the log; a year
)

// snapshotCommand gives what somebody needs who looks for a fault: all but secrets.
func (m *Management) snapshotCommand() api.Command {
	return api.Command{
		Name: "platform/snapshot", Numbers: []string{"limit"},
		Later: map[string]string{"include_diagnostic_metrics": "there are no diagnostic metrics yet: leave it out"},
		Give: func(ctx context.Context, a api.Arguments) (api.File, error) {
			hours := snapshotHours
			if text := a["limit"]; text != "" {
				n, err := strconv.Atoi(text)
				if err != nil || n < 1 || n > snapshotHours {
					return api.File{}, &api.Refused{Status: http.StatusBadRequest, Text: fmt.Sprintf("limit: must be hours of the log, 1 to %d", snapshotHours)}
				}
				hours = n
			}
			now := time.Now().UTC()
			content, err := m.snapshot(ctx, now, time.Duration(hours)*time.Hour)
			return api.File{Name: "parley-snapshot-" + now.Format(backupStamp) + ".tar.gz", Type: "application/gzip", Content: content}, err
		},
	}
}

// snapshot returns a tar.gz of text files. What cannot be had now, such as the
// audit log without a database, is told in its file.
func (m *Management) snapshot(ctx context.Context, now time.Time, logged time.Duration) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	archive := tar.NewWriter(z)
	hide := m.newScrubber()
	add := func(name, content string) error {
		if err := archive.WriteHeader(&tar.Header{Name: "parley-snapshot/" + name, Mode: 0o600, Size: int64(len(content)), ModTime: now}); err != nil {
			return err
		}
		_, err := archive.Write([]byte(content))
		return err
	}
	values := map[string]any{"about": m.about(now), "audit": m.lastAudits(ctx)}
	for name, objects := range m.api.Everything() {
		values[name] = objects
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := add(name+".json", indented(hide.value(plain(values[name])))); err != nil {
			return nil, err
		}
	}
	var log strings.Builder
	for _, line := range m.logged.since(now.Add(-logged)) {
		text, _ := json.Marshal(hide.text(line)) // what was read as JSON can be
		log.Write(append(text, '\n'))
	}
	err := errors.Join(add("log.jsonl", log.String()), add("goroutines.txt", goroutines()))
	if err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}

// about says which program runs where, since when, on what.
func (m *Management) about(now time.Time) map[string]any {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	about := map[string]any{
		"parley": m.version, "time": now, "started": m.started.UTC(), "database": m.store.Kind(), "configuration_version": m.tree.Version(), "pid": os.Getpid(),
		"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "processors": runtime.GOMAXPROCS(0), "goroutines": runtime.NumGoroutine(),
		"heap_bytes": memory.HeapAlloc, "memory_bytes": memory.Sys,
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		modules := map[string]string{}
		for _, d := range build.Deps {
			modules[d.Path] = d.Version
		}
		about["modules"] = modules
	}
	return about
}

// lastAudits are the last changes of the configuration, the newest first.
func (m *Management) lastAudits(ctx context.Context) any {
	var rows []store.Audit
	number, _ := auditKind.Field("id")
	if _, err := m.store.Rows(ctx, store.Query{Table: store.AuditTable, Order: []resource.Order{{Field: number, Falling: true}}, Limit: snapshotAudits}, &rows); err != nil {
		return map[string]string{"error": err.Error()}
	}
	return rows
}

var auditKind = resource.NewKind("audit", "", store.Audit{}, nil)

func goroutines() string {
	var text bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&text, 2) // memory takes all
	return text.String()
}

// plain returns what JSON makes of a value.
func plain(v any) (out any) {
	text, err := json.Marshal(v)
	if err == nil {
		out, err = read(text)
	}
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return out
}

func read(text []byte) (out any, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	err = in.Decode(&out)
	return out, err
}

func indented(v any) string {
	text, _ := json.MarshalIndent(v, "", "  ") // what was read as JSON can be
	return string(text) + "\n"
}

// scrubber takes secrets out of texts that are not fields of their own: lines of
// the log, addresses, notes.
type scrubber struct{ secrets *strings.Replacer }

// secretLeast is the length from which a secret is looked for everywhere: shorter
// ones are parts of other words and numbers too.
const secretLeast = 6

func (m *Management) newScrubber() scrubber {
	var pairs []string
	s := m.tree.Snapshot()
	for _, k := range m.tree.Kinds() {
		for _, object := range s.Objects[k.Name] {
			for _, f := range k.Fields {
				if text, _ := f.Value(object).(string); f.Secret && len(text) >= secretLeast {
					pairs = append(pairs, text, resource.Mask, strings.Trim(strconv.Quote(text), `"`), resource.Mask)
				}
			}
		}
	}
	return scrubber{strings.NewReplacer(pairs...)}
}

// value scrubs all texts of what was read as JSON.
func (s scrubber) value(v any) any {
	switch x := v.(type) {
	case string:
		return s.text(x)
	case []any:
		for i := range x {
			x[i] = s.value(x[i])
		}
	case map[string]any:
		for name := range x {
			x[name] = s.value(x[name])
		}
	}
	return v
}

// Texts that carry secrets: tokens of ours, what is before an @ in a URL, and what is
// behind its path.
var (
	ourTokens = regexp.MustCompile(`\b(` + apiTokenPrefix + `|` + setupTokenPrefix + `|` + joinTokenPrefix + `)[A-Za-z0-9_.-]+`)
	userInfo  = regexp.MustCompile(`(\b[a-z][a-z0-9+.-]*://)[^\s"'/@]*@`)
	urlQuery  = regexp.MustCompile(`(\bhttps?://[^\s"'?#]*[?#])[^\s"']+`)
)

// text scrubs a text. Of one that is a JSON object itself, such as a line of the
// log or what an object was, it returns the object.
func (s scrubber) text(text string) any {
	if strings.HasPrefix(text, "{") {
		if object, err := read([]byte(text)); err == nil {
			return s.value(object)
		}
	}
	text = s.secrets.Replace(text)
	text = ourTokens.ReplaceAllString(text, "${1}"+resource.Mask)
	text = userInfo.ReplaceAllString(text, "${1}"+resource.Mask+"@")
	return urlQuery.ReplaceAllString(text, "${1}"+resource.Mask)
}
