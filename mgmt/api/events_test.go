package api

import "testing"

// One account takes its part of the streams, and leaves the others theirs.
func TestWatchersOfOne(t *testing.T) {
	ws := watchers{all: map[chan edited]string{}}
	var last chan edited
	for i := range ofOneMost {
		if last = ws.enter("otto"); last == nil {
			t.Fatalf("stream %d is refused", i+1)
		}
	}
	if ws.enter("otto") != nil {
		t.Error("there is no bound for one account")
	}
	if ws.enter("ada") == nil {
		t.Error("one account keeps another out")
	}
	if ws.leave(last); ws.enter("otto") == nil {
		t.Error("a place that was left is not free")
	}
}
