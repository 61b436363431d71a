package mgmt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"parley/mgmt/store/storetest"
)

const backups = root + "system_backup/"

// Backups are listed, taken away, given back and deleted.
func TestBackupFiles(t *testing.T) { storetest.Each(t, testBackupFiles) }

func testBackupFiles(t *testing.T, dsn string) {
	without := newClient(t, storetest.SQLite(t))
	if list := without.want(200, "GET", backups, "")["objects"].([]any); len(list) > 0 {
		t.Errorf("without a folder there are %v", list)
	}
	c := newClientOf(t, openIn(t, dsn, t.TempDir()))
	fill(c)
	made := c.want(202, "POST", createBackup, `{}`)["data"].(object)
	name := made["filename"].(string)
	folder := filepath.Join(c.m.dataDir, backupFolder)
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"parley-damaged.jsonl.gz": "x", "other.txt": "x", ".backup-1.jsonl.gz": "x"} {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha256.Sum256(content)
	// Beside it there are the one of the day and the damaged one.
	for query, want := range map[string]int{"": 3, "?type=auto": 1, "?type=manual&date__isnull=false": 1, "?filename__startswith=parley-&order_by=-date": 2, "?date__isnull=true": 1} {
		if n := c.want(200, "GET", backups+query, "")["meta"].(object)["total_count"]; n != float64(want) {
			t.Errorf("%q: %v, want %d", query, n, want)
		}
	}
	one := c.want(200, "GET", backups+"?filename="+name, "")["objects"].([]any)[0].(object)
	if one["sha256sum"] != hex.EncodeToString(sum[:]) || one["size"] != float64(len(content)) || one["type"] != "manual" || one["objects"] != 10.0 ||
		one["resource_uri"] != backups+name+"/" || one["resource_uri"] != made["resource_uri"] {
		t.Errorf("%v, made %v", one, made)
	}
	at := one["resource_uri"].(string)
	got := c.fetch("GET", at, "", "*/*")
	if got.status != 200 || got.filename != name || got.header.Get("Cache-Control") != "no-store" || !bytes.Equal(got.content, content) {
		t.Errorf("%d %v, %d bytes", got.status, got.header, len(got.content))
	}
	if got := c.fetch("GET", at, "", "application/json"); got.status != 200 || !bytes.Contains(got.content, []byte(hex.EncodeToString(sum[:]))) {
		t.Errorf("as JSON: %d %.300s", got.status, got.content)
	}
	reader := c.as("reader", "only reading")
	reader.want(200, "GET", backups, "")
	if got := reader.fetch("GET", at, "", "*/*"); got.status != 403 {
		t.Errorf("who may only read gets it: %d", got.status)
	}
	reader.want(403, "DELETE", at, "")
	for _, nothing := range []string{"other.txt", "none.jsonl.gz", ".backup-1.jsonl.gz", "..%2fparley.db", "..%2fbackups%2f" + name, "x"} {
		for _, method := range []string{"GET", "DELETE"} {
			if got := c.fetch(method, backups+nothing+"/", "", "*/*"); got.status != 404 {
				t.Errorf("%s %s: %d %.200s", method, nothing, got.status, got.content)
			}
		}
		if got := c.fetch("GET", backups+nothing+"/", "", "application/json"); got.status != 404 {
			t.Errorf("as JSON, %s: %d %.200s", nothing, got.status, got.content)
		}
	}
	for _, no := range []string{"PATCH", "PUT", "POST"} {
		c.want(405, no, at, `{}`)
	}
	c.want(405, "POST", backups, `{}`)
	c.want(405, "DELETE", backups, "")
	if list := c.want(200, "GET", backups+"schema/", "")["allowed_detail_http_methods"].([]any); jsonText(list) != `["get","delete"]` {
		t.Errorf("%v", list)
	}
	c.want(204, "DELETE", at, "")
	c.want(404, "DELETE", at, "")
	if n := c.want(200, "GET", backups, "")["meta"].(object)["total_count"]; n != 2.0 {
		t.Errorf("%v are left", n)
	}
}
