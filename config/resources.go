package config

import (
	"cmp"
	"time"
)

// The structs of this file are what an administrator configures: one for each
// resource of the management API, with a field for each of its fields. Tags say
// what is needed to check, store and describe them:
//
//	json      name of the field
//	doc       what it means, for the API's schema and the admin pages
//	default   value when it is not given; none = required. "null" is null
//	choices   what it may be, separated by blanks
//	min, max  of a number; of a text, its length in characters
//	unique    no two objects have the same, whatever the letter case
//	ref       the field is the id of an object of that kind; "kind,owned": the
//	          object goes with it
//	later     why nothing but the default is accepted yet
//	secret    written, never read
//	readonly  set by Parley

// Conference is a virtual meeting room: what callers reach by its aliases.
type Conference struct {
	ID           int64     `json:"id" readonly:"yes" doc:"Number of the object."`
	CreationTime time.Time `json:"creation_time" readonly:"yes" doc:"When it was made."`

	Name               string  `json:"name" min:"1" max:"250" unique:"yes" doc:"Name of the service, shown to those who are in it."`
	Description        string  `json:"description" default:"" max:"250" doc:"A note for administrators."`
	ServiceType        string  `json:"service_type" default:"conference" choices:"conference lecture two_stage_dialing test_call media_playback" accepts:"conference" doc:"What it is: a meeting room (conference)."`
	Tag                string  `json:"tag" default:"" max:"250" doc:"Text that statuses and events carry along."`
	HostView           *string `json:"host_view" default:"null" doc:"Layout of the picture. null: that of the global settings."`
	OwnThumbnail       *string `json:"own_thumbnail" default:"null" choices:"hidden shown auto" doc:"Whether those on stage see themselves among the thumbnails. null: as the global settings say. (Parley only)"`
	ParticipantLimit   *int    `json:"participant_limit" default:"null" min:"0" max:"1000000" doc:"Most participants at a time. null: no limit."`
	MaxPixelsPerSecond *string `json:"max_pixels_per_second" default:"null" choices:"sd hd fullhd" doc:"Largest picture that a participant is sent. null: as the global settings say."`

	// What the model API has and nothing acts on yet.
	CallType                      string  `json:"call_type" default:"video" choices:"video video-only audio" accepts:"video" doc:"Kind of calls."`
	PIN                           string  `json:"pin" default:"" max:"20" secret:"yes" later:"there are no PINs yet: leave it empty" doc:"PIN of hosts."`
	GuestPIN                      string  `json:"guest_pin" default:"" max:"20" secret:"yes" later:"there are no PINs yet: leave it empty" doc:"PIN of guests."`
	AllowGuests                   bool    `json:"allow_guests" default:"false" later:"there are no guests yet: everybody is a host" doc:"Whether guests may join without a PIN."`
	GuestView                     *string `json:"guest_view" default:"null" later:"there are no guests yet: use host_view" doc:"Layout that guests see."`
	CryptoMode                    *string `json:"crypto_mode" default:"null" later:"media are not encrypted yet: use null" doc:"Encryption of media."`
	EnableOverlayText             bool    `json:"enable_overlay_text" default:"false" later:"names are always shown: use false" doc:"Names on all pictures."`
	EnableActiveSpeakerIndication bool    `json:"enable_active_speaker_indication" default:"false" later:"the speaker is not marked by text yet: use false" doc:"Name of the speaker."`
	EnableChat                    string  `json:"enable_chat" default:"default" choices:"default yes no" accepts:"default" doc:"Chat."`
	ForcePresenterIntoMain        bool    `json:"force_presenter_into_main" default:"false" later:"there is no presentation yet: use false" doc:"Presenter in the large picture."`
	GuestsCanPresent              bool    `json:"guests_can_present" default:"true" later:"there is no presentation yet: use true" doc:"Guests may present."`
	GuestsCanSeeGuests            string  `json:"guests_can_see_guests" default:"no_hosts" choices:"no_hosts always never" accepts:"no_hosts" doc:"Whether guests see each other."`
	MuteAllGuests                 bool    `json:"mute_all_guests" default:"false" later:"there are no guests yet: use false" doc:"Guests join muted."`
	MaxCallrateIn                 *int    `json:"max_callrate_in" default:"null" later:"the rates of a call are not limited by room yet: use null" doc:"Most that a participant sends, kbit/s."`
	MaxCallrateOut                *int    `json:"max_callrate_out" default:"null" later:"the rates of a call are not limited by room yet: use null" doc:"Most that a participant is sent, kbit/s."`
	DirectMedia                   string  `json:"direct_media" default:"never" choices:"never best_effort always" accepts:"never" doc:"Media from endpoint to endpoint."`
	DenoiseEnabled                bool    `json:"denoise_enabled" default:"false" later:"noise is not taken away yet: use false" doc:"Noise reduction."`
	SoftmuteEnabled               bool    `json:"softmute_enabled" default:"false" later:"there is no softmute yet: use false" doc:"Softmute."`
	LiveCaptionsEnabled           string  `json:"live_captions_enabled" default:"default" choices:"default yes no" accepts:"default" doc:"Live captions."`
	BreakoutRooms                 bool    `json:"breakout_rooms" default:"false" later:"there are no breakout rooms: use false" doc:"Breakout rooms."`
	PinningConfig                 string  `json:"pinning_config" default:"" max:"250" later:"nobody can be pinned yet: leave it empty" doc:"Who is pinned where."`
	PrimaryOwnerEmailAddress      string  `json:"primary_owner_email_address" default:"" max:"100" doc:"Whose room it is."`
	SyncTag                       string  `json:"sync_tag" default:"" max:"250" doc:"A note for programs that keep rooms up to date."`
	NonIDPParticipants            string  `json:"non_idp_participants" default:"disallow_all" choices:"disallow_all allow_if_trusted" accepts:"disallow_all" doc:"Participants without identity provider."`
	IVRTheme                      *string `json:"ivr_theme" default:"null" later:"there are no themes yet: use null" doc:"Theme."`
	HostIdentityProviderGroup     *string `json:"host_identity_provider_group" default:"null" later:"there are no identity providers: use null" doc:"Identity providers of hosts."`
	GuestIdentityProviderGroup    *string `json:"guest_identity_provider_group" default:"null" later:"there are no identity providers: use null" doc:"Identity providers of guests."`
	GMSAccessToken                *string `json:"gms_access_token" default:"null" later:"there is no Google Meet: use null" doc:"Google Meet access token."`
	MSSIPProxy                    *string `json:"mssip_proxy" default:"null" later:"there is no Skype for Business yet: use null" doc:"Skype for Business server."`
	TeamsProxy                    *string `json:"teams_proxy" default:"null" later:"there is no Microsoft Teams: use null" doc:"Teams connector."`
	SystemLocation                *string `json:"system_location" default:"null" later:"virtual receptions only, which are not there yet: use null" doc:"Location of a virtual reception."`
	TwoStageDialType              string  `json:"two_stage_dial_type" default:"regular" choices:"regular mssip gms teams" accepts:"regular" doc:"Kind of virtual reception."`
	MatchString                   string  `json:"match_string" default:"" later:"virtual receptions only, which are not there yet: leave it empty" doc:"Virtual reception: what may be entered."`
	ReplaceString                 string  `json:"replace_string" default:"" later:"virtual receptions only, which are not there yet: leave it empty" doc:"Virtual reception: what it becomes."`
	PostMatchString               string  `json:"post_match_string" default:"" later:"virtual receptions only, which are not there yet: leave it empty" doc:"Virtual reception: second match."`
	PostReplaceString             string  `json:"post_replace_string" default:"" later:"virtual receptions only, which are not there yet: leave it empty" doc:"Virtual reception: second replacement."`
}

