package mgmt

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"parley/mgmt/store/storetest"
)

// Every operation of the description is there, and every reference leads somewhere.
func TestOpenAPI(t *testing.T) { storetest.Each(t, testOpenAPI) }

func testOpenAPI(t *testing.T, dsn string) {
	c := newClientOf(t, openIn(t, dsn, t.TempDir()))
	d := c.want(200, "GET", "/api/admin/openapi.json", "")
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	schemas := d["components"].(map[string]any)["schemas"].(map[string]any)
	for part := range strings.SplitSeq(string(text), `"#/components/schemas/`) {
		if name, _, _ := strings.Cut(part, `"`); !strings.HasPrefix(part, "{") && schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
	n := 0
	for path, item := range d["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			n++
			at := strings.ReplaceAll(path, "{id}", "1")
			body := ""
			if method == "post" || method == "put" || method == "patch" {
				body = "{}"
			}
			if method == "delete" && !strings.Contains(path, "{id}") {
				at += "?id=99"
			}
			if status, _, answer := c.do(strings.ToUpper(method), at, body); status == 405 || status == 404 && strings.Contains(string(answer), "there is nothing at") || status >= 500 {
				t.Errorf("%s %s: %d %s", method, at, status, answer)
			}
		}
	}
	if n < 70 {
		t.Errorf("%d operations", n)
	}
	room := schemas["configuration_conference"].(map[string]any)["properties"].(map[string]any)
	if pin := room["pin"].(map[string]any); !strings.Contains(pin["description"].(string), "no PINs yet") || room["name"].(map[string]any)["maxLength"] != 250.0 {
		t.Errorf("%v", room)
	}
	status, _, page := c.do("GET", "/api/admin/docs/", "")
	if status != 200 || !strings.Contains(string(page), "participant_limit") || !strings.Contains(string(page), "/api/admin/command/v1/conference/lock/") {
		t.Errorf("page: %d, %d bytes", status, len(page))
	}
	if file := os.Getenv("PARLEY_DOCS_PAGE"); file != "" { // to be looked at
		if err := os.WriteFile(file, page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
