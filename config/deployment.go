package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Deployment is the configuration of a whole deployment, as nodes get it.
type Deployment struct {
	Version     int64             `json:"version"` // rises with every change
	Global      Global            `json:"global"`
	Conferences []Conference      `json:"conference"`
	Aliases     []ConferenceAlias `json:"conference_alias"`
	Locations   []SystemLocation  `json:"system_location"`
	Nodes       []WorkerVM        `json:"worker_vm"`
	EventSinks  []EventSink       `json:"event_sink"`

	// Unknown names the kinds ("kind") and fields ("kind.field") that came and that
	// this version of the program does not have, in order.
	Unknown []string `json:"-"`
}

// DeploymentKinds are the kinds of objects that nodes know.
var DeploymentKinds = []string{"global", "conference", "conference_alias", "system_location", "worker_vm", "event_sink"}

// Room is what an alias leads to, with everything decided.
type Room struct {
	ID              int64 // of the conference; 0 = an ad-hoc room
	Name, Tag       string
	Layout          string
	OwnThumbnail    OwnThumbnail
	MaxParticipants int // 0 = no limit
	MaxQuality      Quality
}

// Directory finds rooms by alias. It does not change; safe for concurrent use.
type Directory struct {
	global  Global
	rooms   map[string]Room // by alias, in lower case
	byName  map[string]Room // by name of the conference, in lower case
	aliases []string        // in the order of the configuration
	pattern *regexp.Regexp  // of ad-hoc rooms; nil = off
}

// Directory returns the directory of d. Aliases that lead nowhere and a pattern
// that is none are left out: what configures them refuses such.
func (d Deployment) Directory() *Directory {
	dir := &Directory{global: d.Global, rooms: map[string]Room{}, byName: map[string]Room{}}
	rooms := make(map[int64]Room, len(d.Conferences))
	for i := range d.Conferences {
		c := &d.Conferences[i]
		room := Room{
			ID: c.ID, Name: c.Name, Tag: c.Tag, Layout: d.Global.HostView,
			OwnThumbnail: OwnThumbnail(d.Global.OwnThumbnail), MaxQuality: Quality(d.Global.MaxPixelsPerSecond),
		}
		if c.HostView != nil {
			room.Layout = *c.HostView
		}
		if c.OwnThumbnail != nil {
			room.OwnThumbnail = OwnThumbnail(*c.OwnThumbnail)
		}
		if c.MaxPixelsPerSecond != nil {
			room.MaxQuality = Quality(*c.MaxPixelsPerSecond)
		}
		if c.ParticipantLimit != nil {
			room.MaxParticipants = *c.ParticipantLimit
		}
		rooms[c.ID] = room
		dir.byName[strings.ToLower(c.Name)] = room
	}
	for _, a := range d.Aliases {
		if room, ok := rooms[a.Conference]; ok {
			dir.rooms[strings.ToLower(a.Alias)] = room
			dir.aliases = append(dir.aliases, a.Alias)
		}
	}
	dir.pattern, _ = CompilePattern(d.Global.AdHocPattern)
	return dir
}

// Lookup returns the room that a dialled alias leads to ("weekly" or
// "weekly@example.com", without scheme and port). An alias with a host wins over
// one without; then the ad-hoc pattern is tried on the part before the @, and the
// room is named after that part, unless a conference has that name: whoever gave
// it other aliases wants it reached by those only. Letter case does not matter.
func (d *Directory) Lookup(alias string) (Room, bool) {
	alias = strings.ToLower(alias)
	user, _, _ := strings.Cut(alias, "@")
	if user == "" {
		return Room{}, false
	}
	for _, wanted := range []string{alias, user} {
		if room, ok := d.rooms[wanted]; ok {
			return room, true
		}
	}
	if _, taken := d.byName[user]; taken || d.pattern == nil || !d.pattern.MatchString(user) {
		return Room{}, false
	}
	return Room{
		Name: user, Layout: d.global.HostView,
		OwnThumbnail: OwnThumbnail(d.global.OwnThumbnail), MaxQuality: Quality(d.global.MaxPixelsPerSecond),
	}, true
}

// Named returns the room of the conference of that name.
func (d *Directory) Named(name string) (Room, bool) {
	room, ok := d.byName[strings.ToLower(name)]
	return room, ok
}

// AdHoc reports whether there are rooms that need no entry.
func (d *Directory) AdHoc() bool { return d.pattern != nil }

// dialableMost bounds what Dialable lists.
const dialableMost = 100

// Dialable returns what callers can be told to dial, in the order of the
// configuration: the aliases, a hundred at most, and "meet" while the ad-hoc
// pattern is the default, as nobody can guess a name from a pattern of his own.
func (d *Directory) Dialable() []string {
	list := slices.Clone(d.aliases[:min(len(d.aliases), dialableMost)])
	const room = "meet"
	listed := func(alias string) bool { return strings.EqualFold(alias, room) }
	if _, leads := d.Lookup(room); leads && d.global.AdHocPattern == DefaultGlobal().AdHocPattern && !slices.ContainsFunc(list, listed) {
		list = append(list, room)
	}
	return list
}

// CompilePattern returns the pattern of ad-hoc rooms, anchored at both ends;
// nil when it is empty, which turns them off.
func CompilePattern(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("bad regular expression: %w", err)
	}
	return regexp.Compile(`\A(?i:` + pattern + `)\z`)
}

// DefaultGlobal returns the settings of a new deployment.
func DefaultGlobal() Global {
	g := Global{ID: 1}
	SetDefaults(&g)
	return g
}

// DefaultDeployment returns the configuration of a new deployment: no rooms but
// the ad-hoc ones.
func DefaultDeployment() Deployment { return Deployment{Global: DefaultGlobal()} }

// AddRoom adds a conference with its aliases, the name where none is given, and
// returns it; for tests and for nodes that nobody manages.
func (d *Deployment) AddRoom(name string, aliases ...string) *Conference {
	c := Conference{ID: int64(len(d.Conferences)) + 1, Name: name}
	SetDefaults(&c)
	d.Conferences = append(d.Conferences, c)
	if len(aliases) == 0 {
		aliases = []string{name}
	}
	for _, a := range aliases {
		d.Aliases = append(d.Aliases, ConferenceAlias{ID: int64(len(d.Aliases)) + 1, Alias: a, Conference: c.ID})
	}
	return &d.Conferences[len(d.Conferences)-1]
}

// CheckAlias says what is wrong with an alias; "" = nothing.
func CheckAlias(alias string) string {
	switch {
	case alias == "":
		return "is empty"
	case strings.HasPrefix(strings.ToLower(alias), "sip:"), strings.HasPrefix(strings.ToLower(alias), "sips:"):
		return fmt.Sprintf("%q: write the alias without %q", alias, alias[:strings.IndexByte(alias, ':')+1])
	case strings.ContainsAny(alias, " \t\r\n;?<>\":"):
		return fmt.Sprintf("%q cannot be dialled: no blanks, quotes, colons, semicolons or angle brackets", alias)
	case strings.Count(alias, "@") > 1, strings.HasPrefix(alias, "@"), strings.HasSuffix(alias, "@"):
		return fmt.Sprintf("%q is neither name nor name@host", alias)
	}
	return ""
}
