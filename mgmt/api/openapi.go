package api

import (
	_ "embed" // docs.html
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parley/mgmt/resource"
)

// Paths of the description of the API.
const (
	openAPIPath = "/api/admin/openapi.json"
	docsPath    = "/api/admin/docs/"
)

// schemaObject is a JSON object of the description (OpenAPI 3.1).
type schemaObject = map[string]any

// operation is one operation of the API, as the description and the page show it.
type operation struct {
	Method, Path, Summary string
	Section               string // configuration, status, history or command
	Kind                  string
	Status                int    // of success
	Body, Answer          string // component schemas; "" = none, "list of X" for lists
	List                  bool   // it takes limit, offset, order_by and filters
}

// operations returns all of them, in the order of the page.
func (a *API) operations() (list []operation) {
	for _, k := range a.tree.Kinds() {
		if k.Hidden {
			continue
		}
		at, one := configurationRoot+k.Name+"/", configurationRoot+k.Name+"/{id}/"
		add := func(method, path, summary string, status int, body, answer string, isList bool) {
			list = append(list, operation{method, path, summary, "configuration", k.Name, status, body, answer, isList})
		}
		name := "configuration_" + k.Name
		add("get", at, "List "+k.Name+" objects. "+k.Doc, 200, "", name, true)
		if !k.Singleton {
			add("post", at, "Make one. Its URI is in the header Location.", 201, name, "", false)
			add("patch", at, `Make, change and delete many at once: {"objects": [...], "deleted_objects": [uri, ...]}.`, 202, "bulk", "", false)
			add("delete", at, "Delete those that the filters leave; without filters, all.", 204, "", "", true)
		}
		add("get", one, "Read one.", 200, "", name, false)
		add("patch", one, "Change the fields that are given.", 202, name, "", false)
		add("put", one, "Give every field a value: the given one, or its default.", 204, name, "", false)
		if !k.Singleton {
			add("delete", one, "Delete it.", 204, "", "", false)
		}
	}
	for i := range a.files {
		k := &a.files[i].Kind
		at, one := configurationRoot+k.Name+"/", configurationRoot+k.Name+"/{id}/"
		list = append(
			list,
			operation{"get", at, k.Doc, "configuration", k.Name, 200, "", "configuration_" + k.Name, true},
			operation{"get", one, "The file itself, for administrators; with Accept: application/json what it is. id is its filename.", "configuration", k.Name, 200, "", fileAnswer, false},
			operation{"delete", one, "Delete it.", "configuration", k.Name, 204, "", "", false},
		)
	}
	for i := range a.reports {
		list = append(list, readOnly("status", statusRoot, &a.reports[i].Kind)...)
		if p := &a.reports[i]; p.Parts != nil {
			list = append(list, operation{
				"get", statusRoot + p.Kind.Name + "/{id}/" + p.PartKind.Name + "/", p.PartKind.Doc, "status", p.Kind.Name, 200, "", "status_" + p.PartKind.Name, true,
			})
		}
	}
	list = append(list,
		operation{"get", statusRoot + "conference/{id}/picture/", "What a conference looks like: a stream of JPEGs (multipart/x-mixed-replace).", "status", "conference", 200, "", "", false},
		operation{
			"get", eventsPath, "A stream of what changes (text/event-stream). resources says of what, with commas between, and is required without participant; participant=<id> adds his media streams, " +
				"conference=<id> leaves those who are in it. Events: snapshot (resource, objects), change (resource, changed, gone), configuration (kind, id).", "status", "events", 200, "", "", false,
		})
	for _, c := range a.commands {
		status, answer := 202, "command"
		if c.Give != nil {
			status, answer = 200, fileAnswer
		}
		list = append(list, operation{"post", commandRoot + c.Name + "/", "", "command", strings.SplitN(c.Name, "/", 2)[0], status, "command_" + strings.ReplaceAll(c.Name, "/", "_"), answer, false})
	}
	for i := range a.pasts {
		list = append(list, readOnly("history", historyRoot, &a.pasts[i].Kind)...)
		if p := &a.pasts[i]; p.Of != "" {
			list = append(list, operation{"get", historyRoot + p.Of + "/{id}/" + p.Kind.Name + "/", p.Kind.Doc, "history", p.Kind.Name, 200, "", "history_" + p.Kind.Name, true})
		}
	}
	return append(list, operation{
		"get", loadPath, "How many participants there were, from start_time to end_time, in that many steps (96; Parley only): objects with time (the end of the step), participants (most at the same time) and joined.",
		"history", "load", 200, "", "", false,
	})
}

