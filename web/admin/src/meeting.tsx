// The page of a conference that runs: its picture, who is in it, and what can be done about both.

import { useState } from 'preact/hooks'
import * as api from './api'
import { Graph } from './graph'
import { useLive } from './live'
import { MediaTable } from './media'
import { Badge, Confirm, Heading, Lost, note, QualityBadge, Since, useLoad, Waiting } from './parts'
import { choice, schemaOf } from './schema'
import { count, type Conference, type Participant, type Stream } from './status'

export function MeetingPage({ id, writes }: { id: string; writes: boolean }) {
  const live = useLive(`resources=conference,participant&conference=${id}`)
  const [name, setName] = useState('')
  const c = live.of<Conference>('conference').find((one) => one.id === id)
  if (c && c.name !== name) setName(c.name)
  const people = live.of<Participant>('participant').sort((a, b) => a.connect_time.localeCompare(b.connect_time))
  return (
    <>
      <nav aria-label="Way back"><a href="/live/">‹ Live</a></nav>
      <Heading text={c?.name ?? (name || 'Conference')} />
      <Lost live={live} />
      {!live.ready ? !live.lost && <Waiting again={() => {}} />
        : !c ? <p>This conference is over. <a href={`/history/${id}`}>See it in the history</a></p>
          : <Meeting conference={c} people={people} writes={writes} />}
    </>
  )
}

/** Has a command carried out, and tells what came of it. */
const tell = (done: string, name: string, fields: Record<string, string>) =>
  api.command(name, fields).then(() => note(done), (e: api.Refusal) => note(Object.values(e.fields).flat().join(' ') || e.message))

function Meeting({ conference: c, people, writes }: { conference: Conference; people: Participant[]; writes: boolean }) {
  const [asking, setAsking] = useState(false)
  return (
    <>
      <p class="facts">
        <span>{count(people.length, 'participant')}</span> <span>for <Since at={c.start_time} /></span> <span>on node {c.node}</span> {c.tag && <span>tag {c.tag}</span>}
        {c.is_locked && <Badge text="Locked" />}
        {c.guests_muted && <Badge text="Guests muted" />}
      </p>
      {writes && <Controls conference={c} onEnd={() => setAsking(true)} />}
      <div class="sight">
        <Picture conference={c} />
        <Graph conference={c} people={people} />
      </div>
      <section aria-labelledby="participants">
        <h2 id="participants">Participants</h2>
        <table class="people">
          <thead>
            <tr><th scope="col">Name</th><th scope="col">Quality</th><th scope="col">For</th><th scope="col">State</th>{writes && <th scope="col">Actions</th>}</tr>
          </thead>
          {people.map((p) => <Person key={p.id} participant={p} conference={c} writes={writes} />)}
        </table>
      </section>
      {asking && (
        <Confirm title={`Disconnect everybody from ${c.name}?`} text={`The calls of ${count(people.length, 'participant')} end.`} action="Disconnect all"
          onDo={() => api.command('conference/disconnect', { conference_id: c.id }).then(() => setAsking(false))} onClose={() => setAsking(false)} />
      )}
    </>
  )
}

function Controls({ conference: c, onEnd }: { conference: Conference; onEnd: () => void }) {
  const { value: schema } = useLoad(() => schemaOf('conference'), [])
  const act = (done: string, name: string, more: Record<string, string> = {}) => tell(done, `conference/${name}`, { conference_id: c.id, ...more })
  return (
    <div class="controls" role="group" aria-label="The conference">
      <button type="button" onClick={() => act(c.is_locked ? 'Unlocked: callers get in again.' : 'Locked: nobody more gets in.', c.is_locked ? 'unlock' : 'lock')}>{c.is_locked ? 'Unlock' : 'Lock'}</button>
      <button type="button" onClick={() => act(c.guests_muted ? 'Guests can be heard.' : 'Guests are muted.', c.guests_muted ? 'unmute_guests' : 'mute_guests')}>{c.guests_muted ? 'Unmute guests' : 'Mute guests'}</button>
      <label>
        <span>Layout</span>
        <select value={c.layout} onChange={(e) => act('The layout is changed.', 'transform_layout', { layout: e.currentTarget.value })}>
          {(schema?.fields.host_view.accepts ?? schema?.fields.host_view.valid_choices ?? [c.layout]).map((l) => <option key={l} value={l}>{choice(l)}</option>)}
        </select>
      </label>
      <button type="button" class="danger apart" onClick={onEnd}>Disconnect all</button>
    </div>
  )
}

/** What most of those in the conference see, about once a second. */
function Picture({ conference: c }: { conference: Conference }) {
  const [seen, setSeen] = useState(false)
  return (
    <figure class="picture">
      <img src={`/api/admin/status/v1/conference/${c.id}/picture/`} alt={`What most in ${c.name} see now`} class={seen ? '' : 'unseen'} onLoad={() => setSeen(true)} />
      {!seen && <p class="muted">The picture appears when one is composed, which needs somebody who sees it.</p>}
    </figure>
  )
}

