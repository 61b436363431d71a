package node

import (
	"parley/composer"
	"parley/config"
	"parley/engine"
)

// service returns the conference that an alias leads to. A layout that does
// not exist is the default: the configuration was checked when it was read.
func service(d *config.Directory, alias string) (engine.ConferenceConfig, bool) {
	room, ok := d.Lookup(alias)
	if !ok {
		return engine.ConferenceConfig{}, false
	}
	layout, ok := composer.Find(room.Layout)
	if !ok {
		layout, _ = composer.Find("")
	}
	return engine.ConferenceConfig{
		Name: room.Name, Layout: layout, OwnThumbnail: engine.OwnThumbnail(room.OwnThumbnail),
		MaxParticipants: room.MaxParticipants, MaxHeight: room.MaxQuality.Height(),
		Welcome: []string{"Welcome to " + room.Name, "You are the first here.", "The others will appear when they call in."},
	}, true
}
