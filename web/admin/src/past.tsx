// The page of a conference that is over: who was in it, when, and how their media were.

import { useState } from 'preact/hooks'
import * as api from './api'
import { MediaTable } from './media'
import { Heading, QualityBadge, useLoad, Waiting, When } from './parts'
import { count, duration, moment, when, type PastConference, type PastParticipant, type PastPage, type Quality, type Stream } from './status'

const root = '/api/admin/history/v1/'
const most = 500

export function PastPage({ id }: { id: string }) {
  const { value, error, again } = useLoad(async () => {
    const members = await api.request<PastPage>('GET', `${root}participant/?` + new URLSearchParams({ conference: id, order_by: 'start_time', limit: String(most) }))
    const conference = await api.request<PastConference>('GET', `${root}conference/${id}/`).catch((e: api.Refusal) => {
      if (e.status === 404) return undefined // it goes on, or its node has not told yet
      throw e
    })
    return { conference, members: members.objects as PastParticipant[], all: members.meta.total_count }
  }, [id])
  const c = value?.conference
  return (
    <>
      <nav aria-label="Way back"><a href="/history/">‹ History</a></nav>
      <Heading text={c?.name ?? value?.members[0]?.conference_name ?? 'Conference'} />
      {!value ? <Waiting error={error} again={again} /> : (
        <>
          {c ? (
            <p class="facts">
              <span><When at={c.start_time} /></span> <span>{duration(c.duration)}</span> <span>{count(c.participant_count, 'participant')}</span> <span>on node {c.node}</span> {c.tag && <span>tag {c.tag}</span>}
            </p>
          ) : (
            <div class="empty">
              <p>It is not over, or its node has not told yet{value.members.length > 0 && ': these have left so far'}.</p>
              <a class="button" href={`/live/${id}`}>See it live</a> <button type="button" onClick={again}>Look again</button>
            </div>
          )}
          {value.members.length > 0 && <Timeline members={value.members} />}
          {value.all > most && <p class="muted">The first {most} of {value.all} are shown. <a href={`${root}participant/?${new URLSearchParams({ conference: id, format: 'csv' })}`} download>All of them as CSV</a></p>}
        </>
      )}
    </>
  )
}

/** Who was there when: a row with a bar for each. */
function Timeline({ members }: { members: PastParticipant[] }) {
  const from = Math.min(...members.map((p) => moment(p.start_time).getTime()))
  const to = Math.max(...members.map((p) => moment(p.end_time).getTime()), from + 1000)
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Who was in it</h2>
      <table class="people timeline">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col"><span class="ends"><When at={new Date(from).toISOString().slice(0, -1)} /> <When at={new Date(to).toISOString().slice(0, -1)} /></span></th>
            <th scope="col">Stayed</th><th scope="col">Quality</th><th scope="col">Left because</th>
          </tr>
        </thead>
        {members.map((p) => <Member key={p.id} member={p} from={from} to={to} />)}
      </table>
    </section>
  )
}

function Member({ member: p, from, to }: { member: PastParticipant; from: number; to: number }) {
  const [open, setOpen] = useState(false)
  const begin = moment(p.start_time).getTime()
  const share = (ms: number) => `${(ms / (to - from)) * 100}%`
  const details = `details-${p.id}`
  return (
    <tbody>
      <tr>
        <th scope="row">
          <button type="button" class="toggle" aria-expanded={open} aria-controls={details} onClick={() => setOpen(!open)}>{p.display_name}</button>
          <span class="muted small">{p.remote_alias}</span>
        </th>
        <td class="time">
          <span class="unseen">{when(moment(p.start_time))} to {when(moment(p.end_time))}</span>
          <div class="track" title={`${moment(p.start_time).toLocaleString()} to ${moment(p.end_time).toLocaleString()}`}>
            <div class="stay" style={{ left: share(begin - from), width: share(moment(p.end_time).getTime() - begin) }}>
              {stretches(p).map(([seconds, quality], i) => <div key={i} class={quality} style={{ flexGrow: seconds }} />)}
            </div>
          </div>
        </td>
        <td data-label="Stayed">{duration(p.duration)}</td>
        <td data-label="Quality"><QualityBadge of={p.call_quality} /></td>
        <td data-label="Left because">{p.disconnect_reason}</td>
      </tr>
      <tr id={details} hidden={!open} class="details"><td colSpan={5}>{open && <Details member={p} />}</td></tr>
    </tbody>
  )
}

const windowLength = 20 // s
const ranks: Quality[] = ['unknown', 'good', 'ok', 'bad', 'terrible']

/** Returns the stretches of a call with the same quality: how many seconds, and which. */
function stretches(p: PastParticipant): [number, Quality][] {
  const list: [number, Quality][] = []
  const add = (seconds: number, quality: Quality) => {
    const last = list.at(-1)
    if (last?.[1] === quality) last[0] += seconds
    else list.push([seconds, quality])
  }
  for (const rank of p.historic_call_quality) add(windowLength, ranks[rank])
  const rest = p.duration - p.historic_call_quality.length * windowLength
  if (rest > 0 || list.length === 0) add(Math.max(rest, 1), list.at(-1)?.[1] ?? 'unknown')
  return list
}

function Details({ member: p }: { member: PastParticipant }) {
  const { value, error, again } = useLoad(() => api.request<{ objects: (Stream & { stream_type: Stream['type'] })[] }>('GET', `${root}participant/${p.id}/media_stream/`), [p.id])
  const windows = p.bucketed_call_quality
  const names = ['not known', 'good', 'OK', 'bad', 'terrible']
  const facts: [string, string][] = [
    ['Dialled', p.local_alias], ['Protocol', p.protocol], ['Endpoint', p.vendor], ['Address', `${p.remote_address}:${p.remote_port}`],
    ['Role', p.role === 'chair' ? 'Host' : 'Guest'], ['Quality in windows of 20 s', windows.flatMap((n, i) => (n > 0 ? [`${n} ${names[i]}`] : [])).join(', ')],
  ]
  return (
    <>
      <dl class="known">{facts.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text || '–'}</dd></div>)}</dl>
      {value ? value.objects.length > 0 && <MediaTable name={p.display_name} streams={value.objects.map((s) => ({ ...s, type: s.stream_type }))} /> : <Waiting error={error} again={again} />}
    </>
  )
}
