//go:build cgo

package behaviour

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/bench/caller"
	"parley/bench/clip"
	"parley/bus"
	"parley/config"
	"parley/node"
	"parley/node/managed"
	"parley/signaling/sip"
)

// From nothing, by REST: a location, a node, a room; callers dial it, are seen in
// the status, and are muted, locked out, shown otherwise, and disconnected.
func TestDeploymentByREST(t *testing.T) {
	d := manage(t, t.TempDir(), "127.0.0.1:0")
	defer d.end()
	id := d.newNode("oslo-1")
	m := d.openManaged("oslo-1", id)
	events, sink := newEventServer(t)
	_, at := d.ask("POST", configurationAPI+"event_sink/", map[string]any{"name": "log", "url": sink, "username": "u", "password": "secret"}, http.StatusCreated)
	d.ask("PATCH", configurationAPI+"system_location/1/", map[string]any{"event_sinks": []string{at}}, http.StatusAccepted)
	if one, _ := d.ask("GET", at, nil, http.StatusOK); one["password"] == "secret" {
		t.Error("the password of an event sink can be read")
	}
	_, room := d.ask("POST", configurationAPI+"conference/", map[string]any{
		"name": "Board", "aliases": []map[string]any{{"alias": "board"}}, "tag": "weekly", "own_thumbnail": "hidden",
	}, http.StatusCreated)
	version := d.management.Deployment().Version
	settle(t, "the node has the room", func() bool { return m.node.Configured() >= version })

	spec := func(i int) caller.Config {
		c := m.spec(i)
		c.URI = m.uri("board")
		return c
	}
	a, b := m.call(spec(0)), m.call(spec(1))
	a.Talk(true)
	m.await(b, "B sees and hears A", func(c *caller.Caller) bool {
		return strings.HasPrefix(faces(c), "A") && c.Heard(clip.ToneOf(0)) > heardAt
	})

	// The status.
	var people []map[string]any
	d.settle("the status has both, with codecs and rates", func() bool {
		people = d.list(statusAPI + "participant/?conference=Board&order_by=connect_time")
		if len(people) != 2 {
			return false
		}
		for _, p := range people {
			streams := d.list(statusAPI + "participant/" + p["id"].(string) + "/media_stream/")
			if len(streams) != 2 || streams[0]["rx_codec"] != "opus" || streams[1]["rx_codec"] != "H264" || streams[1]["rx_bitrate"].(float64) < 20 ||
				streams[1]["tx_resolution"] != "640x360" {
				return false
			}
		}
		return true
	})
	if p := people[0]; p["display_name"] != "Caller A" || p["destination_alias"] != "board" || p["protocol"] != "SIP" || p["role"] != "chair" ||
		p["media_node"] != "oslo-1" || p["system_location"] != "Oslo" || p["service_tag"] != "weekly" || p["remote_address"] != "127.0.0.1" {
		t.Errorf("participant %v", p)
	}
	conferences := d.list(statusAPI + "conference/")
	if len(conferences) != 1 || conferences[0]["name"] != "Board" || conferences[0]["is_locked"] != false {
		t.Fatalf("conferences %v", conferences)
	}
	conference := conferences[0]["id"]
	nodes := d.list(statusAPI + "worker_vm/")
	if n := nodes[0]; len(nodes) != 1 || n["name"] != "oslo-1" || n["is_connected"] != true || n["signaling_count"] != 2.0 {
		t.Errorf("nodes %v", nodes)
	}
	d.settle("the node is in sync", func() bool { return d.list(statusAPI + "worker_vm/")[0]["sync_status"] == "SYNCED" })

	// Commands act on what callers see and hear.
	first := people[0]["id"]
	d.command("participant/mute", map[string]any{"participant_id": first})
	m.await(b, "B hears A no more", func(c *caller.Caller) bool { return c.Heard(clip.ToneOf(0)) < silentAt })
	d.command("participant/unmute", map[string]any{"participant_id": first})
	m.await(b, "B hears A again", func(c *caller.Caller) bool { return c.Heard(clip.ToneOf(0)) > heardAt })

	d.command("conference/lock", map[string]any{"conference_id": conference})
	_, err := caller.Dial(m.ctx, spec(2))
	var status *sip.StatusError
	if !errors.As(err, &status) || status.Code != 486 {
		t.Errorf("a newcomer to a locked conference: %v", err)
	}
	d.command("conference/unlock", map[string]any{"conference_id": conference})
	m.call(spec(2))

	inGrid := func(c *caller.Caller) bool {
		others := facesIn(c, "four_by_four_speaker")
		return strings.HasPrefix(others, "A") && strings.Contains(others, "C")
	}
	m.await(b, "B sees A and C", func(c *caller.Caller) bool {
		return strings.HasPrefix(faces(c), "A") && strings.Contains(faces(c), "C")
	})
	if inGrid(b) {
		t.Fatal("the layouts cannot be told apart")
	}
	d.command("conference/transform_layout", map[string]any{"conference_id": conference, "layout": "four_by_four_speaker"})
	m.await(b, "B sees A and C in the other layout", inGrid)
	d.settle("the status tells of it", func() bool { return d.list(statusAPI + "conference/")[0]["layout"] == "four_by_four_speaker" })

	picture := d.picture(conference.(string))
	if size := picture.Bounds().Size(); size != image.Pt(640, 360) {
		t.Errorf("the conference's picture is %v", size)
	}
	if lightest, darkest := extremes(picture); lightest < 150 || darkest > 50 {
		t.Errorf("the conference's picture is empty: luma %d to %d", darkest, lightest)
	}

	d.ask("POST", commandAPI+"participant/mute/", map[string]any{"participant_id": "nobody"}, http.StatusNotFound)
	d.ask("POST", commandAPI+"participant/mute/", map[string]any{}, http.StatusBadRequest)
	d.ask("POST", commandAPI+"conference/transform_layout/", map[string]any{"conference_id": conference, "layout": "nine"}, http.StatusBadRequest)

	d.command("participant/disconnect", map[string]any{"participant_id": first})
	settle(t, "A is disconnected", func() bool {
		select {
		case <-a.Done():
			return true
		default:
			return false
		}
	})
	d.command("conference/disconnect", map[string]any{"conference_id": conference})
	d.settle("the conference is over", func() bool { return len(d.list(statusAPI+"conference/")) == 0 })

	// The history.
	d.settle("the history holds the conference", func() bool { return len(d.list(historyAPI+"conference/?name=Board")) == 1 })
	if c := d.list(historyAPI + "conference/")[0]; c["participant_count"] != 3.0 || c["tag"] != "weekly" || c["node"] != "oslo-1" {
		t.Errorf("%v", c)
	}
	for _, p := range d.list(historyAPI + "participant/?order_by=start_time") {
		reason := p["disconnect_reason"].(string)
		if p["conference_name"] != "Board" || !strings.Contains(reason, "disconnected") || (p["display_name"] == "Caller A") != strings.Contains(reason, "administrator") {
			t.Errorf("%v", p)
		}
		if streams := d.list(historyAPI + "participant/" + p["id"].(string) + "/media_stream/"); len(streams) != 2 || streams[1]["rx_codec"] != "H264" {
			t.Errorf("streams %v", streams)
		}
	}

	// The event sink was told all of it, in order.
	want := []string{
		"eventsink_started", "conference_started", "participant_connected Caller A", "participant_connected Caller B", "participant_updated Caller A",
		"participant_updated Caller A", "conference_updated", "conference_updated", "participant_connected Caller C", "participant_disconnected Caller A",
		"participant_disconnected Caller B", "participant_disconnected Caller C", "conference_ended",
	}
	settle(t, "the event sink has it all", func() bool { return len(events.list()) >= len(want) })
	got := events.list()
	slices.Sort(got[10:12]) // those two leave at the same time
	if !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// A node in maintenance takes no calls, and one that is deleted is out.
	d.ask("PATCH", configurationAPI+"worker_vm/1/", map[string]any{"maintenance_mode": true}, http.StatusAccepted)
	settle(t, "the node is in maintenance", func() bool { return m.node.Report().Maintenance })
	if _, err := caller.Dial(m.ctx, spec(3)); !errors.As(err, &status) || status.Code != 503 {
		t.Errorf("a call to a node in maintenance: %v", err)
	}
	d.ask("DELETE", room, nil, http.StatusNoContent)
	d.ask("DELETE", configurationAPI+"worker_vm/1/", nil, http.StatusNoContent)
	d.settle("nothing is heard of the node", func() bool { return len(d.list(statusAPI+"worker_vm/")) == 0 })
}

