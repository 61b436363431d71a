package mgmt

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"parley/config"
	"parley/mgmt/resource"
)

// kinds are the resources of the configuration: a struct of package config and
// a line here each.
func (m *Management) kinds(layouts []string) []resource.Kind {
	checks := resource.Checks{
		"alias": config.CheckAlias, "url": checkURL, "hostname": checkHostname, "pattern": checkPattern, "username": checkUsername,
	}
	conference := resource.NewKind("conference", "Virtual meeting rooms.", config.Conference{}, checks)
	conference.Children = []resource.Child{{Name: "aliases", Kind: "conference_alias", By: "conference"}}
	user := resource.NewKind("admin_user", "Accounts of those who manage the deployment.", AdminUser{}, checks)
	user.Prepare = prepareUser
	token := resource.NewKind("api_token", "Tokens by which programs use the API.", APIToken{}, checks)
	token.Prepare = prepareToken
	global := resource.NewKind("global", "Settings of the whole deployment.", config.Global{}, checks)
	global.Singleton = true
	for kind, field := range map[*resource.Kind]string{&conference: "host_view", &global: "default_host_view"} {
		kind.Choose(field, slices.Compact(slices.Sorted(slices.Values(slices.Concat(modelLayouts, layouts)))), layouts)
	}
	authority := resource.NewKind("authority", "What issues the certificates of nodes.", Authority{}, checks)
	authority.Singleton, authority.Hidden = true, true
	node := resource.NewKind("worker_vm", "Conferencing Nodes.", config.WorkerVM{}, checks)
	node.Prepare = m.prepareNode
	all := []resource.Kind{
		user, token, authority,
		conference,
		resource.NewKind("conference_alias", "What callers dial to reach a room.", config.ConferenceAlias{}, checks),
		resource.NewKind("event_sink", "Servers that are told what happens.", config.EventSink{}, checks),
		global,
		resource.NewKind("system_location", "Named groups of nodes, usually one site each.", config.SystemLocation{}, checks),
		node,
	}
	for i := range all {
		all[i].Lack(config.Absent(all[i].Name))
	}
	return all
}

// modelLayouts are the layouts of the model API.
var modelLayouts = []string{
	"one_main_zero_pips", "one_main_seven_pips", "one_main_twentyone_pips", "two_mains_twentyone_pips", "four_mains_zero_pips", "nine_mains_zero_pips",
	"sixteen_mains_zero_pips", "twentyfive_mains_zero_pips", "one_main_thirtythree_pips", "five_mains_seven_pips",
}

func checkURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "must be a URL such as https://events.example.com/parley"
	}
	if u.User != nil {
		return "must not have a password in it: use username and password"
	}
	return ""
}

var hostname = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\z`)

func checkHostname(text string) string {
	if !hostname.MatchString(text) {
		return "must be letters, digits and hyphens, with no hyphen at its ends"
	}
	return ""
}

func checkUsername(text string) string {
	if strings.ContainsAny(text, ": \t\n") { // RFC 7617 section 2 for the colon
		return "must have no blanks and no colon"
	}
	return ""
}

func checkPattern(text string) string {
	if _, err := config.CompilePattern(text); err != nil {
		return err.Error()
	}
	return ""
}
