//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/composer"
	"parley/mgmt"
	"parley/mgmt/store"
)

// TestHistoryPages has Chromium look at the history and the alarms of a deployment
// that has some.
func TestHistoryPages(t *testing.T) {
	dir := t.TempDir()
	dsn := filepath.Join(dir, "parley.db")
	keepHistory(t, dsn, time.Now())
	// A file where the folder of backups would be: that there is none is an alarm.
	if err := os.WriteFile(filepath.Join(dir, "backups"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	url, token := manage(t, dir, mgmt.Config{
		DSN: dsn, Layouts: []string{composer.OneMainSevenPips}, Log: slog.New(slog.DiscardHandler), Bus: "127.0.0.1:0", DataDir: dir,
	})
	browse(t, "history.spec.ts", "PARLEY_URL="+url, "PARLEY_SETUP="+url+"/setup#"+token)
}

// apiece returns windows one by one, as JSON, of how many there were of each quality.
func apiece(t *testing.T, windows string) string {
	t.Helper()
	var counts []int
	if err := json.Unmarshal([]byte(windows), &counts); err != nil {
		t.Fatal(err)
	}
	list := []int{}
	for rank, n := range counts {
		for range n {
			list = append(list, rank)
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keepHistory has a database know of conferences before now: one of five people a
// day ago, whose calls were from good to terrible; sixty short ones, an hour each
// from the other, in the days before; and one that goes on, of which one has left.
func keepHistory(t *testing.T, dsn string, now time.Time) {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var h store.History
	uuid := func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
	conference := func(n int, name string, begin time.Time, stay time.Duration, people int) {
		h.Conferences = append(h.Conferences, store.HistoryConference{
			ID: uuid(n), Name: name, ServiceType: "conference", Tag: "acme", StartTime: begin, EndTime: begin.Add(stay), Duration: int(stay.Seconds()), ParticipantCount: people, Node: "oslo-1",
		})
	}
	participant := func(n, in int, room, name, quality, windows string, begin time.Time, stay time.Duration) {
		h.Participants = append(h.Participants, store.HistoryParticipant{
			ID: uuid(n), Conference: uuid(in), ConferenceName: room, DisplayName: name, RemoteAlias: fmt.Sprintf("sip:caller-%d@example.com", n), LocalAlias: "board",
			CallUUID: uuid(n), Protocol: "SIP", Vendor: "baresip v1.0.0", Role: "chair", ServiceType: "conference", CallDirection: "in", CallQuality: quality, Buckets: windows, Windows: apiece(t, windows),
			Reason: "far end hung up", RemoteAddress: "192.0.2.7", RemotePort: 5060, MediaNode: "oslo-1", SignallingNode: "oslo-1", SystemLocation: "Oslo", HasMedia: true,
			StartTime: begin, EndTime: begin.Add(stay), Duration: int(stay.Seconds()),
		})
	}
	yesterday := now.Add(-20 * time.Hour)
	conference(1, "Board", yesterday, 40*time.Minute, 5)
	for i, p := range []struct {
		name, quality, windows string
		after, stay            time.Duration
	}{
		{"Ada Lovelace", "1_good", "[1,119,0,0,0]", 0, 40 * time.Minute},
		{"Blaise", "2_ok", "[0,50,22,3,0]", 2 * time.Minute, 25 * time.Minute},
		{"Chandrasekhara Venkata Raman of the second floor", "3_bad", "[0,10,10,40,3]", 5 * time.Minute, 21 * time.Minute},
		{"Dorothy", "4_terrible", "[0,0,0,1,8]", 37 * time.Minute, 3 * time.Minute},
		{"Émilie", "0_unknown", "[1,0,0,0,0]", 10 * time.Minute, 4 * time.Second},
	} {
		participant(11+i, 1, "Board", p.name, p.quality, p.windows, yesterday.Add(p.after), p.stay)
	}
	h.Streams = append(h.Streams,
		store.HistoryMediaStream{
			Participant: uuid(13), StreamType: "audio", Node: "oslo-1", StartTime: yesterday, EndTime: yesterday.Add(time.Minute), RxCodec: "opus", RxBitrate: 48, RxPackets: 900, RxPacketsLost: 100, RxPacketLoss: 10,
			RxJitter: 31.4, TxCodec: "opus", TxBitrate: 64,
		},
		store.HistoryMediaStream{
			Participant: uuid(13), StreamType: "video", Node: "oslo-1", StartTime: yesterday, EndTime: yesterday.Add(time.Minute), RxCodec: "H264", RxBitrate: 1203, RxResolution: "1280x720", RxFPS: 29.97,
			TxCodec: "H264", TxBitrate: 1800, TxResolution: "1280x720", TxFPS: 30, TxPacketLoss: 2.5,
		})
	for i := range 60 {
		begin := now.Add(-time.Duration(30+i) * time.Hour)
		conference(100+i, fmt.Sprintf("Room %02d", i), begin, 5*time.Minute, 1)
		participant(200+i, 100+i, fmt.Sprintf("Room %02d", i), fmt.Sprintf("Guest %02d", i), "1_good", "[0,15,0,0,0]", begin, 5*time.Minute)
	}
	participant(301, 300, "Standing", "Fermat", "1_good", "[0,6,0,0,0]", now.Add(-3*time.Hour), 2*time.Minute)
	if err := s.AddHistory(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}
