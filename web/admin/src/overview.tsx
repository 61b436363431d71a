// The live view: what runs in the deployment now.

import { useState } from 'preact/hooks'
import * as api from './api'
import { AlarmList } from './alarm'
import { Badge, Bar, Heading, Lost, Since, useLoad, Waiting } from './parts'
import { useLive } from './live'
import { choice } from './schema'
import { count, duration, isBad, moment, qualityName, type Alarm, type Conference, type Node, type Participant } from './status'

const resources = 'resources=conference,participant,worker_vm,system_location,alarm'

export function OverviewPage() {
  const live = useLive(resources)
  const [filter, setFilter] = useState('')
  if (!live.ready) {
    return (
      <>
        <Heading text="Live" />
        <Lost live={live} />
        {!live.lost && <Waiting again={() => {}} />}
      </>
    )
  }
  const conferences = live.of<Conference>('conference')
  const people = live.of<Participant>('participant')
  const nodes = live.of<Node>('worker_vm')
  const alarms = live.of<Alarm>('alarm')
  return (
    <>
      <Heading text="Live" />
      <Lost live={live} />
      <AlarmList alarms={alarms} />
      <Totals conferences={conferences} people={people} nodes={nodes} />
      <section aria-labelledby="conferences">
        <h2 id="conferences">Conferences</h2>
        {conferences.length > 0 && (
          <form role="search" class="search" onSubmit={(e) => e.preventDefault()}>
            <input type="search" aria-label="Search conferences and participants" placeholder="Search conferences and participants" value={filter}
              onInput={(e) => setFilter(e.currentTarget.value)} />
          </form>
        )}
        <Conferences all={conferences} people={people} nodes={nodes} filter={filter.trim().toLowerCase()} />
      </section>
      <section aria-labelledby="locations">
        <h2 id="locations">Locations and nodes</h2>
        <Locations places={live.of<{ name: string }>('system_location')} nodes={nodes} />
      </section>
    </>
  )
}

function Totals({ conferences, people, nodes }: { conferences: Conference[]; people: Participant[]; nodes: Node[] }) {
  const connected = nodes.filter((n) => n.is_connected)
  const room = connected.reduce((sum, n) => sum + n.max_hd_calls, 0)
  const bad = people.filter((p) => isBad(p.call_quality)).length
  const all: [string, string, string][] = [
    [String(people.length), people.length === 1 ? 'participant' : 'participants', bad > 0 ? `${bad} with bad quality` : ''],
    [String(conferences.length), conferences.length === 1 ? 'conference' : 'conferences', ''],
    [nodes.length === connected.length ? String(nodes.length) : `${connected.length} of ${nodes.length}`, nodes.length === 1 ? 'node connected' : 'nodes connected', ''],
    [room > 0 ? `${Math.round((people.length / room) * 100)} %` : '–', 'of the capacity in use', room > 0 ? `of about ${count(room, 'caller')} at 720p` : ''],
  ]
  return (
    <ul class="totals" aria-label="In all">
      {all.map(([n, what, more]) => (
        <li key={what}>
          <strong>{n}</strong> <span>{what}</span>
          {more && <span class="muted"> {more}</span>}
        </li>
      ))}
    </ul>
  )
}

