// The history: who was in which conference, found by time and by name, and how busy the deployment was.

import { useEffect, useState } from 'preact/hooks'
import * as api from './api'
import { Chart, type Point } from './chart'
import { Heading, pageSize, Paging, QualityBadge, useLoad, Waiting, When } from './parts'
import { go, useLocation } from './router'
import { duration, idOf, type PastConference, type PastParticipant, type PastPage } from './status'

const root = '/api/admin/history/v1/'

const spans: [string, string, number][] = [['day', 'A day', 24], ['week', 'A week', 7 * 24], ['month', '30 days', 30 * 24], ['year', 'A year', 365 * 24]]

/** What is shown: it stands in the address, so that the way back leads to the same. */
interface Query {
  of: 'conference' | 'participant'
  span: string // of spans; '' = from and to say
  from: string // as the inputs of dates have it, local time
  to: string
  search: string
  offset: number
}

function readQuery(at: URLSearchParams): Query {
  const from = at.get('from') ?? ''
  return {
    of: at.get('of') === 'participant' ? 'participant' : 'conference',
    span: from ? '' : spans.find(([name]) => name === at.get('span'))?.[0] ?? 'day',
    from, to: at.get('to') ?? '', search: at.get('search') ?? '', offset: Number(at.get('offset')) || 0,
  }
}

/** Returns the span of time that is shown, to the minute, so that it does not change with every look. */
function spanOf(q: Query): [Date, Date] {
  const now = new Date(Math.ceil(Date.now() / 60000) * 60000)
  if (q.span === '') return [new Date(q.from), q.to ? new Date(q.to) : now]
  return [new Date(now.getTime() - spans.find(([name]) => name === q.span)![2] * 3600000), now]
}

/** Returns the part of a query that says which rows: those of conferences and calls that went on in that time. */
function filtersOf(q: Query, [from, to]: [Date, Date]): Record<string, string> {
  const filters: Record<string, string> = { end_time__gte: from.toISOString(), start_time__lt: to.toISOString() }
  if (q.search) filters[q.of === 'conference' ? 'name__icontains' : 'display_name__icontains'] = q.search
  return filters
}

export function HistoryPage() {
  const q = readQuery(useLocation().searchParams)
  const show = (next: Partial<Query>) => {
    const all = Object.entries({ ...q, offset: 0, ...next }).filter(([, v]) => v)
    go('/history/?' + new URLSearchParams(all.map(([k, v]) => [k, String(v)])), 'replace')
  }
  const span = spanOf(q)
  const wrong = isNaN(span[0].getTime()) || isNaN(span[1].getTime()) || span[0] >= span[1]
  const filters = wrong ? {} : filtersOf(q, span)
  const csv = `${root}${q.of}/?` + new URLSearchParams({ ...filters, format: 'csv' })
  return (
    <>
      <Heading text="History">{!wrong && <a class="button" href={csv} download>Export as CSV</a>}</Heading>
      <Span q={q} show={show} />
      {wrong ? <p class="alert" role="alert">The end must be after the beginning.</p> : (
        <>
          <Busy key={span.join()} from={span[0]} to={span[1]} />
          <Results key={q.of} q={q} filters={filters} show={show} />
        </>
      )}
    </>
  )
}

type Show = (next: Partial<Query>) => void

function Span({ q, show }: { q: Query; show: Show }) {
  const local = (d: Date) => new Date(d.getTime() - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16)
  const [from, to] = spanOf(q)
  const set = (next: { from?: string; to?: string }) => show({ span: '', from: q.from || local(from), to: q.to || local(to), ...next })
  return (
    <div class="span" role="group" aria-label="Time">
      {spans.map(([name, text]) => (
        <button type="button" key={name} aria-pressed={q.span === name} onClick={() => show({ span: name, from: '', to: '' })}>{text}</button>
      ))}
      <label><span>From</span><input type="datetime-local" value={q.from || local(from)} onChange={(e) => set({ from: e.currentTarget.value })} /></label>
      <label><span>to</span><input type="datetime-local" value={q.to || local(to)} onChange={(e) => set({ to: e.currentTarget.value })} /></label>
    </div>
  )
}