// ConferenceAlias is what callers dial to reach a conference.
type ConferenceAlias struct {
	ID           int64     `json:"id" readonly:"yes" doc:"Number of the object."`
	CreationTime time.Time `json:"creation_time" readonly:"yes" doc:"When it was made."`

	Alias       string `json:"alias" min:"1" max:"250" unique:"yes" alias:"yes" doc:"weekly (at any address of a node) or weekly@example.com (only there)."`
	Conference  int64  `json:"conference" ref:"conference,owned" doc:"Where it leads."`
	Description string `json:"description" default:"" max:"250" doc:"A note for administrators."`
}

// SystemLocation is a named group of nodes, usually one site.
type SystemLocation struct {
	ID int64 `json:"id" readonly:"yes" doc:"Number of the object."`

	Name                string  `json:"name" min:"1" max:"250" unique:"yes" doc:"Name of the location."`
	Description         string  `json:"description" default:"" max:"250" doc:"A note for administrators."`
	TranscodingLocation *int64  `json:"transcoding_location" default:"null" ref:"system_location" later:"media stay on the node that takes the call until conferences span nodes: use null" doc:"Location that hosts the media of calls that arrive here."`
	OverflowLocation1   *int64  `json:"overflow_location1" default:"null" ref:"system_location" later:"media stay on the node that takes the call until conferences span nodes: use null" doc:"Location that takes media when this one is full."`
	OverflowLocation2   *int64  `json:"overflow_location2" default:"null" ref:"system_location" later:"media stay on the node that takes the call until conferences span nodes: use null" doc:"Location that takes media when both are full."`
	EventSinks          []int64 `json:"event_sinks" default:"[]" ref:"event_sink" doc:"Servers that are told what happens on the nodes of this location."`
}