function Conferences({ all, people, nodes, filter }: { all: Conference[]; people: Participant[]; nodes: Node[]; filter: string }) {
  const inside = new Map<string, Participant[]>()
  for (const p of people) inside.set(p.conference, [...(inside.get(p.conference) ?? []), p])
  const fits = (text: string) => text.toLowerCase().includes(filter)
  const found = all.filter((c) => [c.name, c.tag, c.node].some(fits) || inside.get(c.name)?.some((p) => [p.display_name, p.source_alias].some(fits)))
  if (all.length === 0) return <Nobody nodes={nodes} />
  if (found.length === 0) return <p class="muted">None of them has “{filter}” in it.</p>
  return (
    <table>
      <thead>
        <tr><th scope="col">Conference</th><th scope="col">Participants</th><th scope="col">For</th><th scope="col">State</th><th scope="col">Node</th></tr>
      </thead>
      <tbody>
        {found.sort((a, b) => a.name.localeCompare(b.name)).map((c) => {
          const members = inside.get(c.name) ?? []
          return (
            <tr key={c.id}>
              <th scope="row"><a href={`/live/${c.id}`}>{c.name}</a></th>
              <td data-label="Participants">
                {c.participant_count}
                {filter && !fits(c.name) && <span class="muted"> {members.filter((p) => fits(p.display_name) || fits(p.source_alias)).map((p) => p.display_name).join(', ')}</span>}
              </td>
              <td data-label="For"><Since at={c.start_time} /></td>
              <td data-label="State">
                <span class="badges">
                  {c.is_locked && <Badge text="Locked" />}
                  {c.guests_muted && <Badge text="Guests muted" />}
                  {members.some((p) => isBad(p.call_quality)) ? <Badge text="Bad quality" as="danger" /> : members.some((p) => qualityName(p.call_quality) !== 'unknown') && <Badge text="Good" as="on" />}
                </span>
              </td>
              <td data-label="Node">{c.node}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** What to do where nobody is in a conference. */
function Nobody({ nodes }: { nodes: Node[] }) {
  const { value } = useLoad(async () => {
    const [rooms, aliases] = await Promise.all([api.list('conference', { limit: 1 }), api.list('conference_alias', { limit: 1, order_by: 'alias' })])
    return { rooms: rooms.meta.total_count, alias: aliases.objects[0]?.alias as string | undefined }
  }, [])
  if (!value) return null
  if (nodes.length === 0) {
    return (
      <div class="empty">
        <p>There is no node yet that could take calls. Make one, and run the command that you are shown on its machine.</p>
        <a class="button primary" href="/worker_vm/new">New node</a>
      </div>
    )
  }
  if (value.rooms === 0) {
    return (
      <div class="empty">
        <p>There is no room yet. Make one with an alias, and callers can dial it a moment later.</p>
        <a class="button primary" href="/conference/new">New room</a>
      </div>
    )
  }
  return (
    <div class="empty">
      <p>Nobody is in a conference. {value.alias && <>Dial <code>sip:{value.alias.includes('@') ? value.alias : `${value.alias}@<address of a node>`}</code>, and you appear here.</>}</p>
    </div>
  )
}

function Locations({ places, nodes }: { places: { name: string }[]; nodes: Node[] }) {
  if (places.length === 0) {
    return (
      <div class="empty">
        <p>A location is a group of nodes, usually one site. Make one before the first node.</p>
        <a class="button primary" href="/system_location/new">New location</a>
      </div>
    )
  }
  return (
    <div class="places">
      {places.map(({ name }) => {
        const here = nodes.filter((n) => n.system_location === name)
        return (
          <section key={name} class="card" aria-label={`Location ${name}`}>
            <h3>{name}</h3>
            {here.length === 0 && <p class="muted">No node is here. <a href="/worker_vm/new">Make one</a></p>}
            <ul>{here.map((n) => <li key={n.id}><OneNode node={n} /></li>)}</ul>
          </section>
        )
      })}
    </div>
  )
}

const synced: Record<Node['sync_status'], string> = { INITIAL_SYNC: '', PENDING: 'Configuration on its way', SYNCED: '' }

function OneNode({ node: n }: { node: Node }) {
  const never = !n.is_connected && n.version === ''
  return (
    <>
      <p class="line">
        <a href={`/worker_vm/${n.id}`}>{n.name}</a>
        <span class="badges">
          {n.maintenance_mode && <Badge text="Maintenance" />}
          {n.quality !== '' && n.quality !== 'full' && n.is_connected && <Badge text={`Quality: ${choice(n.quality).toLowerCase()}`} as="danger" />}
          {synced[n.sync_status] && n.is_connected && <Badge text={synced[n.sync_status]} />}
          <Badge text={n.is_connected ? 'Connected' : never ? 'Not heard of' : 'Connection lost'} as={n.is_connected ? 'on' : 'danger'} />
        </span>
      </p>
      {n.is_connected && (
        <>
          <Bar name={`Load of ${n.name}`} percent={n.media_load} />
          <p class="muted small">
            {count(n.signaling_count, 'caller')}, room for about {Math.max(n.max_hd_calls - n.signaling_count, 0)} more at 720p · {n.cpu_count} × {n.cpu_model}, {Math.round(n.total_ram / 1024 / 1024)} GiB
            {n.boot_time && <> · up for {duration((Date.now() - moment(n.boot_time).getTime()) / 1000)}</>} · version {n.version}
          </p>
        </>
      )}
      {!n.is_connected && (
        <p class="muted small">
          {n.last_reported ? <>Last heard of <Since at={n.last_reported} /> ago. Calls on it go on.</> : 'Run the command that was shown when it was made on its machine.'}
        </p>
      )}
    </>
  )
}
