package config

import (
	"slices"
	"strings"
)

// Lookup returns the conference that a dialled alias leads to ("weekly" or
// "weekly@example.com", without scheme and port), with every setting that it
// leaves to the node filled in. A configured alias with a host wins over one
// without; then the ad-hoc pattern is tried on the part before the @, and the
// room is named after that part, unless a configured conference has that name:
// whoever gave it other aliases wants it reached by those only. Letter case
// does not matter.
func (c *Config) Lookup(alias string) (Conference, bool) {
	alias = strings.ToLower(alias)
	user, _, _ := strings.Cut(alias, "@")
	if user == "" {
		return Conference{}, false
	}
	for _, wanted := range []string{alias, user} {
		for _, conf := range c.Conferences {
			for _, a := range conf.dialled() {
				if strings.ToLower(a) == wanted {
					return c.resolve(conf), true
				}
			}
		}
	}
	if slices.ContainsFunc(c.Conferences, func(conf Conference) bool { return strings.ToLower(conf.Name) == user }) {
		return Conference{}, false
	}
	pattern, err := c.AdHoc.compile()
	if err != nil || pattern == nil || !pattern.MatchString(user) {
		return Conference{}, false
	}
	return c.resolve(Conference{
		Name: user, Aliases: []string{user}, Layout: c.AdHoc.Layout, MaxParticipants: c.AdHoc.MaxParticipants,
		OwnThumbnail: c.AdHoc.OwnThumbnail, MaxQuality: c.AdHoc.MaxQuality,
	}), true
}

// resolve fills in what conf leaves to the node.
func (c *Config) resolve(conf Conference) Conference {
	conf.Aliases = conf.dialled()
	if conf.Layout == "" {
		conf.Layout = c.Layout
	}
	if conf.OwnThumbnail == "" {
		conf.OwnThumbnail = c.OwnThumbnail
	}
	if conf.MaxQuality == "" {
		conf.MaxQuality = c.MaxQuality
	}
	return conf
}

// Dialable returns what callers can be told to dial, in the order of the
// configuration: every alias, and "meet" while the ad-hoc pattern is the
// default, as nobody can guess a name from a pattern of his own.
func (c *Config) Dialable() []string {
	list := []string{}
	for _, conf := range c.Conferences {
		list = append(list, conf.dialled()...)
	}
	const room = "meet"
	listed := func(alias string) bool { return strings.EqualFold(alias, room) }
	if _, leads := c.Lookup(room); leads && c.AdHoc.Pattern == Default().AdHoc.Pattern && !slices.ContainsFunc(list, listed) {
		list = append(list, room)
	}
	return list
}

// dialled returns the aliases, or the name where there are none.
func (conf Conference) dialled() []string {
	if len(conf.Aliases) > 0 {
		return conf.Aliases
	}
	return []string{conf.Name}
}
