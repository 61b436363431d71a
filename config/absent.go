package config

import "strings"

// absent are the fields of the model API that the resources here do not have,
// because nothing acts on them: by resource, with the default behind "=" where it is
// not null, "", 0, false or []. Clients that send every field may send these with
// their default.
var absent = map[string]string{
	"conference": `automatic_participants direct_media_notification_duration media_playlist on_completion scheduled_conferences
		scheduled_conferences_count`,
	"conference_alias": `view_order`,
	"system_location": `bdpm_pin_checks_enabled="GLOBAL" bdpm_scan_quarantine_enabled="GLOBAL" client_stun_servers client_turn_servers dns_servers
		h323_gatekeeper http_proxy live_captions_dial_out_1 live_captions_dial_out_2 live_captions_dial_out_3 local_mssip_domain media_qos mssip_proxy
		mtu=1500 ntp_servers policy_server signalling_qos sip_proxy snmp_network_management_system stun_server syslog_servers teams_proxy turn_server
		use_relay_candidates_only`,
	"worker_vm": `alternative_fqdn cloud_bursting deployment_type="MANUAL" enable_distributed_database=true enable_ssh="GLOBAL" ipv6_address ipv6_gateway
		managed media_priority_weight password secondary_address secondary_netmask service_manager service_policy signalling snmp_authentication_password
		snmp_community="public" snmp_mode="DISABLED" snmp_privacy_password snmp_system_contact="admin@domain.com" snmp_system_location="Virtual machine"
		snmp_username ssh_authorized_keys ssh_authorized_keys_use_cloud=true static_nat_address static_routes tls_certificate tls_client_certificate
		transcoding=true vm_cpu_count=4 vm_system_memory=4096`,
	"event_sink": `events filter_events restart_date updated_at`,
	"global": `aws_access_key aws_secret_key azure_client_id azure_secret azure_subscription_id azure_tenant bdpm_max_pin_failures_per_window=20
		bdpm_max_scan_attempts_per_window=20 bdpm_pin_checks_enabled bdpm_scan_quarantine_enabled bursting_enabled bursting_min_lifetime=50
		bursting_threshold=5 cloud_provider="AWS" contact_email_address content_security_policy_header content_security_policy_state
		crypto_mode="besteffort" default_theme default_to_new_webapp default_webapp default_webapp_alias deployment_uuid disabled_codecs
		eject_last_participant_backstop_timeout enable_analytics enable_application_api enable_breakout_rooms enable_chat enable_clock enable_denoise
		enable_dialout enable_directory enable_edge_non_mesh=true enable_fecc enable_h323 enable_legacy_dialout_api enable_lync_auto_escalate
		enable_lync_vbss enable_mlvad enable_multiscreen enable_push_notifications enable_rtmp enable_sip=true enable_sip_udp=true enable_softmute
		enable_ssh enable_turn_443 enable_webrtc error_reporting_enabled error_reporting_url es_maximum_deferred_posts es_media_streams_wait
		es_metrics_update_interval es_short_term_memory_expiration external_participant_avatar_lookup gcp_client_email gcp_private_key gcp_project_id
		guests_only_timeout=60 legacy_api_http legacy_api_password legacy_api_username live_captions_api_gateway live_captions_app_id
		live_captions_enabled live_captions_public_jwt_key live_captions_vmr_default liveview_show_conferences=true local_mssip_domain logon_banner
		logs_max_age management_qos management_session_timeout=60 management_start_page max_callrate_in max_callrate_out
		max_presentation_bandwidth_ratio=75 media_ports_end=49999 media_ports_start=40000 min_pin_length ocsp_responder_url ocsp_state="OFF"
		pin_entry_timeout=120 pss_customer_id pss_enabled pss_gateway pss_token session_timeout_enabled=true signalling_ports_end=39999
		signalling_ports_start=33000 sip_tls_cert_verify_mode="OFF" site_banner site_banner_bg site_banner_fg teams_enable_powerpoint_render
		waiting_for_chair_timeout=900`,
}

// Absent returns the fields of the model API that a resource does not have, with
// their defaults as JSON; "" = one of the empty values.
func Absent(kind string) map[string]string {
	fields := map[string]string{}
	rest := strings.TrimSpace(absent[kind])
	for rest != "" {
		// A default may have blanks in it, between quotes.
		end, quoted := len(rest), false
		for i, r := range rest {
			if r == '"' {
				quoted = !quoted
			} else if !quoted && (r == ' ' || r == '\n' || r == '\t') {
				end = i
				break
			}
		}
		name, value, _ := strings.Cut(rest[:end], "=")
		fields[name] = value
		rest = strings.TrimSpace(rest[end:])
	}
	return fields
}