// WorkerVM is a Conferencing Node.
type WorkerVM struct {
	ID int64 `json:"id" readonly:"yes" doc:"Number of the object."`

	Name                  string `json:"name" min:"1" max:"32" unique:"yes" hostname:"yes" doc:"Name of the node: letters, digits and hyphens."`
	Description           string `json:"description" default:"" max:"250" doc:"A note for administrators."`
	SystemLocation        int64  `json:"system_location" ref:"system_location" doc:"Where it stands."`
	Hostname              string `json:"hostname" default:"" max:"63" doc:"A note: name of its machine."`
	Domain                string `json:"domain" default:"" max:"192" doc:"A note: domain of its machine."`
	Address               string `json:"address" default:"" max:"39" doc:"A note: IP address of its machine."`
	Netmask               string `json:"netmask" default:"" max:"39" doc:"A note: network mask of its machine."`
	Gateway               string `json:"gateway" default:"" max:"39" doc:"A note: router of its machine."`
	NodeType              string `json:"node_type" default:"CONFERENCING" choices:"CONFERENCING PROXYING" accepts:"CONFERENCING" doc:"What it does: host conferences (CONFERENCING)."`
	MaintenanceMode       bool   `json:"maintenance_mode" default:"false" doc:"No new calls; those that there are go on."`
	Joined                bool   `json:"joined" readonly:"yes" doc:"Whether a machine has taken this place. (Parley only)"`
	JoinToken             string `json:"join_token" readonly:"yes" secret:"yes" doc:"SHA-256 of the token by which a machine takes this place, once. (Parley only)"`
	Serial                string `json:"certificate_serial" readonly:"yes" doc:"Serial number of its certificate. (Parley only)"`
	NextSerial            string `json:"next_certificate_serial" readonly:"yes" doc:"Serial number of the certificate that it was given last and has not shown yet. (Parley only)"`
	MaintenanceModeReason string `json:"maintenance_mode_reason" default:"" max:"250" doc:"Why."`
}

// At is what statuses, events and history call the node: its address, as in the model,
// where one is given, else its name.
func (w *WorkerVM) At() string { return cmp.Or(w.Address, w.Name) }

// EventSink is a server that is told what happens, by JSON POSTs.
type EventSink struct {
	ID int64 `json:"id" readonly:"yes" doc:"Number of the object."`

	Name        string `json:"name" min:"1" max:"250" unique:"yes" doc:"Name of the sink."`
	Description string `json:"description" default:"" max:"250" doc:"A note for administrators."`
	URL         string `json:"url" min:"1" max:"255" url:"yes" doc:"Where events are sent, http or https."`
	Username    string `json:"username" default:"" max:"100" doc:"For Basic authentication there."`
	Password    string `json:"password" default:"" max:"100" secret:"yes" doc:"For Basic authentication there."`
	BulkSupport bool   `json:"bulk_support" default:"false" doc:"Several events in one POST, as eventsink_bulk."`
	VerifyTLS   bool   `json:"verify_tls_certificate" default:"true" doc:"Whether the certificate of the server is checked."`
	Version     int    `json:"version" default:"2" min:"2" max:"2" doc:"Version of the event format."`
}

// Global is the settings of the whole deployment; there is one.
type Global struct {
	ID int64 `json:"id" readonly:"yes" doc:"Always 1."`

	MaxPixelsPerSecond    string `json:"max_pixels_per_second" default:"hd" choices:"sd hd fullhd" doc:"Largest picture that a participant is sent, where the room does not say."`
	HostView              string `json:"default_host_view" default:"one_main_seven_pips" doc:"Layout of rooms that do not say. (Parley only)"`
	OwnThumbnail          string `json:"own_thumbnail" default:"auto" choices:"hidden shown auto" doc:"Whether those on stage see themselves among the thumbnails: hidden, shown, or auto (hidden while the node has room). (Parley only)"`
	AdHocPattern          string `json:"adhoc_pattern" default:"meet(-[a-z0-9-]+)?" max:"250" pattern:"yes" doc:"Rooms that need no entry: the first caller opens one. Regular expression (RE2) that the whole dialled name before the @ must match. Empty: off. (Parley only)"`
	HistoryDays           int    `json:"history_days" default:"90" min:"1" max:"3650" doc:"How long history is kept, days. (Parley only)"`
	ESConnectionTimeout   int    `json:"es_connection_timeout" default:"7" min:"1" max:"60" doc:"How long an event sink may take, seconds."`
	ESInitialRetryBackoff int    `json:"es_initial_retry_backoff" default:"1" min:"1" max:"3600" doc:"Wait before an event is sent again, seconds. It doubles each time."`
	ESMaximumRetryBackoff int    `json:"es_maximum_retry_backoff" default:"1800" min:"1" max:"86400" doc:"Longest wait before an event is sent again, seconds."`
}
