package config

import (
	"fmt"
	"reflect"
	"testing"
)

// What a Management Node of the next version tells is understood but for what is
// new; what one of the previous version does not tell has its default.
func TestDeploymentOfAnotherVersion(t *testing.T) {
	var d Deployment
	if err := d.UnmarshalJSON([]byte(`{"version": 7, "webhook": [{"id": 1}], "hologram": null,
		"global": {"id": 1, "history_days": 9, "gravity": 9.81},
		"conference": [{"id": 1, "name": "Weekly", "hologram": {"deep": true}}, {"id": 3, "name": "Board", "hologram": false}],
		"event_sink": [{"id": 5, "url": "https://a.example"}]}`)); err != nil {
		t.Fatal(err)
	}
	if d.Version != 7 || len(d.Conferences) != 2 || d.Conferences[1].Name != "Board" || d.Global.HistoryDays != 9 {
		t.Errorf("%+v", d)
	}
	if d.Global.MaxPixelsPerSecond != "hd" || d.Conferences[0].EnableChat != "default" || !d.EventSinks[0].VerifyTLS || d.EventSinks[0].Version != 2 {
		t.Errorf("what is missing has not its default: %+v", d)
	}
	if got := fmt.Sprint(d.Unknown); got != "[conference.hologram global.gravity hologram webhook]" {
		t.Errorf("unknown: %s", got)
	}

	before := d
	for _, one := range []struct {
		kind, body string
		id         int64
	}{
		{"webhook", `{"id": 2}`, 2},
		{"webhook", "", 2}, // a kind that is new: made and deleted
		{"conference", `{"id": 2, "name": "New", "aroma": "mint"}`, 2},
		{"conference", `{"id": 3, "name": "Board", "hologram": true}`, 3},
		{"global", `{"id": 1, "gravity": 1.62}`, 1},
		{"event_sink", "", 5},
	} {
		var body []byte
		if one.body != "" {
			body = []byte(one.body)
		}
		if err := d.Apply(one.kind, one.id, body); err != nil {
			t.Errorf("%s/%d: %v", one.kind, one.id, err)
		}
	}
	if len(d.Conferences) != 3 || d.Conferences[1].Name != "New" || !d.Conferences[1].GuestsCanPresent || len(d.EventSinks) != 0 {
		t.Errorf("%+v", d)
	}
	if d.Global.HistoryDays != DefaultGlobal().HistoryDays {
		t.Errorf("what is missing now is as it was: %d days", d.Global.HistoryDays)
	}
	if got := fmt.Sprint(d.Unknown); got != "[conference.aroma conference.hologram global.gravity hologram webhook]" {
		t.Errorf("unknown: %s", got)
	}
	if len(before.Conferences) != 2 || len(before.Unknown) != 4 || before.Global.HistoryDays != 9 {
		t.Errorf("the copy changed: %+v", before)
	}
}

// A field that changed its type is an error, which says where, and of which version.
func TestDeploymentNotUnderstood(t *testing.T) {
	for _, text := range []string{`{"version": 8, "conference": [{"id": "one"}]}`, `{"version": 8, "global": []}`} {
		d := DefaultDeployment()
		if err := d.UnmarshalJSON([]byte(text)); err == nil || d.Version != 8 {
			t.Errorf("%s: %v, version %d", text, err, d.Version)
		}
	}
	d := DefaultDeployment()
	if err := d.Apply("conference", 1, []byte(`{"id": 1, "name": 5, "hologram": 1}`)); err == nil || !reflect.DeepEqual(d, DefaultDeployment()) {
		t.Errorf("%v, %+v", err, d)
	}
}
