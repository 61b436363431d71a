package node

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"parley/config"
)

func TestDeploymentIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	fresh, err := LoadDeployment(dir)
	if err != nil || !reflect.DeepEqual(fresh, config.DefaultDeployment()) {
		t.Errorf("%+v, %v", fresh, err)
	}
	d := config.DefaultDeployment()
	d.Version = 7
	d.AddRoom("Weekly", "weekly")
	for range 2 {
		if err := SaveDeployment(dir, d); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := LoadDeployment(dir)
	if err != nil || !reflect.DeepEqual(kept, d) {
		t.Errorf("%+v, %v", kept, err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	if err := os.WriteFile(filepath.Join(dir, deploymentFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadDeployment(dir); err == nil {
		t.Error("half a file was read")
	}
}
