package node

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"parley/composer"
	"parley/config"
	"parley/engine"
)

// services tells which conference an alias leads to. It is immutable.
type services struct {
	byAlias map[string]engine.ConferenceConfig // lower case
	adhoc   *regexp.Regexp                     // nil = off
	room    engine.ConferenceConfig            // what ad-hoc rooms are like, without a name
}

// heights are the luma rows that a quality allows.
var heights = map[config.Quality]int{config.SD: 448, config.HD: 720, config.FullHD: 1080}

func newServices(c config.Config) (*services, error) {
	s := &services{byAlias: map[string]engine.ConferenceConfig{}}
	for _, conf := range c.Conferences {
		ec, err := conferenceConfig(c, conf)
		if err != nil {
			return nil, err
		}
		aliases := conf.Aliases
		if len(aliases) == 0 {
			aliases = []string{conf.Name}
		}
		for _, a := range aliases {
			s.byAlias[strings.ToLower(a)] = ec
		}
	}
	if c.AdHoc.Pattern != "" {
		re, err := regexp.Compile("^(?:" + c.AdHoc.Pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("adhoc.pattern: %w", err)
		}
		a := c.AdHoc
		s.adhoc = re
		if s.room, err = conferenceConfig(c, config.Conference{
			Layout: a.Layout, MaxParticipants: a.MaxParticipants, OwnThumbnail: a.OwnThumbnail, MaxQuality: a.MaxQuality,
		}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// conferenceConfig fills what the conference leaves open from the node's defaults.
func conferenceConfig(c config.Config, conf config.Conference) (engine.ConferenceConfig, error) {
	name := conf.Layout
	if name == "" {
		name = c.Layout
	}
	layout, ok := composer.Find(name)
	if !ok {
		return engine.ConferenceConfig{}, fmt.Errorf("conference %q: there is no layout %q", conf.Name, name)
	}
	own := conf.OwnThumbnail
	if own == "" {
		own = c.OwnThumbnail
	}
	quality := conf.MaxQuality
	if quality == "" {
		quality = c.MaxQuality
	}
	return engine.ConferenceConfig{
		Name: conf.Name, Layout: layout, OwnThumbnail: engine.OwnThumbnail(own),
		MaxParticipants: conf.MaxParticipants, MaxHeight: heights[quality], Welcome: welcome(conf.Name),
	}, nil
}

// welcome is what somebody alone reads.
func welcome(name string) []string {
	return []string{"Welcome to " + name, "You are the first here.", "The others will appear when they call in."}
}

// aliases returns the configured aliases, sorted.
func (s *services) aliases() []string {
	return slices.Sorted(maps.Keys(s.byAlias))
}

// find returns the conference that an alias leads to: an exact alias first,
// then its user part, then an ad-hoc room.
func (s *services) find(alias string) (engine.ConferenceConfig, bool) {
	alias = strings.ToLower(alias)
	if c, ok := s.byAlias[alias]; ok {
		return c, true
	}
	user, _, _ := strings.Cut(alias, "@")
	if c, ok := s.byAlias[user]; ok {
		return c, true
	}
	if s.adhoc != nil && user != "" && s.adhoc.MatchString(user) {
		room := s.room
		room.Name, room.Welcome = user, welcome(user)
		return room, true
	}
	return engine.ConferenceConfig{}, false
}
