package mgmt

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"parley/mgmt/store"
	"parley/mgmt/store/storetest"
)

// TestMillionRows tells how long pages of a million participants take: PARLEY_BENCH=1.
func TestMillionRows(t *testing.T) {
	if os.Getenv("PARLEY_BENCH") == "" {
		t.Log("a million rows are written only with PARLEY_BENCH=1")
		return
	}
	storetest.Each(t, testMillionRows)
}

// million are the queries, by what they ask for.
var million = []string{
	"", "?limit=100&offset=500000", "?limit=100&offset=999900",
	"?order_by=-start_time", "?order_by=-end_time&limit=100&offset=500000", "?order_by=-end_time&limit=100&offset=999900", "?order_by=display_name&limit=100&offset=500000",
	"?order_by=-duration", "?order_by=vendor,-start_time", "?order_by=-rx_bandwidth",
	"?start_time__gte=2026-06-01T00:00:00&start_time__lt=2026-06-02T00:00:00", "?start_time__gte=2026-04-15T00:00:00&order_by=-start_time",
	"?end_time__gte=2026-04-15T00:00:00&start_time__lt=2026-06-25T00:00:00&order_by=-start_time", "?end_time__gte=2026-05-01T00:00:00&start_time__lt=2026-06-01T00:00:00&order_by=-start_time",
	"?start_time__gte=2026-03-05T00:00:00&end_time__lt=2026-06-02T00:00:00&order_by=-end_time", "?start_time__gte=2026-04-15T00:00:00&limit=100&offset=400000",
	"?id=000000000000000000000000000000777777", "?conversation_id=call-777777", "?conference=c777", "?remote_address=10.0.3.7",
	"?conference_name=Room%2017", "?conference_name=All%20hands&order_by=-start_time", "?conference_name=All%20hands&order_by=-end_time&limit=100&offset=40000",
	"?service_tag=sales", "?service_tag=sales&start_time__gte=2026-04-15T00:00:00&order_by=-start_time", "?service_tag=sales&order_by=display_name",
	"?call_quality=1_good&order_by=-start_time", "?call_quality=1_good&limit=100&offset=400000", "?call_quality=4_terrible&order_by=-end_time", "?call_quality=4_terrible&role=guest&order_by=-start_time",
	"?call_quality__in=3_bad,4_terrible&order_by=-start_time", "?has_media=false", "?has_media=false&order_by=-start_time", "?duration__gte=7000&order_by=-duration", "?rx_bandwidth__gt=1990",
	"?display_name=Caller%207", "?remote_alias=sip:caller7@example.com&order_by=-start_time", "?display_name__startswith=Caller%20123", "?display_name__istartswith=caller%20123&order_by=-start_time",
	"?display_name__icontains=19999", "?display_name__icontains=ER%201&order_by=-start_time", "?display_name__icontains=ER%201&order_by=-start_time&limit=100&offset=200000",
	"?display_name__icontains=a", "?display_name__icontains=zz", "?remote_alias__icontains=7@EXAMPLE&order_by=-end_time", "?display_name__icontains=77&start_time__gte=2026-04-15T00:00:00&order_by=-start_time",
	"?display_name__iexact=CALLER%207", "?display_name__iendswith=R%207", "?disconnect_reason__icontains=TIMER", "?vendor__icontains=old&order_by=-start_time",
	"?conversation_id__icontains=777777",
}

// rowsOfMillion are participants from..to of a deployment of four months: 20,000
// callers, 5,000 rooms of whom one has a twelfth of all calls.
func rowsOfMillion(random *rand.Rand, from, to int) (list []store.HistoryParticipant) {
	pick := func(likely string, percent int, others ...string) string {
		if random.IntN(100) < percent {
			return likely
		}
		return others[random.IntN(len(others))]
	}
	for i := from; i < to; i++ {
		at := start.Add(time.Duration(i) * 10 * time.Second)
		caller, minutes := random.IntN(20_000), random.IntN(120)
		room := fmt.Sprintf("Room %d", i/8%5000)
		if i/8%12 == 0 {
			room = "All hands"
		}
		list = append(list, store.HistoryParticipant{
			ID: fmt.Sprintf("%036d", i), CallUUID: fmt.Sprintf("%036d", i), ConversationID: fmt.Sprintf("call-%d", i), Conference: fmt.Sprintf("c%d", i/8), ConferenceName: room,
			DisplayName: fmt.Sprintf("Caller %d", caller), RemoteAlias: fmt.Sprintf("sip:caller%d@example.com", caller), LocalAlias: strings.ToLower(room), Protocol: "SIP",
			Vendor: pick("Endpoint 9.1", 70, "Phone 3", "Old phone 1", "Client 7"), Role: pick("chair", 80, "guest"), ServiceType: "conference", ServiceTag: pick("", 60, "sales", "research", "support"),
			CallDirection: "in", Encryption: "Off", CallQuality: pick("1_good", 90, "2_ok", "2_ok", "2_ok", "3_bad", "4_terrible"), Buckets: "[0,9,0,0,0]", Reason: pick("far end hung up", 95, "session timer ran out", "no media", "disconnected by an administrator"),
			RemoteAddress: fmt.Sprintf("10.0.%d.%d", caller/250, caller%250), RemotePort: 5060, MediaNode: pick("oslo-1", 50, "oslo-2"), SignallingNode: "oslo-1", SystemLocation: pick("Oslo", 70, "Bergen"),
			RxBandwidth: random.IntN(2000), TxBandwidth: random.IntN(2000), HasMedia: random.IntN(50) > 0, StartTime: at, EndTime: at.Add(time.Duration(minutes) * time.Minute), Duration: minutes * 60,
		})
	}
	return list
}

func testMillionRows(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	random := rand.New(rand.NewPCG(1, 2))
	const rows, atOnce = 1_000_000, 10_000
	begun := time.Now()
	for from := 0; from < rows; from += atOnce {
		if err := c.m.store.AddHistory(t.Context(), store.History{Node: 1, Journal: "j", Number: int64(from + atOnce), Participants: rowsOfMillion(random, from, from+atOnce)}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("written in %v", time.Since(begun).Round(time.Second))
	if strings.HasPrefix(dsn, "postgres") { // as autovacuum does of itself, some minutes later
		db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(dsn)))
		defer db.Close()
		for _, table := range []string{store.ParticipantTable, "history_value"} {
			if _, err := db.ExecContext(t.Context(), "VACUUM ANALYZE "+table); err != nil {
				t.Fatal(err)
			}
		}
		var bytes int64
		_ = db.QueryRowContext(t.Context(), "SELECT pg_total_relation_size('history_participant')").Scan(&bytes)
		t.Logf("%d MB", bytes>>20)
	} else if info, err := os.Stat(dsn); err == nil {
		t.Logf("%d MB", info.Size()>>20)
	}
	for _, query := range million {
		var took []time.Duration
		total := 0.0
		for range 7 {
			begun := time.Now()
			total = c.want(200, "GET", historyAPI+"participant/"+query, "")["meta"].(map[string]any)["total_count"].(float64)
			took = append(took, time.Since(begun))
		}
		first := took[0]
		slices.Sort(took)
		t.Logf("%8.1f ms, the first %8.1f; %8.0f rows  %s", took[3].Seconds()*1000, first.Seconds()*1000, total, query)
	}
}
