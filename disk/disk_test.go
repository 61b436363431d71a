package disk

import "testing"

func TestSpace(t *testing.T) {
	free, total, err := Space(t.TempDir())
	if err != nil || total == 0 || free > total {
		t.Errorf("%d of %d, %v", free, total, err)
	}
	if _, _, err := Space("/nowhere"); err == nil {
		t.Error("a folder that is not there has room")
	}
}