// With the Management Node gone, calls go on and new ones are served; what is
// changed when it is back reaches the node.
func TestManagementNodeGone(t *testing.T) {
	dir := t.TempDir()
	d := manage(t, dir, "127.0.0.1:0")
	id := d.newNode("oslo-1")
	m := d.openManaged("oslo-1", id)
	d.ask("POST", configurationAPI+"conference/", map[string]any{"name": "Board", "aliases": []map[string]any{{"alias": "board"}}}, http.StatusCreated)
	version := d.management.Deployment().Version
	settle(t, "the node has the room", func() bool { return m.node.Configured() >= version })
	spec := func(i int) caller.Config {
		c := m.spec(i)
		c.URI = m.uri("board")
		return c
	}
	a := m.call(spec(0))
	d.end()
	b := m.call(spec(1))
	m.await(a, "A sees B", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "B") })
	m.await(b, "B sees A", func(c *caller.Caller) bool { return strings.HasPrefix(faces(c), "A") })
	for i := 3; i < 6; i++ { // who comes and goes meanwhile is in the history later
		if err := m.call(spec(i)).Hangup(m.ctx); err != nil {
			t.Fatal(err)
		}
		// The BYE is answered before the node has written it down.
		settle(t, "he is gone", func() bool { return len(m.conference().Participants) == 2 })
	}

	d = manage(t, dir, id.Bus)
	defer d.end()
	d.ask("POST", configurationAPI+"conference_alias/", map[string]any{"alias": "second", "conference": configurationAPI + "conference/1/"}, http.StatusCreated)
	version = d.management.Deployment().Version
	settle(t, "the change has come", func() bool { return m.node.Configured() >= version })
	d.settle("the status has both", func() bool { return len(d.list(statusAPI+"participant/")) == 2 })
	third := spec(2)
	third.URI = m.uri("second")
	m.call(third)
	d.settle("and the third", func() bool { return len(d.list(statusAPI+"participant/?destination_alias=second")) == 1 })
	var names []string
	d.settle("the history is complete", func() bool {
		names = nil
		for _, p := range d.list(historyAPI + "participant/") {
			names = append(names, p["display_name"].(string))
		}
		return len(names) >= 3
	})
	if got := strings.Join(names, ","); got != "Caller D,Caller E,Caller F" {
		t.Errorf("history %s: want those three, in order, each once", got)
	}
}