function Person({ participant: p, conference: c, writes }: { participant: Participant; conference: Conference; writes: boolean }) {
  const [open, setOpen] = useState(false)
  const [asking, setAsking] = useState<'' | 'end' | 'move'>('')
  const act = (done: string, name: string, more: Record<string, string> = {}) => tell(done, `participant/${name}`, { participant_id: p.id, ...more })
  const other = p.role === 'chair' ? 'guest' : 'host'
  const details = `details-${p.id}`
  return (
    <tbody>
      <tr>
        <th scope="row">
          <button type="button" class="toggle" aria-expanded={open} aria-controls={details} onClick={() => setOpen(!open)}>{p.display_name}</button>
          <span class="muted small">{p.source_alias}</span>
        </th>
        <td data-label="Quality"><QualityBadge of={p.call_quality} /></td>
        <td data-label="For"><Since at={p.connect_time} /></td>
        <td data-label="State">
          <span class="badges">
            <Badge text={p.role === 'chair' ? 'Host' : 'Guest'} />
            {p.is_muted && <Badge text="Muted" as="warning" />}
            {p.is_on_hold && <Badge text="On hold" />}
          </span>
        </td>
        {writes && (
          <td data-label="Actions">
            <span class="acts" role="group" aria-label={p.display_name}>
              <button type="button" onClick={() => act(p.is_muted ? `${p.display_name} can be heard.` : `${p.display_name} is muted.`, p.is_muted ? 'unmute' : 'mute')}>{p.is_muted ? 'Unmute' : 'Mute'}</button>
              <button type="button" onClick={() => act(`${p.display_name} is a ${other}.`, 'role', { role: other === 'host' ? 'chair' : 'guest' })}>Make {other}</button>
              <button type="button" onClick={() => setAsking('move')}>Move …</button>
              <button type="button" class="danger" onClick={() => setAsking('end')}>Disconnect</button>
            </span>
            {asking === 'end' && (
              <Confirm title={`Disconnect ${p.display_name}?`} text={`The call of ${p.source_alias} ends.`} action="Disconnect"
                onDo={() => api.command('participant/disconnect', { participant_id: p.id }).then(() => setAsking(''))} onClose={() => setAsking('')} />
            )}
            {asking === 'move' && <Move participant={p} conference={c} onClose={() => setAsking('')} />}
          </td>
        )}
      </tr>
      <tr id={details} hidden={!open} class="details"><td colSpan={writes ? 5 : 4}>{open && <Details participant={p} />}</td></tr>
    </tbody>
  )
}

/** Asks for the room that a participant goes to. */
function Move({ participant: p, conference: c, onClose }: { participant: Participant; conference: Conference; onClose: () => void }) {
  const { value } = useLoad(() => api.list('conference', { limit: 5000, order_by: 'name' }), [])
  const [alias, setAlias] = useState('')
  const rooms = (value?.objects ?? []).flatMap((room) => {
    const first = (room.aliases as { alias: string }[])[0]
    return first && room.name !== c.name ? [{ name: String(room.name), alias: first.alias }] : []
  })
  const move = () => {
    const to = rooms.find((r) => r.alias === (alias || rooms[0]?.alias))
    if (!to) return Promise.reject(new api.Refusal(0, 'There is no other room with an alias.'))
    return api.command('participant/transfer', { participant_id: p.id, conference_alias: to.alias }).then(() => {
      note(`${p.display_name} is in ${to.name} now.`)
      onClose()
    })
  }
  if (!value) return null
  return (
    <Confirm title={`Move ${p.display_name} to another room`} text="The call goes on there." action="Move" plain onDo={move} onClose={onClose}>
      {rooms.length === 0 ? <p class="muted">There is no other room with an alias. Make one first.</p> : <label class="choose">
        <span>Room</span>
        <select value={alias || rooms[0]?.alias} onChange={(e) => setAlias(e.currentTarget.value)}>
          {rooms.map((r) => <option key={r.alias} value={r.alias}>{r.name} ({r.alias})</option>)}
        </select>
      </label>}
    </Confirm>
  )
}

/** What is known of a participant and of his media, live. */
function Details({ participant: p }: { participant: Participant }) {
  const live = useLive(`participant=${p.id}`)
  const streams = live.of<Stream>('media_stream')
  const facts: [string, string][] = [
    ['Dialled', p.destination_alias], ['Protocol', p.protocol], ['Endpoint', p.vendor], ['Address', `${p.remote_address}:${p.remote_port}`],
    ['Sends', `${p.rx_bandwidth} kbit/s`], ['Receives', `${p.tx_bandwidth} kbit/s`],
  ]
  return (
    <>
      <dl class="known">{facts.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text || '–'}</dd></div>)}</dl>
      {streams.length > 0 && <MediaTable name={p.display_name} streams={streams} />}
    </>
  )
}
