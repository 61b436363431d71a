// The resources of the status that the pages show; see the descriptions in /api/admin/docs/.

export interface Conference {
  id: string
  name: string
  start_time: string
  is_locked: boolean
  guests_muted: boolean
  tag: string
  layout: string
  participant_count: number
  node: string
}

export type Quality = 'unknown' | 'good' | 'ok' | 'bad' | 'terrible'

/** Whether those in a call have reason to complain. */
export const isBad = (text: string) => ['bad', 'terrible'].includes(qualityName(text))

/** Returns the id at the end of a URI. */
export const idOf = (uri: string) => uri.split('/').at(-2) ?? ''

/** Returns the quality without the rank that the API has before it. */
export const qualityName = (text: string) => text.replace(/^\d_/, '') as Quality

export interface Participant {
  id: string
  conference: string
  display_name: string
  source_alias: string
  destination_alias: string
  protocol: string
  vendor: string
  role: 'chair' | 'guest'
  call_quality: string
  rx_bandwidth: number
  tx_bandwidth: number
  media_node: string
  system_location: string
  remote_address: string
  remote_port: number
  is_muted: boolean
  is_on_hold: boolean
  connect_time: string
}

export interface Stream {
  id: string
  type: 'audio' | 'video'
  rx_codec: string
  rx_bitrate: number
  rx_resolution: string
  rx_fps: number
  rx_packet_loss: number
  rx_packets_lost: number
  rx_jitter: number
  tx_codec: string
  tx_bitrate: number
  tx_resolution: string
  tx_fps: number
  tx_packet_loss: number
}

export interface Node {
  id: number
  name: string
  system_location: string
  version: string
  boot_time: string | null
  last_reported: string | null
  is_connected: boolean
  sync_status: 'INITIAL_SYNC' | 'PENDING' | 'SYNCED'
  maintenance_mode: boolean
  cpu_count: number
  cpu_model: string
  total_ram: number
  max_hd_calls: number
  media_load: number
  signaling_count: number
  quality: string
}

export interface Alarm {
  id: number
  name: string
  level: 'warning' | 'error' | 'critical'
  instance: string
  node: string
  details: string
  time_raised: string
}

export interface PastConference {
  id: string
  name: string
  tag: string
  start_time: string
  end_time: string
  duration: number // s
  participant_count: number
  node: string
}

export interface PastParticipant {
  id: string
  conference: string
  conference_name: string
  display_name: string
  remote_alias: string
  local_alias: string
  protocol: string
  vendor: string
  role: 'chair' | 'guest'
  call_quality: string
  bucketed_call_quality: number[]
  historic_call_quality: number[]
  disconnect_reason: string
  remote_address: string
  remote_port: number
  start_time: string
  end_time: string
  duration: number // s
}

export interface PastPage {
  meta: { offset: number; total_count: number }
  objects: PastConference[] | PastParticipant[]
}

/** Returns the moment that the API writes as UTC without saying so. */
export const moment = (text: string) => new Date(text + 'Z')

/** Returns a time as people read it: that of today without the day. */
export function when(at: Date): string {
  const today = at.toDateString() === new Date().toDateString()
  return at.toLocaleString(undefined, { dateStyle: today ? undefined : 'medium', timeStyle: 'short' })
}

/** Returns so many seconds as people read them. */
export function duration(seconds: number): string {
  const s = Math.max(Math.round(seconds), 0)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min`
  const hours = Math.floor(s / 3600)
  return hours < 48 ? `${hours} h ${Math.floor((s % 3600) / 60)} min` : `${Math.floor(hours / 24)} days`
}

/** Returns a number with the word for as many. */
export const count = (n: number, one: string, more = one + 's') => `${n} ${n === 1 ? one : more}`
