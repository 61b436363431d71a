package config

import (
	"reflect"
	"slices"
	"testing"
)

func ptr[T any](v T) *T { return &v }

func TestLookup(t *testing.T) {
	d := DefaultDeployment()
	d.AddRoom("Weekly", "weekly").MaxPixelsPerSecond = ptr("sd")
	d.AddRoom("Theirs", "weekly@theirs.example").OwnThumbnail = ptr("shown")
	standup := d.AddRoom("standup")
	standup.ParticipantLimit, standup.HostView = ptr(4), ptr("four_by_four_speaker")
	dir := d.Directory()
	for alias, want := range map[string]string{
		"weekly": "Weekly", "WEEKLY@10.0.0.1": "Weekly", "weekly@theirs.example": "Theirs", "standup@x": "standup",
		"meet": "meet", "Meet-42@x": "meet-42", "meeting": "", "x-meet": "", "": "", "@x": "",
	} {
		room, ok := dir.Lookup(alias)
		if room.Name != want || ok != (want != "") {
			t.Errorf("%q leads to %q, %v, want %q", alias, room.Name, ok, want)
		}
		if ok && (room.Layout == "" || room.MaxQuality == "" || room.OwnThumbnail == "") {
			t.Errorf("%q leaves settings open: %+v", alias, room)
		}
	}
	if room, _ := dir.Lookup("standup"); room.MaxParticipants != 4 || room.Layout != "four_by_four_speaker" || room.ID != 3 {
		t.Errorf("%+v", room)
	}
	if room, _ := dir.Lookup("weekly"); room.MaxQuality != SD {
		t.Errorf("%+v", room)
	}
	d.Global.AdHocPattern = "a|b"
	if _, ok := d.Directory().Lookup("ax"); ok {
		t.Error("an alternative in the pattern escapes its anchors")
	}
	d.Global.AdHocPattern = ""
	if _, ok := d.Directory().Lookup("meet"); ok || d.Directory().AdHoc() {
		t.Error("ad-hoc rooms are off but open")
	}
}

// An ad-hoc room is named after what was dialled. Where that is the name of a
// conference, the caller must not get past the conference's aliases.
func TestLookupKeepsNamesOfConferences(t *testing.T) {
	d := DefaultDeployment()
	d.AddRoom("meet-board", "board-7731")
	d.AddRoom("Meet-Sales", "meet-sales@example.com")
	dir := d.Directory()
	for alias, want := range map[string]string{
		"board-7731": "meet-board", "meet-board": "", "MEET-BOARD@10.0.0.1": "",
		"meet-sales@example.com": "Meet-Sales", "meet-sales": "", "meet-others": "meet-others",
	} {
		room, ok := dir.Lookup(alias)
		if room.Name != want || ok != (want != "") {
			t.Errorf("%q leads to %q, want %q", alias, room.Name, want)
		}
	}
}

func TestDialable(t *testing.T) {
	check := func(what string, d Deployment, want ...string) {
		t.Helper()
		have := d.Directory().Dialable()
		if !slices.Equal(have, want) {
			t.Errorf("%s: %q, want %q", what, have, want)
		}
		for _, alias := range have {
			if _, ok := d.Directory().Lookup(alias); !ok {
				t.Errorf("%s: %q cannot be dialled", what, alias)
			}
		}
	}
	d := DefaultDeployment()
	check("by default", d, "meet")
	d.AddRoom("Weekly", "weekly", "w@example.com")
	d.AddRoom("standup")
	check("with conferences", d, "weekly", "w@example.com", "standup", "meet")
	d = DefaultDeployment()
	d.AddRoom("Meet")
	check("a conference of that name", d, "Meet")
	d = DefaultDeployment()
	d.AddRoom("meet", "other")
	check("a conference of that name with another alias", d, "other")
	d = DefaultDeployment()
	d.Global.AdHocPattern = "room-[0-9]+"
	check("with a pattern of one's own", d)
}

// Every default can be read, and is one of its choices.
func TestDefaults(t *testing.T) {
	for _, p := range []any{&Conference{}, &ConferenceAlias{}, &SystemLocation{}, &WorkerVM{}, &EventSink{}, &Global{}} {
		SetDefaults(p)
		v := reflect.ValueOf(p).Elem()
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Tag.Get("json") == "" || f.Tag.Get("doc") == "" {
				t.Errorf("%s.%s has no json or no doc tag", v.Type().Name(), f.Name)
			}
		}
	}
	if g := DefaultGlobal(); g.HostView == "" || g.HistoryDays != 90 {
		t.Errorf("%+v", g)
	}
}
