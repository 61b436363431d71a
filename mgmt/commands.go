package mgmt

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"parley/bus"
	"parley/mgmt/api"
)

// commandWithin is how long a node may take for a command.
const commandWithin = 5 * time.Second

// commands are those of the command API.
func (m *Management) commands() []api.Command {
	participant := func(action bus.Action, more ...string) api.Command {
		return api.Command{Name: string(action), Required: append([]string{"participant_id"}, more...), Do: func(_ context.Context, a api.Arguments) (map[string]any, error) {
			id := a["participant_id"]
			node, err := m.nodeOfParticipant(id)
			if err != nil {
				return nil, err
			}
			return map[string]any{"participant_id": id}, m.tellNode(node, bus.Command{Action: action, Participant: id, Role: a["role"], Alias: a["conference_alias"]})
		}}
	}
	conference := func(action bus.Action) api.Command {
		return api.Command{Name: string(action), Required: []string{"conference_id"}, Do: func(_ context.Context, a api.Arguments) (map[string]any, error) {
			id := a["conference_id"]
			node, err := m.nodeOfConference(id)
			if err != nil {
				return nil, err
			}
			layout := a["layout"]
			if layout == "" {
				layout = a["host_layout"]
			}
			return map[string]any{"conference_id": id}, m.tellNode(node, bus.Command{Action: action, Conference: id, Layout: layout})
		}}
	}
	transform := conference(bus.TransformLayout)
	transform.Optional = []string{"layout", "host_layout"}
	const indicator = "there are no indicators in the picture yet: use false"
	transform.Later = map[string]string{
		"guest_layout": "there are no guests yet: use layout", "enable_overlay_text": "names are always shown: use true",
		"free_form_overlay_text": "there is no text but names yet", "plus_n_pip_enabled": "how many more there are is always shown: use true",
		"recording_indicator": indicator, "streaming_indicator": indicator, "transcribing_indicator": indicator, "live_captions_indicator": indicator, "ai_enabled_indicator": indicator,
	}
	transform.Holds = map[string]string{"enable_overlay_text": "true", "plus_n_pip_enabled": "true"}
	transfer := participant(bus.Transfer, "conference_alias")
	transfer.Optional = []string{"role"}
	return []api.Command{
		participant(bus.DisconnectParticipant), participant(bus.MuteParticipant), participant(bus.UnmuteParticipant), participant(bus.SetRole, "role"), transfer,
		conference(bus.DisconnectConference), conference(bus.Lock), conference(bus.Unlock), conference(bus.MuteGuests), conference(bus.UnmuteGuests),
		transform,
	}
}

// nodeOfParticipant returns the node that a participant is on.
func (m *Management) nodeOfParticipant(id string) (int64, error) {
	for _, s := range m.fleet.all(time.Now()) {
		for _, c := range s.Conferences {
			for _, p := range c.Participants {
				if p.ID == id {
					return s.Node, nil
				}
			}
		}
	}
	return 0, &api.Refused{Status: http.StatusNotFound, Text: "participant_id: there is no participant " + id}
}

// nodeOfConference returns the node that a conference runs on.
func (m *Management) nodeOfConference(id string) (int64, error) {
	for _, s := range m.fleet.all(time.Now()) {
		for _, c := range s.Conferences {
			if c.ID == id {
				return s.Node, nil
			}
		}
	}
	return 0, &api.Refused{Status: http.StatusNotFound, Text: "conference_id: there is no conference " + id}
}

// pictureWithin is how long a node may take for a picture.
const pictureWithin = 3 * time.Second

// picture asks the node of a conference what it looks like.
func (m *Management) picture(ctx context.Context, id string) ([]byte, error) {
	node, err := m.nodeOfConference(id)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(bus.PictureRequest{Conference: id})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pictureWithin)
	defer cancel()
	answer, err := m.conn.RequestWithContext(ctx, bus.PictureSubject(node), text)
	if err != nil {
		return nil, nil // there is none now; the alarms tell of silent nodes
	}
	var p bus.Picture
	err = json.Unmarshal(answer.Data, &p)
	return p.JPEG, err
}

// tellNode has a node carry out a command.
func (m *Management) tellNode(node int64, c bus.Command) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandWithin)
	defer cancel()
	answer, err := m.conn.RequestWithContext(ctx, bus.CommandSubject(node), text)
	if err != nil {
		return &api.Refused{Status: http.StatusServiceUnavailable, Text: "node " + m.place(node).name + " did not answer: " + err.Error()}
	}
	var result bus.Result
	if err := json.Unmarshal(answer.Data, &result); err != nil {
		return errors.Join(errors.New("answer of a node"), err)
	}
	if result.Error != "" {
		return &api.Refused{Status: http.StatusBadRequest, Text: result.Error}
	}
	return nil
}
