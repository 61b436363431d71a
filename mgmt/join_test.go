package mgmt

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/bus"
	"parley/mgmt/resource"
	"parley/mgmt/store/storetest"
	"parley/pki"
)

// Of machines that show the same token at the same time one gets the place.
func TestJoinAtOnce(t *testing.T) {
	c := newClient(t, storetest.SQLite(t))
	place := c.create("system_location", `{"name": "Oslo"}`)
	request, _, err := pki.NewKey("new")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		token, _ := c.want(201, "POST", "worker_vm/", fmt.Sprintf(`{"name": "oslo-%d", "system_location": %q}`, i, place))["join_token"].(string)
		var joined atomic.Int32
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range 4 {
			all.Go(func() {
				<-begin
				if _, err := c.m.join(bus.JoinRequest{Token: token, Request: string(request)}, "", time.Now()); err == nil {
					joined.Add(1)
				}
			})
		}
		close(begin)
		all.Wait()
		if n := joined.Load(); n != 1 {
			t.Fatalf("%d machines have the place of one", n)
		}
	}
}

// A restored configuration in which another machine has the place of a node cuts
// off the one that has it now.
func TestRestoreExpels(t *testing.T) {
	c := newClient(t, storetest.SQLite(t))
	node := joinedNode(c)
	await(t, "a connection", node.conn.IsConnected)
	file := filepath.Join(t.TempDir(), "deployment")
	if _, err := c.m.writeBackup(file, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	token, _ := c.want(202, "POST", "/api/admin/command/v1/worker_vm/join_token/", fmt.Sprintf(`{"worker_vm_id": %d}`, node.id))["data"].(map[string]any)["join_token"].(string)
	other := c.connect(token)
	await(t, "a connection of the other machine", other.conn.IsConnected)
	await(t, "the end of the first one", func() bool { return !node.conn.IsConnected() })
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.m.Restore(bytes.NewReader(content), "", resource.By{Via: "restore"}); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the other machine", func() bool { return !other.conn.IsConnected() })
	await(t, "the first machine again", node.conn.IsConnected)
}
