package node

import (
	"parley/composer"
	"parley/config"
	"parley/engine"
)

// heights are the luma rows that a quality allows.
var heights = map[config.Quality]int{config.SD: 448, config.HD: 720, config.FullHD: 1080}

// service returns the conference that an alias leads to. A layout that does
// not exist is the default: the configuration was checked when it was read.
func service(c *config.Config, alias string) (engine.ConferenceConfig, bool) {
	conf, ok := c.Lookup(alias)
	if !ok {
		return engine.ConferenceConfig{}, false
	}
	layout, ok := composer.Find(conf.Layout)
	if !ok {
		layout, _ = composer.Find("")
	}
	return engine.ConferenceConfig{
		Name: conf.Name, Layout: layout, OwnThumbnail: engine.OwnThumbnail(conf.OwnThumbnail),
		MaxParticipants: conf.MaxParticipants, MaxHeight: heights[conf.MaxQuality],
		Welcome: []string{"Welcome to " + conf.Name, "You are the first here.", "The others will appear when they call in."},
	}, true
}