// readOnly returns the operations of a resource that can be read only.
func readOnly(section, root string, k *resource.Kind) []operation {
	name := section + "_" + k.Name
	return []operation{
		{"get", root + k.Name + "/", k.Doc, section, k.Name, 200, "", name, true},
		{"get", root + k.Name + "/{id}/", "Read one.", section, k.Name, 200, "", name, false},
	}
}

// schemas returns the component schemas by name.
func (a *API) schemas() map[string]schemaObject {
	all := map[string]schemaObject{
		"error":   {"type": "object", "properties": schemaObject{"error": schemaObject{"type": "string"}}},
		"command": {"type": "object", "properties": schemaObject{"status": schemaObject{"type": "string"}, "data": schemaObject{"type": "object"}}},
		"bulk": {"type": "object", "required": []string{"objects"}, "properties": schemaObject{
			"objects":         schemaObject{"type": "array", "items": schemaObject{"type": "object"}},
			"deleted_objects": schemaObject{"type": "array", "items": schemaObject{"type": "string", "format": "uri-reference"}},
		}},
		"meta": {"type": "object", "properties": schemaObject{
			"limit": schemaObject{"type": "integer"}, "offset": schemaObject{"type": "integer"}, "total_count": schemaObject{"type": "integer"},
			"next": schemaObject{"type": []string{"string", "null"}}, "previous": schemaObject{"type": []string{"string", "null"}},
		}},
	}
	for _, k := range a.tree.Kinds() {
		if !k.Hidden {
			all["configuration_"+k.Name] = kindSchema(k)
		}
	}
	for i := range a.files {
		all["configuration_"+a.files[i].Kind.Name] = kindSchema(&a.files[i].Kind)
	}
	for i := range a.reports {
		all["status_"+a.reports[i].Kind.Name] = kindSchema(&a.reports[i].Kind)
		if a.reports[i].Parts != nil {
			all["status_"+a.reports[i].PartKind.Name] = kindSchema(&a.reports[i].PartKind)
		}
	}
	for i := range a.pasts {
		all["history_"+a.pasts[i].Kind.Name] = kindSchema(&a.pasts[i].Kind)
	}
	for _, c := range a.commands {
		properties := schemaObject{}
		for _, name := range append(slices.Clone(c.Required), c.Optional...) {
			properties[name] = schemaObject{"type": "string"}
		}
		for _, name := range c.Flags {
			properties[name] = schemaObject{"type": "boolean"}
		}
		for _, name := range c.Numbers {
			properties[name] = schemaObject{"type": []string{"integer", "string"}}
		}
		if c.File != "" {
			properties[c.File] = schemaObject{"type": "string", "contentMediaType": "application/octet-stream", "description": "A file: then the body is multipart/form-data."}
		}
		all["command_"+strings.ReplaceAll(c.Name, "/", "_")] = schemaObject{"type": "object", "required": c.Required, "properties": properties}
	}
	return all
}