// Wrong tokens, used ones, certificates of another deployment and of machines that
// were replaced are refused.
func TestWhoMayJoin(t *testing.T) {
	d := manage(t, t.TempDir(), "127.0.0.1:0")
	defer d.end()
	other := manage(t, t.TempDir(), "127.0.0.1:0")
	defer other.end()
	d.newNode("oslo-1")
	stranger := other.newNode("oslo-1")
	made, _ := d.ask("POST", configurationAPI+"worker_vm/", map[string]any{"name": "oslo-2", "system_location": configurationAPI + "system_location/1/"}, http.StatusCreated)
	link := made["join_link"].(string)
	for name, wrong := range map[string]string{
		"token":       strings.Replace(link, "parley_join_", "parley_join_x", 1),
		"fingerprint": link[:len(link)-4] + "0000",
		"link":        "https://127.0.0.1/",
		"scheme":      strings.Replace(link, "https", "http", 1),
	} {
		if _, err := managed.Join(t.Context(), wrong, t.TempDir()); err == nil {
			t.Errorf("joined with a wrong %s", name)
		}
	}
	first, err := managed.Join(t.Context(), link, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := managed.Join(t.Context(), link, t.TempDir()); !errors.Is(err, managed.ErrRefused) {
		t.Errorf("joined twice with one token: %v", err)
	}
	if !d.connects(*first) {
		t.Error("a node that has joined cannot connect")
	}
	foreign := *stranger
	foreign.Authority = first.Authority // it believes the server, but the server not it
	if d.connects(foreign) {
		t.Error("a node of another deployment was let in")
	}
	d.ask("DELETE", fmt.Sprintf("%sworker_vm/%d/", configurationAPI, first.Node), nil, http.StatusNoContent)
	if d.connects(*first) {
		t.Error("a node that was deleted was let in")
	}
}

// follower is a node that only follows the configuration.
type follower struct {
	version chan int64
	status  bus.NodeStatus
}

func (f *follower) Configure(d config.Deployment)                   { f.version <- d.Version }
func (f *follower) Report() bus.NodeStatus                          { return f.status }
func (f *follower) Do(bus.Command) bus.Result                       { return bus.Result{} }
func (f *follower) Picture(context.Context, string) ([]byte, error) { return nil, nil }

// Every one of fifty nodes gets every change, in order; those that missed some
// too. How long the last one takes is told, not judged.
func TestFiftyNodesFollow(t *testing.T) {
	const count = 50
	d := manage(t, t.TempDir(), "127.0.0.1:0")
	defer d.end()
	var followers []*follower
	for i := range count {
		name := fmt.Sprintf("node-%d", i)
		f := &follower{version: make(chan int64, 1000)}
		tie, err := managed.Start(managed.Config{
			Identity: d.newNode(name), DataDir: d.nodeDir(name), Deployment: config.DefaultDeployment(), Node: f, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer tie.Close()
		followers = append(followers, f)
	}
	reach := func(f *follower, want int64) {
		t.Helper()
		for last := int64(-1); last < want; {
			select {
			case v := <-f.version:
				if v < last {
					t.Fatalf("version %d after %d", v, last)
				}
				last = v
			case <-time.After(patience):
				t.Fatalf("a node is at %d and never comes to %d", last, want)
			}
		}
	}
	for _, f := range followers {
		reach(f, d.management.Deployment().Version)
	}
	start := time.Now()
	d.ask("POST", configurationAPI+"conference/", map[string]any{"name": "New"}, http.StatusCreated)
	version := d.management.Deployment().Version
	for _, f := range followers {
		reach(f, version)
	}
	t.Logf("the last of %d nodes has a change after %v", count, time.Since(start).Round(time.Millisecond))
	for range 20 {
		d.ask("PATCH", configurationAPI+"conference/1/", map[string]any{"tag": fmt.Sprint(version)}, http.StatusAccepted)
		version++
	}
	for _, f := range followers {
		reach(f, version)
	}
	settle(t, "the last configuration is on disk", func() bool {
		kept, err := node.LoadDeployment(d.nodeDir("node-0"))
		return err == nil && kept.Version == version && len(kept.Conferences) == 1 && kept.Conferences[0].Tag == fmt.Sprint(version-1)
	})
}
