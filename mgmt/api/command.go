package api

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parley/mgmt/resource"
)

// commandRoot is where the deployment is told to do something.
const commandRoot = "/api/admin/command/v1/"

// Arguments are those of a command, texts by name.
type Arguments map[string]string

// Command is what the deployment can be told to do.
type Command struct {
	Name     string // "participant/disconnect"
	Required []string
	Optional []string
	Numbers  []string // optional too, and may be numbers
	Flags    []string // optional too, true or false
	// File, if not "", is the name of an argument that is a file: then the request
	// is multipart/form-data (RFC 7578).
	File string
	// Secret says that the answer is for the client alone, and not for the log.
	Secret bool
	// Later are arguments of the model API that nothing acts on yet, and why; with
	// "true" in Holds, true is what happens anyway, else what stands for nothing.
	Later map[string]string
	Holds map[string]string
	// Do carries it out and returns the data of the answer. A *Refused is told to
	// the client.
	Do func(context.Context, Arguments) (map[string]any, error)
	// Give, in place of Do, answers with a file.
	Give func(context.Context, Arguments) (File, error)
}

// Refused is the error of a command that cannot be carried out.
type Refused struct {
	Status int
	Text   string
}

// Error implements error.
func (e *Refused) Error() string { return e.Text }

// ServeCommands adds commands. Call it before the first request.
func (a *API) ServeCommands(commands ...Command) {
	a.commands = commands
	for _, c := range commands {
		at := commandRoot + c.Name + "/"
		a.mux.HandleFunc("POST "+at+"{$}", func(w http.ResponseWriter, r *http.Request) { a.command(w, r, c) })
		a.mux.HandleFunc(at, notAllowed("POST"))
	}
}

func (a *API) command(w http.ResponseWriter, r *http.Request, c Command) {
	read := body
	file := ""
	if c.File != "" && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		read = func(w http.ResponseWriter, r *http.Request) (in resource.Input, err error) {
			in, file, err = form(w, r, c.File)
			return in, err
		}
	}
	in, err := read(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	arguments, err := c.arguments(in)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if file != "" {
		arguments[c.File] = file
	}
	by := By(r.Context())
	if c.Give != nil {
		given, err := c.Give(r.Context(), arguments)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		a.log.Info("command", "name", c.Name, "user", by.User, "via", by.Via, "address", by.Address, "file", given.Name)
		given.send(w)
		return
	}
	data, err := c.Do(r.Context(), arguments)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	told := any(data)
	if c.Secret {
		told = arguments
	}
	a.log.Info("command", "name", c.Name, "user", by.User, "via", by.Via, "address", by.Address, "data", told)
	reply(w, http.StatusAccepted, map[string]any{"status": "success", "data": data})
}

// fileMax bounds what a request with a file may bring.
const fileMax = 256 << 20

// form reads a request with a file: its fields, and the content of the file.
func form(w http.ResponseWriter, r *http.Request, file string) (in resource.Input, content string, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, fileMax)
	if err := r.ParseMultipartForm(bodyMax); err != nil {
		return nil, "", badRequest("the body is no form: %v", err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // temporary files
	in = resource.Input{}
	for name, texts := range r.MultipartForm.Value {
		in[name], _ = json.Marshal(texts[0]) // texts can be
	}
	part, _, err := r.FormFile(file)
	if err != nil {
		return nil, "", badRequest("%s: %v", file, err)
	}
	defer part.Close()
	raw, err := io.ReadAll(part)
	return in, string(raw), err
}

// arguments reads those of a request.
func (c *Command) arguments(in resource.Input) (Arguments, error) {
	p := &resource.Problems{Kind: c.Name}
	all := Arguments{}
	for name, raw := range in {
		if why, later := c.Later[name]; later {
			normal := []string{"null", cmp.Or(c.Holds[name], "false")}
			if c.Holds[name] == "" {
				normal = append(normal, `""`, "0")
			}
			if !slices.Contains(normal, string(raw)) {
				p.Addf(name, "%s", why)
			}
			continue
		}
		if slices.Contains(c.Flags, name) {
			var flag bool
			if json.Unmarshal(raw, &flag) != nil {
				p.Addf(name, "must be true or false")
			}
			all[name] = strconv.FormatBool(flag)
			continue
		}
		isNumber := slices.Contains(c.Numbers, name)
		if !isNumber && !slices.Contains(c.Required, name) && !slices.Contains(c.Optional, name) {
			p.Addf(name, "there is no such argument")
			continue
		}
		var text string
		var number json.Number
		switch {
		case json.Unmarshal(raw, &text) == nil:
		case isNumber && json.Unmarshal(raw, &number) == nil:
			text = number.String()
		case isNumber:
			p.Addf(name, "must be a number")
			continue
		default:
			p.Addf(name, "must be a text")
			continue
		}
		all[name] = text
	}
	for _, name := range c.Required {
		if all[name] == "" && p.Fields[name] == nil {
			p.Addf(name, "is required")
		}
	}
	if len(p.Fields) > 0 {
		return nil, p
	}
	return all, nil
}