// kindSchema describes the objects of a kind.
func kindSchema(k *resource.Kind) schemaObject {
	properties, required := schemaObject{}, []string{}
	for i := range k.Fields {
		f := &k.Fields[i]
		properties[f.Name] = fieldSchema(f)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	properties["resource_uri"] = schemaObject{"type": "string", "format": "uri-reference", "readOnly": true, "description": "URI of the object."}
	for _, c := range k.Children {
		properties[c.Name] = schemaObject{"type": "array", "items": schemaObject{"$ref": "#/components/schemas/configuration_" + c.Kind}, "description": "Objects that belong to this one."}
	}
	s := schemaObject{"type": "object", "description": k.Doc, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func fieldSchema(f *resource.Field) schemaObject {
	kinds := map[resource.Type]string{resource.Integer: "integer", resource.Float: "number", resource.Boolean: "boolean", resource.Object: "object"}
	kind := kinds[f.Type]
	if kind == "" {
		kind = "string"
	}
	s := schemaObject{"description": f.Doc}
	if f.Later != "" {
		s["description"] = f.Doc + " Nothing but the default is taken yet: " + f.Later + "."
	}
	switch {
	case f.List:
		s["type"], s["items"] = "array", schemaObject{"type": "string", "format": "uri-reference"}
	case f.Nullable:
		s["type"] = []string{kind, "null"}
	default:
		s["type"] = kind
	}
	switch {
	case f.Type == resource.Datetime:
		s["format"] = "date-time"
	case f.Type == resource.Related && !f.List:
		s["format"] = "uri-reference"
	}
	if len(f.Choices) > 0 {
		choices := make([]any, 0, len(f.Choices)+1)
		for _, c := range f.Choices {
			choices = append(choices, c)
		}
		if f.Nullable {
			choices = append(choices, nil)
		}
		s["enum"] = choices
	}
	low, high := "minimum", "maximum"
	if f.Type == resource.String {
		low, high = "minLength", "maxLength"
	}
	if f.Min != nil {
		s[low] = *f.Min
	}
	if f.Max != nil {
		s[high] = *f.Max
	}
	if f.ReadOnly {
		s["readOnly"] = true
	} else if !f.Required {
		s["default"] = f.Default
	}
	return s
}

// description returns the description of the API (OpenAPI 3.1).
func (a *API) description() schemaObject {
	paths := schemaObject{}
	for _, o := range a.operations() {
		item, _ := paths[o.Path].(schemaObject)
		if item == nil {
			item = schemaObject{}
			paths[o.Path] = item
		}
		item[o.Method] = o.describe()
	}
	return schemaObject{
		"openapi": "3.1.0",
		"info": schemaObject{
			"title": "Parley management API", "version": "v1",
			"description": "The management API of Pexip Infinity, as far as Parley acts on it. Fields and values that it does not act on yet are refused unless they have their default.",
		},
		"paths":    paths,
		"security": []schemaObject{{"password": []string{}}, {"token": []string{}}},
		"components": schemaObject{
			"schemas": a.schemas(),
			"securitySchemes": schemaObject{
				"password": schemaObject{"type": "http", "scheme": "basic"}, "token": schemaObject{"type": "http", "scheme": "bearer"},
			},
		},
	}
}

func (o operation) describe() schemaObject {
	ref := func(name string) schemaObject { return schemaObject{"$ref": "#/components/schemas/" + name} }
	jsonBody := func(s schemaObject) schemaObject { return schemaObject{"application/json": schemaObject{"schema": s}} }
	success := schemaObject{"description": "Done."}
	switch {
	case o.Answer == fileAnswer:
		success["description"], success["content"] = "A file.", schemaObject{"application/gzip": schemaObject{}}
	case o.Answer != "":
		s := ref(o.Answer)
		if o.List && o.Method == "get" {
			s = schemaObject{"type": "object", "properties": schemaObject{"meta": ref("meta"), "objects": schemaObject{"type": "array", "items": ref(o.Answer)}}}
		}
		success["content"] = jsonBody(s)
	}
	d := schemaObject{
		"tags": []string{o.Section + ": " + o.Kind}, "summary": o.Summary,
		"operationId": o.Method + strings.ReplaceAll(strings.ReplaceAll(strings.Trim(strings.TrimPrefix(o.Path, "/api/admin"), "/"), "/", "_"), "{id}", "one"),
		"responses":   schemaObject{strconv.Itoa(o.Status): success, "default": schemaObject{"description": "It was not done; the body says why.", "content": jsonBody(ref("error"))}},
	}
	var parameters []schemaObject
	parameter := func(in, name, kind, text string, required bool) {
		parameters = append(parameters, schemaObject{"in": in, "name": name, "required": required, "description": text, "schema": schemaObject{"type": kind}})
	}
	if strings.Contains(o.Path, "{id}") {
		parameter("path", "id", "string", "Number or UUID of the object.", true)
	}
	if o.List && o.Method == "get" {
		parameter("query", "limit", "integer", "Most objects of the answer, 20 if not given; 0: as many as are possible, 5000.", false)
		parameter("query", "offset", "integer", "How many are left out before.", false)
		parameter("query", "order_by", "string", "Fields, separated by commas, with - in front for falling order. Any field can also be a filter: name=..., name__icontains=..., and in, startswith, gt, gte, lt, lte and others.", false)
		if o.Section != "history" {
			parameter("query", "search", "string", "A part of any text of the object, or of those that belong to it. (Parley only)", false)
		}
	}
	if len(parameters) > 0 {
		d["parameters"] = parameters
	}
	if o.Body != "" {
		d["requestBody"] = schemaObject{"required": true, "content": jsonBody(ref(o.Body))}
	}
	return d
}

// serveDocs adds the description and a page that shows it.
func (a *API) serveDocs() {
	a.mux.HandleFunc("GET "+openAPIPath, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, a.description()) })
	a.mux.HandleFunc("GET "+docsPath+"{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		if err := docsPage.Execute(w, a.docs()); err != nil {
			a.log.Debug("page not sent", "err", err)
		}
	})
}