/** How many were in conferences at the same time. */
function Busy({ from, to }: { from: Date; to: Date }) {
  const query = new URLSearchParams({ start_time: from.toISOString(), end_time: to.toISOString() })
  const { value, error, again } = useLoad(() => api.request<{ objects: Point[] }>('GET', `${root}load/?${query}`), [String(query)])
  if (!value) return <Waiting error={error} again={again} />
  return <Chart points={value.objects} from={from} to={to} />
}

function Results({ q, filters, show }: { q: Query; filters: Record<string, string>; show: Show }) {
  const order = q.of === 'conference' ? '-end_time' : '-start_time'
  const query = new URLSearchParams({ ...filters, order_by: order, limit: String(pageSize), offset: String(q.offset) })
  const { value, error, again } = useLoad(() => api.request<PastPage>('GET', `${root}${q.of}/?${query}`), [q.of, String(query)])
  const [typed, setTyped] = useState(q.search)
  useEffect(() => {
    if (typed.trim() === q.search) return
    const timer = setTimeout(() => show({ search: typed.trim() }), 300)
    return () => clearTimeout(timer)
  }) // each time, for what else is shown may have been changed meanwhile
  const what = q.of === 'conference' ? 'conferences' : 'participants'
  return (
    <section aria-label={what}>
      <div class="tabs">
        <div role="group" aria-label="What is listed">
          <button type="button" aria-pressed={q.of === 'conference'} onClick={() => show({ of: 'conference' })}>Conferences</button>
          <button type="button" aria-pressed={q.of === 'participant'} onClick={() => show({ of: 'participant' })}>Participants</button>
        </div>
        <form role="search" class="search" onSubmit={(e) => e.preventDefault()}>
          <input type="search" aria-label={`Search ${what}`} placeholder={q.of === 'conference' ? 'Search by room' : 'Search by name'} value={typed} onInput={(e) => setTyped(e.currentTarget.value)} />
        </form>
      </div>
      {!value ? <Waiting error={error} again={again} />
        : value.meta.total_count === 0 ? (
          <div class="empty">
            <p>{q.search ? `None of the ${what} in this time has “${q.search}” in its name.` : `No ${what} ended in this time. They are here from when they are over.`}</p>
          </div>
        ) : q.of === 'conference' ? <Conferences rows={value.objects as PastConference[]} /> : <Participants rows={value.objects as PastParticipant[]} />}
      {value && <Paging {...value.meta} shown={value.objects.length} onOffset={(offset) => show({ offset })} />}
      <p class="unseen" role="status">{value && `${value.meta.total_count} found`}</p>
    </section>
  )
}

function Conferences({ rows }: { rows: PastConference[] }) {
  return (
    <table>
      <thead><tr><th scope="col">Room</th><th scope="col">Began</th><th scope="col">Lasted</th><th scope="col">Participants</th><th scope="col">Node</th></tr></thead>
      <tbody>
        {rows.map((c) => (
          <tr key={c.id}>
            <th scope="row"><a href={`/history/${c.id}`}>{c.name}</a></th>
            <td data-label="Began"><When at={c.start_time} /></td>
            <td data-label="Lasted">{duration(c.duration)}</td>
            <td data-label="Participants">{c.participant_count}</td>
            <td data-label="Node">{c.node}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Participants({ rows }: { rows: PastParticipant[] }) {
  return (
    <table>
      <thead><tr><th scope="col">Name</th><th scope="col">Room</th><th scope="col">Came</th><th scope="col">Stayed</th><th scope="col">Quality</th><th scope="col">Left because</th></tr></thead>
      <tbody>
        {rows.map((p) => (
          <tr key={p.id}>
            <th scope="row">{p.display_name}<span class="muted small below">{p.remote_alias}</span></th>
            <td data-label="Room"><a href={`/history/${idOf(p.conference)}`}>{p.conference_name}</a></td>
            <td data-label="Came"><When at={p.start_time} /></td>
            <td data-label="Stayed">{duration(p.duration)}</td>
            <td data-label="Quality"><QualityBadge of={p.call_quality} /></td>
            <td data-label="Left because">{p.disconnect_reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
