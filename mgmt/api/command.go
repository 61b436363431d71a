package api

import (
	"encoding/json"
	"net/http"
	"slices"

	"parley/mgmt/auth"
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
	// Later are arguments of the model API that nothing acts on yet, and why.
	Later map[string]string
	// Do carries it out and returns the data of the answer. A *Refused is told to
	// the client.
	Do func(Arguments) (map[string]any, error)
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
	in, err := body(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	arguments, err := c.arguments(in)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	data, err := c.Do(arguments)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	who := auth.Who(r.Context())
	a.log.Info("command", "name", c.Name, "user", who.User, "via", who.Via, "address", auth.Address(r), "data", data)
	reply(w, http.StatusAccepted, map[string]any{"status": "success", "data": data})
}

// arguments reads those of a request.
func (c *Command) arguments(in resource.Input) (Arguments, error) {
	p := &resource.Problems{Kind: c.Name}
	all := Arguments{}
	for name, raw := range in {
		if why, later := c.Later[name]; later {
			if text := string(raw); text != "null" && text != "false" && text != `""` {
				p.Addf(name, "%s", why)
			}
			continue
		}
		if !slices.Contains(c.Required, name) && !slices.Contains(c.Optional, name) {
			p.Addf(name, "there is no such argument")
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
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