// docs is what the page shows.
type docs struct {
	Sections []docsSection
}

type docsSection struct {
	Name  string
	Kinds []docsKind
}

type docsKind struct {
	ID, Name, Doc string
	Operations    []operation
	Fields        []docsField
}

type docsField struct {
	Name, Type, Doc, Default, Choices string
	Required, ReadOnly                bool
}

func (a *API) docs() docs {
	schemas := a.schemas()
	var d docs
	for _, o := range a.operations() {
		if len(d.Sections) == 0 || d.Sections[len(d.Sections)-1].Name != o.Section {
			d.Sections = append(d.Sections, docsSection{Name: o.Section})
		}
		s := &d.Sections[len(d.Sections)-1]
		if len(s.Kinds) == 0 || s.Kinds[len(s.Kinds)-1].Name != o.Kind {
			schema := schemas[o.Section+"_"+o.Kind]
			doc, _ := schema["description"].(string)
			s.Kinds = append(s.Kinds, docsKind{ID: o.Section + "-" + o.Kind, Name: o.Kind, Doc: doc, Fields: docsFields(schema)})
		}
		k := &s.Kinds[len(s.Kinds)-1]
		o.Method = strings.ToUpper(o.Method)
		if o.Section == "command" {
			properties, _ := schemas[o.Body]["properties"].(schemaObject)
			o.Summary = "Arguments: " + strings.Join(slices.Sorted(maps.Keys(properties)), ", ")
		}
		k.Operations = append(k.Operations, o)
	}
	return d
}

func docsFields(schema schemaObject) (list []docsField) {
	properties, _ := schema["properties"].(schemaObject)
	required, _ := schema["required"].([]string)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		p := properties[name].(schemaObject)
		f := docsField{Name: name, Required: slices.Contains(required, name), ReadOnly: p["readOnly"] == true}
		switch t := p["type"].(type) {
		case string:
			f.Type = t
		case []string:
			f.Type = strings.Join(t, " or ")
		}
		f.Doc, _ = p["description"].(string)
		if v, ok := p["default"]; ok {
			f.Default = jsonText(v)
		}
		if choices, ok := p["enum"].([]any); ok {
			texts := make([]string, len(choices))
			for i, c := range choices {
				texts[i] = jsonText(c)
			}
			f.Choices = strings.Join(texts, ", ")
		}
		list = append(list, f)
	}
	return list
}

// jsonText is a value as JSON, which all that is shown can be.
func jsonText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

//go:embed docs.html
var docsText string

var docsPage = template.Must(template.New("docs").Parse(docsText))
