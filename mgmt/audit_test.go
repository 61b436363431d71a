package mgmt

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/mgmt/store/storetest"
)

const audits = historyAPI + "audit/"

func TestAudit(t *testing.T) { storetest.Each(t, testAudit) }

func testAudit(t *testing.T, dsn string) {
	begin := time.Now().UTC().Add(-time.Second)
	c := newClient(t, dsn)
	at := c.create("conference", `{"name": "Weekly", "aliases": [{"alias": "weekly"}]}`)
	token := c.want(201, "POST", "api_token/", `{"name": "script", "role": "administrator", "user": "`+root+`admin_user/1/"}`)["token"].(string)
	c.want(202, "PATCH", at, `{"name": "Täglich 100%"}`)
	c.want(202, "PATCH", "admin_user/1/", `{"password": "correct horse"}`)
	c.want(400, "PATCH", at, `{"name": ""}`) // what is refused is none
	if status, _ := ask(t, c.server, "DELETE", at, "Bearer "+token, ""); status != 204 {
		t.Errorf("DELETE: %d", status)
	}

	var all []string
	secret := ""
	for _, one := range c.want(200, "GET", audits, "")["objects"].([]any) {
		o := one.(map[string]any)
		all = append(all, fmt.Sprintf("%v %v %v %v %v %v/%v", o["version"], o["user"], o["via"], o["address"], o["op"], o["kind"], o["object_id"]))
		secret += fmt.Sprint(o["before"], o["after"])
		if when, err := time.Parse("2006-01-02T15:04:05.000000", o["time"].(string)); err != nil || when.Before(begin) || time.Since(when) < 0 {
			t.Errorf("time %v, %v", o["time"], err)
		}
	}
	if have, want := strings.Join(all, "\n"), `1  start  update authority/1
2 admin setup  create admin_user/1
3 admin password 127.0.0.1 create conference/1
3 admin password 127.0.0.1 create conference_alias/1
4 admin password 127.0.0.1 create api_token/1
5 admin password 127.0.0.1 update conference/1
6 admin password 127.0.0.1 update admin_user/1
7 admin token 127.0.0.1 delete conference/1
7 admin token 127.0.0.1 delete conference_alias/1`; have != want {
		t.Errorf("there is\n%s\nwant\n%s", have, want)
	}
	for _, leak := range []string{"argon2id", "PRIVATE", "token_hash:" + "e"} {
		if strings.Contains(secret, leak) {
			t.Errorf("%s is told", leak)
		}
	}
	one := c.want(200, "GET", audits+"7/", "")
	if before, after := one["before"].(map[string]any), one["after"].(map[string]any); before["password"] != "********" || after["password"] != "******** (new)" || after["name"] != "admin" || one["resource_uri"] != audits+"7/" {
		t.Errorf("%v", one)
	}
	c.want(404, "GET", audits+"70/", "")
	c.want(405, "DELETE", audits+"7/", "")

	for _, test := range []struct {
		query string
		want  string // ids of the page
		total float64
	}{
		{"?limit=2&offset=1", "[2 3]", 9},
		{"?order_by=-id&limit=3", "[9 8 7]", 9},
		{"?order_by=kind,-version&limit=4", "[7 2 5 1]", 9},
		{"?order_by=time&limit=1", "[1]", 9},
		{"?kind=conference&op=update", "[6]", 1},
		{"?kind__in=admin_user,api_token", "[2 5 7]", 3},
		{"?object_id__gt=1", "[]", 0},
		{"?version__gte=3&version__lt=5", "[3 4 5]", 3},
		{"?before__isnull=true&kind__startswith=conference", "[3 4]", 2},
		{"?after__isnull=True", "[8 9]", 2},
		{"?user__iexact=ADMIN&via=setup", "[2]", 1},
		{"?kind__endswith=alias", "[4 9]", 2},
		{"?kind__endswith=the_whole_conference_alias", "[]", 0},
		{"?kind__istartswith=CONFERENCE_", "[4 9]", 2},
		{"?kind__iendswith=ALIAS", "[4 9]", 2},
		{"?kind__contains=CON", "[]", 0},
		{"?kind__icontains=CON", "[3 4 6 8 9]", 5},
		{"?after__contains=100%25", "[6]", 1},
		{"?after__contains=_00%25", "[]", 0},
		{"?time__gte=" + begin.Format(time.RFC3339), "[1 2 3 4 5 6 7 8 9]", 9},
		{"?time__lt=" + begin.Format("2006-01-02T15:04:05.000000"), "[]", 0},
		{"?kind=" + "x'%20OR%20'1'='1", "[]", 0},
	} {
		answer := c.want(200, "GET", audits+test.query, "")
		ids := []any{}
		for _, o := range answer["objects"].([]any) {
			ids = append(ids, o.(map[string]any)["id"])
		}
		if have, total := fmt.Sprint(ids), answer["meta"].(map[string]any)["total_count"]; have != test.want || total != test.total {
			t.Errorf("%s: %s of %v, want %s of %v", test.query, have, total, test.want, test.total)
		}
	}
	_, _, text := c.do("GET", audits+"?format=csv&id=3", "")
	if lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll(); err != nil || len(lines) != 2 || lines[1][9] != "" || !strings.HasPrefix(lines[1][10], `{"id":1,`) {
		t.Errorf("%q, %v", text, err)
	}
	// An exact time, as it was read.
	when := c.want(200, "GET", audits+"6/", "")["time"].(string)
	for op, total := range map[string]float64{"exact": 1, "gt": 3, "lte": 6} {
		if have := c.want(200, "GET", audits+"?time__"+op+"="+when, "")["meta"].(map[string]any)["total_count"]; have != total {
			t.Errorf("time__%s: %v, want %v", op, have, total)
		}
	}
	for _, query := range []string{"?nam=x", "?id__contains=1", "?kind__regex=x", "?time=yesterday", "?order_by=nam", "?limit=-1", "?kind=%00", "?kind=%ff"} {
		c.want(400, "GET", audits+query, "")
	}
}

func TestOldAuditsAreDropped(t *testing.T) { storetest.Each(t, testOldAuditsAreDropped) }

func testOldAuditsAreDropped(t *testing.T, dsn string) {
	c := newClient(t, dsn)
	c.want(202, "PATCH", "global/1/", `{"history_days": 30}`)
	now := time.Now()
	for _, test := range []struct {
		after time.Duration
		left  float64
	}{{0, 3}, {30*24*time.Hour - time.Minute, 3}, {30*24*time.Hour + time.Minute, 0}} {
		c.m.forget(t.Context(), now.Add(test.after))
		if left := c.want(200, "GET", audits, "")["meta"].(map[string]any)["total_count"]; left != test.left {
			t.Errorf("after %v %v are left, want %v", test.after, left, test.left)
		}
	}
}
